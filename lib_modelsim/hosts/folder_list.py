"""The folders that the page looks in without a WebUI: those of its start, those that a person added, the demonstration.

What a person adds is kept in one small file. A folder that is not there is kept, too: its drive may come back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..saying import logger_of
from ..writing import write_text

_log = logger_of(__name__)


@dataclass(frozen=True)
class _Kept:
    """What the file holds: folders in the order in which they came, and whether the demonstration is shown beside."""

    added: tuple[Path, ...] = ()
    demonstration: bool = False


class FolderList:
    """`given` are named at the start and stay. The demonstration is shown where there is no other folder, or where a
    person asks for it; `write` writes it on first use, and does nothing later."""

    def __init__(self, given: Sequence[Path], file: Path, demonstration: Path, write: Callable[[], None]) -> None:
        """Raises ModelsimError where the demonstration is to be shown and cannot be written."""
        self.given, self._file, self.demonstration, self._write = tuple(given), file, demonstration, write
        self._kept = _read(file)
        if self.shows_demonstration:
            write()

    @property
    def added(self) -> tuple[Path, ...]:
        """The folders that a person added."""
        return self._kept.added

    @property
    def own(self) -> tuple[Path, ...]:
        """All but the demonstration."""
        return tuple(dict.fromkeys([*self.given, *self.added]))

    @property
    def shows_demonstration(self) -> bool:
        return self._shows_demonstration(self._kept)

    @property
    def paths(self) -> list[Path]:
        """Where checkpoints are looked for, also those that are not there now."""
        return [*self.own, *([self.demonstration] if self.shows_demonstration else [])]

    def add(self, folder: Path) -> None:
        """From now on with this folder. A demonstration that was alone leaves. Raises ModelsimError where that cannot
        be kept; then nothing has changed."""
        beside = self._kept.demonstration and bool(self.own)
        self._keep(_Kept((*self.added, folder), beside))

    def remove(self, folder: Path) -> None:
        """From now on without this folder, or without the demonstration. Raises as `add`."""
        others = tuple(each for each in self.added if each != folder)
        self._keep(_Kept(others, self._kept.demonstration and folder != self.demonstration))

    def show_demonstration(self) -> None:
        """Show the demonstration beside the other folders. Raises as `add`."""
        self._keep(_Kept(self.added, True))

    def _shows_demonstration(self, kept: _Kept) -> bool:
        return kept.demonstration or not (self.given or kept.added)

    def _keep(self, kept: _Kept) -> None:
        if self._shows_demonstration(kept):
            self._write()
        held = {"folders": [str(folder) for folder in kept.added], "demonstration": kept.demonstration}
        write_text(self._file, json.dumps(held, indent=1))
        self._kept = kept


def only_demonstration(folders: FolderList | None) -> bool:
    """Whether a host with these folders shows the demonstration and nothing else."""
    return folders is not None and folders.shows_demonstration and not folders.own


def _read(file: Path) -> _Kept:
    """What is kept in a file; nothing where there is none that can be used."""
    try:
        held = json.loads(file.read_text("utf-8"))
        folders = [Path(folder) for folder in held["folders"]]
        return _Kept(tuple(dict.fromkeys(folders)), held.get("demonstration") is True)
    except FileNotFoundError:
        return _Kept()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        _log.warning("the folders kept in %s cannot be used (%s); add them again", file, error)
        return _Kept()
