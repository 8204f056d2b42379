"""diffusers as the engine that generates: checkpoint files as they are, without a WebUI and without any hub."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoints.reader import open_checkpoint
from ..errors import CheckpointError, ModelsimError, Sentence, joined
from ..installing import how_to_install
from ..job import Job
from ..probes.engine import WITH_WEBUI, CheckpointFailed, Drawn, EngineCheckpoint, OutOfMemory
from ..probes.parameters import Parameters
from ..probes.recording import infotext
from .diffusers_parts import parts_of
from .tokenizer import tokenizer, vocabulary

if TYPE_CHECKING:  # a dry run needs neither
    import torch

    from .diffusers_loading import LoadedNetwork

_NEEDED = ("torch", "diffusers", "transformers")


class Diffusers:
    """Generates with these checkpoints, each of which has a path. Nothing is imported before a session begins."""

    name = "diffusers"

    def __init__(self, checkpoints: Sequence[EngineCheckpoint], device: str = "auto") -> None:
        """`device` is "auto", "cpu" or "cuda"."""
        self._checkpoints, self._device = list(checkpoints), device

    @property
    def version(self) -> str:
        try:
            return f"diffusers {version_of('diffusers')}"
        except PackageNotFoundError:
            return "diffusers"

    def checkpoints(self) -> list[EngineCheckpoint]:
        return self._checkpoints

    def current(self) -> None:
        """Between sessions none is kept."""

    def missing(self) -> ModelsimError | None:
        """The packages that are not installed."""
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if not missing:
            return None
        fix = joined(f"{how_to_install(*missing)}, or ", WITH_WEBUI)
        return ModelsimError("packages needed to generate are missing", ", ".join(missing), fix)

    @property
    def modules(self) -> tuple[str, ...]:
        """None: every checkpoint generates with what its file holds."""
        return ()

    def why_not(self, checkpoint: EngineCheckpoint) -> ModelsimError | None:
        """What `load` would say, as far as the header tells."""
        try:
            with open_checkpoint(_file_of(checkpoint)) as opened:
                vocabulary(parts_of(opened).vocabulary)
        except ModelsimError as error:
            return error
        return None

    @contextmanager
    def session(self, job: Job) -> Iterator[_Session]:
        """Raises ModelsimError where a package is missing."""
        if missing := self.missing():
            raise missing
        import torch

        from ..similarity.device import choose_device

        job.check()
        session = _Session(choose_device(self._device).torch, self.version, job)
        with _deterministic(torch):
            try:
                yield session
            finally:
                session.unload()


class _Session:
    """One network at a time."""

    def __init__(self, device: torch.device, version: str, job: Job) -> None:
        self._device, self._version, self._job = device, version, job
        self._network: LoadedNetwork | None = None
        self._checkpoint: EngineCheckpoint | None = None

    def load(self, checkpoint: EngineCheckpoint) -> None:
        """Raises as Session.load; ModelsimError where there is no vocabulary for its text encoders."""
        from .diffusers_loading import load_network

        self.unload()
        path = _file_of(checkpoint)
        try:
            with self._out_of_memory(checkpoint.name):
                self._network = load_network(path, self._device)
        except CheckpointError as error:
            raise CheckpointFailed(error.what, error.value, error.fix) from error
        tokenizer(self._network.vocabulary)
        self._checkpoint = checkpoint

    def draw(self, batch: Sequence[Parameters]) -> list[Drawn]:
        """Raises as Session.draw."""
        import torch

        from . import diffusers_drawing

        network, checkpoint = self._network, self._checkpoint
        if network is None or checkpoint is None:
            raise CheckpointFailed("no checkpoint is loaded", None, "load one first")
        size = f"{batch[0].width} × {batch[0].height}"
        with self._out_of_memory(size), torch.inference_mode():
            images = diffusers_drawing.draw(network, batch, self._before_step)
        return [
            Drawn(image, infotext(parameters, checkpoint, self._version), None, checkpoint.title)
            for image, parameters in zip(images, batch, strict=True)
        ]

    def _before_step(self, number: int, count: int) -> None:
        self._job.check()
        self._job.report_within(f"step {number} of {count}")

    def unload(self) -> None:
        """Free the memory."""
        self._network = self._checkpoint = None
        self._free()

    def _free(self) -> None:
        import torch

        gc.collect()  # modules know each other in circles
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @contextmanager
    def _out_of_memory(self, what: str) -> Iterator[None]:
        """OutOfMemory in the place of whatever torch raises."""
        import torch

        try:
            yield
        except (MemoryError, torch.cuda.OutOfMemoryError, RuntimeError) as error:
            if type(error) is RuntimeError and "DefaultCPUAllocator" not in str(error):
                raise
            self._free()
            fix = Sentence("use a smaller size or --device cpu", "use a smaller size, or the CPU as the device")
            raise OutOfMemory("out of memory", what, fix) from error


def _file_of(checkpoint: EngineCheckpoint) -> Path:
    if checkpoint.path is None:
        raise CheckpointFailed("the file is not on this machine", checkpoint.name, WITH_WEBUI)
    return checkpoint.path


@contextmanager
def _deterministic(torch) -> Iterator[None]:  # noqa: ANN001 - the module
    """The same numbers each time on one machine; afterwards as before."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
