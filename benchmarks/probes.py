"""What a run of probes takes beyond drawing: with pictures of 512 × 512 that cost nothing, and with diffusers.

python -m benchmarks.probes [--device auto|cpu|cuda] [--pictures N] [--full]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lib_modelsim import demo
from lib_modelsim.demo.shapes import Shapes, UnetLayout, clip_shapes, unet_shapes, vae_shapes
from lib_modelsim.engines.diffusers_engine import Diffusers
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.probes.engine import Drawn, Engine, EngineCheckpoint, EngineSession
from lib_modelsim.probes.gallery import Gallery
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.plan import make_plan
from lib_modelsim.probes.recording import infotext
from lib_modelsim.probes.run import draw_missing
from lib_modelsim.probes.suite import Probe, Suite


@dataclass
class Timed:
    """An engine whose own time is counted: `loading` and `drawing` in seconds."""

    engine: Engine
    loading: float = 0.0
    drawing: float = 0.0
    session_: EngineSession | None = None

    def __post_init__(self) -> None:
        self.name, self.version = self.engine.name, self.engine.version

    def checkpoints(self) -> list[EngineCheckpoint]:
        return self.engine.checkpoints()

    def current(self) -> EngineCheckpoint | None:
        return self.engine.current()

    def missing(self) -> ModelsimError | None:
        return self.engine.missing()

    @property
    def modules(self) -> tuple[str, ...]:
        return self.engine.modules

    def why_not(self, checkpoint: EngineCheckpoint) -> ModelsimError | None:
        return self.engine.why_not(checkpoint)

    @contextmanager
    def session(self, job: Job) -> Iterator[Timed]:
        with self.engine.session(job) as self.session_:
            yield self

    def load(self, checkpoint: EngineCheckpoint) -> None:
        start = time.perf_counter()
        self.session_.load(checkpoint)
        self.loading += time.perf_counter() - start

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        start = time.perf_counter()
        drawn = self.session_.draw(batch)
        self.drawing += time.perf_counter() - start
        return drawn


@dataclass
class Noise:
    """An engine whose pictures cost nothing and compress as badly as any can."""

    available: list[EngineCheckpoint]
    name: str = "noise"
    version: str = "noise 1.0"
    modules: tuple[str, ...] = ()
    image: Image.Image = field(
        default_factory=lambda: Image.frombytes("RGB", (512, 512), random.Random(1).randbytes(512 * 512 * 3))
    )

    def checkpoints(self) -> list[EngineCheckpoint]:
        return self.available

    def current(self) -> None:
        return None

    def missing(self) -> None:
        return None

    def why_not(self, checkpoint: EngineCheckpoint) -> None:  # noqa: ARG002 - all can
        return None

    @contextmanager
    def session(self, job: Job) -> Iterator[Noise]:  # noqa: ARG002 - never stopped
        yield self

    def load(self, checkpoint: EngineCheckpoint) -> None:
        self.loaded = checkpoint

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        title = self.loaded.title
        return [Drawn(self.image, infotext(each, self.loaded, self.version), None, title) for each in batch]


def shapes(full: bool) -> Shapes:
    """SD 1.5 in its real size, or in a tenth of its width with a vocabulary of bytes."""
    layout, vae = UnetLayout(320 if full else 32, 768), vae_shapes(128 if full else 32)
    text = clip_shapes("cond_stage_model.transformer.", 768, 12 if full else 2, 514)
    return unet_shapes(layout) | vae | text


def told(what: str, engine: Engine, pictures: int, size: int) -> None:
    """Draw into a fresh gallery and print what it took."""
    timed = Timed(engine)
    suite = Suite("benchmark", (Probe("all", Parameters(steps=20, width=size, height=size), tuple(range(pictures))),))
    with tempfile.TemporaryDirectory() as folder, Gallery(Path(folder)) as gallery:
        start = time.perf_counter()
        outcome = draw_missing(make_plan(suite, engine.checkpoints(), timed, gallery), timed, gallery, Job())
        total = time.perf_counter() - start
    count = len(outcome.drawn)
    beyond = total - timed.drawing - timed.loading
    share = f", {100 * beyond / timed.drawing:.2f} % of drawing" if timed.drawing > 1 else ""
    print(f"{what}: {count} pictures of {size} × {size} in {total:.1f} s")
    print(f"  loading {timed.loading:.1f} s, drawing {timed.drawing / count:.3f} s each")
    print(f"  beyond these {1000 * beyond / count:.1f} ms each{share}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--full", action="store_true", help="a random SD 1.5 of the real size, at 512 × 512")
    options = parser.parse_args()
    told("noise", Noise([EngineCheckpoint("noise", "noise")]), options.pictures, 512)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "random.safetensors")
        demo.save(path, demo.draw(shapes(options.full), seed=1))
        engine = Diffusers([EngineCheckpoint("random", "random", path)], options.device)
        told("diffusers", engine, options.pictures, 512 if options.full else 128)


if __name__ == "__main__":
    main()
