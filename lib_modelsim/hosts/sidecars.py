"""Files beside a checkpoint: its preview picture, and notes by people and download tools."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Set
from functools import lru_cache
from pathlib import Path

from ..reading import require_file

PREVIEWS = tuple(f"{middle}.{kind}" for kind in ("png", "jpg", "jpeg", "webp", "gif") for middle in ("", ".preview"))
"""Endings of preview pictures, as the WebUIs look for them (ui_extra_networks.find_preview); they name no order."""

LONGEST = 4000
"""Characters of notes that are shown of one checkpoint."""

LARGEST = 4 << 20
"""Bytes of a file of notes that is read: download tools store whole pages of pictures' prompts in theirs."""


class Sidecars:
    """Looks for files beside checkpoints; each folder is listed once."""

    def __init__(self) -> None:
        self._names = lru_cache(maxsize=None)(_names)

    def preview(self, checkpoint: Path) -> Path | None:
        """The checkpoint's picture."""
        return next(self._beside(checkpoint, PREVIEWS), None)

    def notes(self, checkpoint: Path) -> str:
        """All that is written about it, at most `LONGEST` characters; a file that cannot be read is named."""
        found = [
            line
            for ending, read in _READERS.items()
            for path in self._beside(checkpoint, [ending])
            for line in read(path)
        ]
        text = "\n".join(line for line in map(str.strip, found) if line)
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    def _beside(self, checkpoint: Path, endings: Iterable[str]) -> Iterator[Path]:
        stem, names = os.path.splitext(checkpoint.name)[0], self._names(checkpoint.parent)  # noqa: PTH122 - as the host
        return (checkpoint.parent / (stem + ending) for ending in endings if stem + ending in names)


def _names(folder: Path) -> Set[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names are all that is needed
    except OSError:  # the folder went away with its checkpoints, which will be reported as missing
        return frozenset()


def _read(path: Path) -> str:
    """The text of a file. Raises ValueError, with words for a person, where that is not possible."""
    try:
        with open(require_file(path), "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror or error})") from error
    if len(content) > LARGEST:
        raise ValueError(f"{path.name} is too large to read")
    return content.decode("utf-8", "replace")


def _text(path: Path) -> list[str]:
    try:
        return [_read(path)]
    except ValueError as error:
        return [str(error)]


def _json(path: Path) -> object:
    try:
        return json.loads(_read(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid JSON") from error


def _user_metadata(path: Path) -> list[str]:
    """What the WebUI's own editor stores."""
    try:
        document = _json(path)
    except ValueError as error:
        return [str(error)]
    return [_words(document, "description"), _words(document, "notes")]


def _civitai(path: Path) -> list[str]:
    """What tools that download from Civitai store of a version of a model."""
    try:
        document = _json(path)
    except ValueError as error:
        return [str(error)]
    name = " ".join(filter(None, [_words(document, "model", "name"), _words(document, "name")]))
    base, trained = _words(document, "baseModel"), _words(document, "trainedWords")
    return [name, base and f"Base model: {base}", trained and f"Trained words: {trained}"]


def _words(document: object, *keys: str) -> str:
    """The text at this place of a document; a list's texts with commas; nothing where there is something else."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    if isinstance(document, list):
        return ", ".join(word for word in document if isinstance(word, str))
    return document if isinstance(document, str) else ""


_READERS: dict[str, Callable[[Path], list[str]]] = {
    ".txt": _text,
    ".description.txt": _text,
    ".json": _user_metadata,
    ".civitai.info": _civitai,
}
