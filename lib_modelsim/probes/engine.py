"""An engine: a program with checkpoints that turns Parameters into pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from ..errors import ModelsimError, Sentence
from ..job import Job
from .parameters import Parameters

WITH_WEBUI = Sentence("generate with a WebUI (--webui)", "generate with a WebUI (enter its address)")
"""What to do about what diffusers cannot."""


class CheckpointFailed(ModelsimError):  # noqa: N818  the word for what happened
    """This checkpoint cannot be loaded, or another one generated in its place: it is passed over, the run goes on."""


class PictureFailed(ModelsimError):  # noqa: N818
    """This picture cannot be generated (NaN, a sampler or a VAE that is not there): it is noted, the run goes on."""


class OutOfMemory(PictureFailed):
    """Out of memory for this picture. The engine has freed what it could and can generate a smaller one."""


@dataclass(frozen=True)
class EngineCheckpoint:
    """A checkpoint that an engine can generate with.

    `title` is what the engine calls it, and takes in an order; `name` what a person does: the file's name without its
    ending, after its folder's where two have the same; no two of an engine share a name. `path` is None where the file
    lies on another machine; `sha256` (64 digits) is None where nobody knows it; `architecture` is None where
    it is not known; `variant` is that of the architecture ("inpainting"), None for the plain one; `bare`: it holds no
    text encoder or no VAE, and generates with `modules` of the engine.
    """

    title: str
    name: str
    path: Path | None = None
    sha256: str | None = None
    architecture: str | None = None
    variant: str | None = None
    bare: bool = False


@dataclass(frozen=True)
class Drawn:
    """A picture as it came from the engine.

    - `infotext`: the engine's own, which PNG Info reads.
    - `checkpoint_hash`: hexadecimal digits, at least 8, with which the SHA-256 of the checkpoint that *did* generate it
      begins, as the engine reports it after generating; None where it knows none.
    - `checkpoint_title`: the `title` of the checkpoint that did generate it; None where the engine does not tell.
    - `finished`: False where the engine was stopped in the middle, by whomever, and the picture is half done.
    """

    image: Image.Image
    infotext: str
    checkpoint_hash: str | None
    checkpoint_title: str | None
    finished: bool = True


class EngineSession(Protocol):
    """The engine while it is ours."""

    def load(self, checkpoint: EngineCheckpoint) -> None:
        """Make this checkpoint the one that generates; called once per checkpoint, before its first picture.

        Raises CheckpointFailed or OutOfMemory; the next `load` must then work as if nothing had been.
        """

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        """Generate one batch, nearly always of one picture: alike in all but their seeds, each with all of these seeds
        in `Parameters.batch`. Every option of `OPTIONS` is set, to its default where `options` does not name it; extra
        networks and styles of the user's do not apply; nothing is saved by the engine itself.

        Stops in the middle when the session's job is cancelled and the engine can be stopped, and then raises
        Cancelled or returns pictures that are not `finished`. Raises OutOfMemory or PictureFailed, after which the next
        picture can be generated; CheckpointFailed; any other ModelsimError (connection lost) ends the run.
        """


class Engine(Protocol):
    """A program that generates. Nothing of it changes outside of a session."""

    name: str
    """What its pictures are compared under and never with others: "AUTOMATIC1111", "Forge", "diffusers". A WebUI has
    the same name from inside and by HTTP."""

    version: str
    """Of the program, as it stands in its infotexts: noted with every picture, no part of an identity."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the text encoders and VAEs that are chosen in it and that a bare checkpoint generates with."""

    def checkpoints(self) -> list[EngineCheckpoint]:
        """What it can generate with, in the order in which it lists them."""

    def current(self) -> EngineCheckpoint | None:
        """The checkpoint that is loaded already and would cost no time to load; None where there is none."""

    def missing(self) -> ModelsimError | None:
        """What is missing here to generate at all, and how to get it; None where nothing is."""

    def why_not(self, checkpoint: EngineCheckpoint) -> ModelsimError | None:
        """Why this checkpoint cannot generate, as far as its header tells, before anything is loaded; None where
        nothing speaks against it."""

    def session(self, job: Job) -> AbstractContextManager[EngineSession]:
        """Wait until the engine is free, remember the user's checkpoint, options and networks, and put them back at
        the end, also after an error or an interrupt. `job` is asked whether to stop while a picture is generated.

        Raises Cancelled where the job is stopped while it waits.
        """
