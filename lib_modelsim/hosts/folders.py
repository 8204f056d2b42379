"""No host at all: checkpoints in folders, as the standalone page and the command line have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..engines.registry import DIFFUSERS, WEBUI, EngineKind
from ..errors import ModelsimError
from ..job import Job
from .folder_list import FolderList, only_demonstration
from .host import DEMONSTRATION_GALLERY, GALLERY, Listed, Loaded, Output, Settings

if TYPE_CHECKING:
    from ..pictures.encoders.encoder import Encoder
    from ..pictures.interrogator import Interrogator
    from ..probes.engine import Engine, EngineCheckpoint

_ALONE = "modelsim is running without a WebUI"


class Folders:
    """The checkpoints under some folders and files; it can load none, and nobody else wants its queue."""

    name = "standalone"
    is_webui = False
    cannot: Mapping[str, str] = {"load": _ALONE, "loaded": _ALONE}

    def __init__(
        self,
        paths: Sequence[Path] | FolderList,
        data: Path,
        settings: Settings,
        engine: EngineKind = DIFFUSERS,
        address: str | None = None,
    ) -> None:
        """`paths` of a FolderList change as a person adds folders. `engine` is what generates; `address` where its
        program answers, if it needs one."""
        self.folders = paths if isinstance(paths, FolderList) else None
        self._paths = [] if isinstance(paths, FolderList) else list(paths)
        self.data, self._settings = data, settings
        self._first = self._engine, self._address = engine, address

    @property
    def draws_with_files(self) -> bool:
        return self._engine.takes_files

    def settings(self) -> Settings:
        return self._settings

    @property
    def gallery(self) -> str:
        return DEMONSTRATION_GALLERY if only_demonstration(self.folders) else GALLERY

    def paths(self) -> list[Path]:
        return self._paths if self.folders is None else self.folders.paths

    def listed(self) -> list[Listed]:
        return []

    def refresh(self) -> None:
        """Folders are read anew each time."""

    def loaded_path(self) -> None:
        return None

    def loaded(self) -> Loaded:
        raise ModelsimError("there is no model in memory", None, _ALONE)

    def load(self, path: Path, job: Job = Job()) -> None:  # noqa: ARG002, B008
        raise ModelsimError("cannot load", path.name, _ALONE)

    def menu(self) -> None:
        return None

    def at_work(  # there is no bar to show it
        self,
        what: str,  # noqa: ARG002
        job: Job,
        away: Callable[[], AbstractContextManager[object]] = nullcontext,  # noqa: ARG002 - nobody else has a turn
    ) -> AbstractContextManager[Job]:
        return nullcontext(job)

    def engine(self, checkpoints: Sequence[EngineCheckpoint]) -> Engine:
        return self._engine.make(checkpoints, self._settings.device, self._address)

    def generate_with(self, address: str) -> str:
        from ..engines.http_api import Api

        shown = Api(address).url if address else ""
        self._engine, self._address = (WEBUI, address) if address else self._first
        return shown

    def interrogators(self) -> list[Interrogator]:
        return []

    def encoders(self) -> list[Encoder]:
        return []

    def outputs(self) -> list[Output]:
        return []

    def picture_url(self, path: Path) -> str:
        """Under which the page's own server has the data folder."""
        return "/data/" + quote(path.relative_to(self.data).as_posix())
