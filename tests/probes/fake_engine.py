"""An engine that draws noise, counts what it does, and goes wrong when told to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.probes.engine import Drawn, EngineCheckpoint
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.recording import infotext

Mishap = Callable[[EngineCheckpoint, Parameters, Drawn], Drawn]
"""Gets what would be drawn; returns something else or raises."""


def drawable(name: str, architecture: str | None = "SD 1.x") -> EngineCheckpoint:
    """A checkpoint whose SHA-256 is made of its name."""
    return EngineCheckpoint(f"{name}.safetensors", name, None, name.encode().hex().ljust(64, "0"), architecture)


@dataclass
class FakeEngine:
    """`loads` and `drawn` tell what it did, `user` the checkpoint that a person had chosen, `options` what they set."""

    available: list[EngineCheckpoint]
    user: EngineCheckpoint | None = None
    loadable: Callable[[EngineCheckpoint], None] = lambda checkpoint: None
    lacks: ModelsimError | None = None
    foreseen: Callable[[EngineCheckpoint], ModelsimError | None] = lambda checkpoint: None
    mishap: Mishap = lambda checkpoint, parameters, drawn: drawn
    name: str = "fake"
    version: str = "fake 1.0"
    loads: list[str] = field(default_factory=list)
    drawn: list[tuple[str, int]] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=lambda: {"s_churn": 7.0})
    in_session: bool = False
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.loaded = self.user

    def checkpoints(self) -> list[EngineCheckpoint]:
        return self.available

    def current(self) -> EngineCheckpoint | None:
        return self.loaded

    def missing(self) -> ModelsimError | None:
        return self.lacks

    def why_not(self, checkpoint: EngineCheckpoint) -> ModelsimError | None:
        return self.foreseen(checkpoint)

    @contextmanager
    def session(self, job: Job) -> Iterator[FakeEngine]:
        loaded, options = self.loaded, dict(self.options)
        self.in_session = True
        try:
            yield self
        finally:
            self.loaded, self.options, self.in_session = loaded, options, False

    def load(self, checkpoint: EngineCheckpoint) -> None:
        self.loads.append(checkpoint.name)
        self.loaded = None
        self.loadable(checkpoint)
        self.loaded = checkpoint

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        assert self.in_session
        assert self.loaded is not None
        self.options["s_churn"] = 0.0
        return [self._draw(self.loaded, parameters) for parameters in batch]

    def _draw(self, checkpoint: EngineCheckpoint, parameters: Parameters) -> Drawn:
        noise = random.Random(checkpoint.name + repr(parameters)).randbytes(8 * 8 * 3)
        text = infotext(parameters, checkpoint, self.version)
        digits = checkpoint.sha256[:10] if checkpoint.sha256 else None
        whole = Drawn(Image.frombytes("RGB", (8, 8), noise), text, digits, checkpoint.title)
        done = self.mishap(checkpoint, parameters, whole)
        self.drawn.append((checkpoint.name, parameters.seed))
        return done


def black(drawn: Drawn) -> Drawn:
    """The same without one lit pixel."""
    return replace(drawn, image=Image.new("RGB", drawn.image.size))
