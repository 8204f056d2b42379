"""What a host must do: say which checkpoints there are, load one, lend its queue and its progress bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..job import Job
from ..similarity.measures.registry import DEFAULT

if TYPE_CHECKING:
    import torch

    from ..pictures.encoders.encoder import Encoder
    from ..pictures.interrogator import Interrogator
    from ..probes.engine import Engine, EngineCheckpoint
    from .folder_list import FolderList


@dataclass(frozen=True)
class Listed:
    """A checkpoint as the host lists it: `title` is what its menus and its X/Y/Z plot call it, `sha256` is None where
    the host has not hashed it."""

    path: Path
    title: str
    sha256: str | None = None


GALLERY, DEMONSTRATION_GALLERY = "gallery", "demonstration-gallery"
"""Names of folders. The demonstration has its own: its models must not compete with a person's for a picture."""

THUMBNAILS = "thumbnails"
"""The folder with small copies of pictures, in the data folder."""


@dataclass(frozen=True)
class Settings:
    """What a person sets once; `memory` in bytes or None for as much as is free, `references` a text file."""

    measure: str = DEFAULT
    references: Path | None = None
    output: Path | None = None
    device: str = "auto"
    memory: int | None = None
    index_new: bool = False
    keep_encoder: bool = False


@dataclass(frozen=True)
class Output:
    """A folder into which the host saves the pictures that people make; `name` is what people call it: "txt2img"."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Loaded:
    """The model in the host's memory: key → tensor, not to be changed."""

    title: str
    tensors: Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Menu:
    """The host's own menu of checkpoints on the page: gradio's component, its choices, and which of them holds now."""

    dropdown: Any
    choices: tuple[str, ...]
    value: str | None


class Host(Protocol):
    """The program around us. Every method may be called from any thread."""

    name: str
    """What people call it: "AUTOMATIC1111", "Forge" …"""

    data: Path
    """Folder of our own, made on first use."""

    cannot: Mapping[str, str]
    """What it cannot do → why, in a sentence for the page; the keys are "load", "loaded", "folders": a visitor may name
    no folder of the disk, and "files": nor copy, move or write files outside of our own folder."""

    gallery: str
    """The name of the folder with pictures, in the folder for output or in the data folder."""

    folders: FolderList | None
    """Where a person can add folders of checkpoints; None where the host has its own way."""

    def settings(self) -> Settings:
        """As they are now."""

    def paths(self) -> list[Path]:
        """Files and folders that hold the checkpoints, in the host's order."""

    def listed(self) -> list[Listed]:
        """What the host knows of them without reading a file; it may know nothing."""

    def refresh(self) -> None:
        """Look for new and removed files, as the host's own button does."""

    def loaded_path(self) -> Path | None:
        """The file of the checkpoint that the host has loaded or will load next, where it has one."""

    def loaded(self) -> Loaded:
        """The model in memory, to be read within `at_work`: these are the host's own tensors, which the next picture or
        checkpoint changes. Raises ModelsimError where there is none or it cannot be read."""

    def load(self, path: Path, job: Job = ...) -> None:
        """Make a listed checkpoint the host's current one, in its turn (see `at_work`). Raises ModelsimError where it
        fails, with the old one in its place."""

    def menu(self) -> Menu | None:
        """The host's own menu of checkpoints, which is to be told of what `load` has done; None where it has none."""

    def at_work(
        self, what: str, job: Job, away: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> AbstractContextManager[Job]:
        """Wait for the host's queue, show `what` and the job's progress in its bar, and stop on its Interrupt, too.

        The job state is afterwards what it was. Raises Cancelled where the job is stopped while it waits. Within it,
        the same thread may ask for it again and is at work already.

        Between two items others of the queue go first: where the job yielded is checked. What we have changed of the
        host for so long is put back meanwhile by `away`, which is entered before their turn and left after it.
        """

    is_webui: bool
    """Whether the tab is one of a WebUI's, whose other tabs take pictures and settings."""

    draws_with_files: bool
    """Whether the engine generates with files that we find, instead of a program's own list."""

    def engine(self, checkpoints: Sequence[EngineCheckpoint]) -> Engine:
        """What generates pictures here: with these files where it `draws_with_files`, else with what the host lists.

        Raises ModelsimError where something is missing.
        """

    def generate_with(self, address: str) -> str:
        """Generate with the WebUI that answers at this address from now on; empty: as before. The address as it may be
        shown and kept, which is without a password. Raises ModelsimError for what is no address, and in a WebUI, which
        generates itself."""

    def interrogators(self) -> list[Interrogator]:
        """Who can say here what a picture was generated from without downloading anything; asked `at_work`."""

    def encoders(self) -> list[Encoder]:
        """What it has in memory now that makes vectors of pictures; to be used `at_work`."""

    def outputs(self) -> list[Output]:
        """Where it saves pictures, each folder once, whether it is there or not."""

    def picture_url(self, path: Path) -> str:
        """Where the page finds a picture of our own data folder."""
