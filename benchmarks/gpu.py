"""What a GPU brings: seconds there and on the CPU, and how far their numbers are apart. Under four minutes.

    python -m benchmarks.gpu [--device cuda|cpu] [--channels 320] [--models 4] [--folder DIR]

Needs this package, torch, NumPy, SciPy, Pillow and safetensors; writes its own files (SD 1.x, 1.9 GB each in full
width) into a folder that is removed at the end. Every number of the GPU is compared with the CPU's: the last column
says by how much they differ at most, and the process ends with 1 where that is more than 1e-4. `--device cpu` runs the
same on the CPU alone, to see that the script works.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from lib_modelsim.adapters.changes import LowRank
from lib_modelsim.adapters.products import gram
from lib_modelsim.checkpoints.reader import Checkpoint, open_checkpoint
from lib_modelsim.checkpoints.values import ValueReader
from lib_modelsim.demo.shapes import sd1_shapes
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.encoders.registry import kinds
from lib_modelsim.similarity.asimilarity import attention_features
from lib_modelsim.similarity.attention import attention_keys, projections
from lib_modelsim.similarity.device import LEAST_GPU
from lib_modelsim.similarity.measures.registry import measure_named
from lib_modelsim.workspace.comparing.compare import compare

from .measuring import seconds

MOST_APART = 1e-4
"""Between a number of the GPU and the CPU's, relative to the larger of 1 and the CPU's."""

PICTURES = 32

LORAS, RANK = 300, 32

SDXL_LAYERS = ((640, 640, 60), (640, 2048, 20), (1280, 1280, 360), (1280, 2048, 120), (5120, 640, 10),
               (640, 2560, 10), (10240, 1280, 60), (1280, 5120, 60))  # fmt: skip
"""Outputs, inputs and number of the layers of SDXL's UNet that LoRAs change: what one of each takes tells the whole."""


@dataclass(frozen=True)
class Row:
    """One line of the table; `apart` is None where nothing is compared."""

    what: str
    there: str
    on_cpu: str
    apart: float | None

    def __str__(self) -> str:
        told = "" if self.apart is None else f"{self.apart:.1e}"
        return f"| {self.what} | {self.there} | {self.on_cpu} | {told} |"


def main() -> None:
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA device here: nothing was measured (--device cpu only rehearses)")
        sys.exit(2)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "the CPU itself"
    print(f"{name}; torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| | there | on the CPU | apart at most |\n|---|---|---|---|")
    worst = 0.0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        files = _write_models(Path(folder), options.channels, options.models, options.device)
        for row in _rows(files, options.device):
            print(row, flush=True)
            worst = max(worst, row.apart or 0.0)
    sys.exit(worst > MOST_APART)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--channels", type=int, default=320, help="the UNet's width, 320 in real files")
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where the files are written, by default the system's own")
    return parser.parse_args()


def _write_models(folder: Path, channels: int, count: int, device: str) -> list[Path]:
    """Files of one family, float16: a base and fine-tunes that moved 5 % from it."""
    generator = torch.Generator(device).manual_seed(1)

    def drawn(shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=generator, device=device) / max(1, int(np.prod(shape[1:]))) ** 0.5

    base = {key: drawn(shape) for key, shape in sd1_shapes(channels).items()}
    files = [folder / f"model{i}.safetensors" for i in range(count)]
    for i, file in enumerate(files):
        moved = base if i == 0 else {key: value + 0.05 * drawn(value.shape) for key, value in base.items()}
        save_file({key: value.half().cpu() for key, value in moved.items()}, file)
    return files


def _rows(files: list[Path], device: str) -> Iterator[Row]:
    yield _features_of_one(files[0], device)
    for measure, what in (("asimilarity", "attention score"), ("l2", "whole weights")):
        yield _compared(files, measure, f"{what} of {len(files)} files, cached", device)
    yield _loras(device)
    yield from _with_little_memory(files, device)
    yield from _encoders(device)


def _features_of_one(file: Path, device: str) -> Row:
    """The attention score of one model once its layers are read and the inputs drawn."""
    layers = {place: list(_layers(open_checkpoint(file), place)) for place in (device, "cpu")}

    def features(place: str) -> list[torch.Tensor]:
        found = [attention_features(inputs, inputs, *qkv) for inputs, qkv in layers[place]]
        if place == "cuda":
            torch.cuda.synchronize()
        return found

    ours, theirs = features(device), features("cpu")
    apart = max(float((a.cpu() - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True))
    times = [median(seconds(lambda place=place: features(place)) for _ in range(5)) for place in (device, "cpu")]
    return Row("attention features of one model after reading", *(f"{1000 * t:.0f} ms" for t in times), apart)


def _layers(model: Checkpoint, place: str) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
    """Random inputs, and query, key and value, of each self-attention."""
    reader, generator = ValueReader(), torch.Generator().manual_seed(1)
    for key in attention_keys(model.layout, measure_named("asimilarity").variant).values():
        qkv = tuple(reader.matrix(weight).to(place) for weight in projections(model.weights, key))
        width = qkv[0].shape[1]
        yield torch.randn([width, width], generator=generator).to(place), qkv


def _matrix(files: list[Path], measure: str, device: str) -> np.ndarray:
    with Library(None) as library:
        found = compare(files, measure, None, library, Job(), device)
    return np.concatenate([found.matrix.values, found.matrix.overall[..., None]], axis=-1)


def _compared(files: list[Path], measure: str, what: str, device: str) -> Row:
    found = {place: _matrix(files, measure, place) for place in ("cpu", device)}  # also brings the files into the cache
    times = [median(seconds(lambda p=place: _matrix(files, measure, p)) for _ in range(3)) for place in (device, "cpu")]
    return Row(what, *(f"{t:.2f} s" for t in times), _apart(found[device], found["cpu"]))


def _apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return float("inf")
    return float(np.nanmax(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)), initial=0))


def _loras(device: str) -> Row:
    """All pairs of many LoRAs: one layer of each shape is multiplied, the time of all 700 is worked out from that."""
    generator, worst, total = np.random.default_rng(1), 0.0, {device: 0.0, "cpu": 0.0}
    for rows, columns, count in SDXL_LAYERS:
        shapes = ((rows, RANK), (RANK, columns))
        factors = [tuple(generator.standard_normal(shape, np.float32) for shape in shapes) for _ in range(LORAS)]
        changes = [LowRank(up, down) for up, down in factors]
        found = {}
        for place in dict.fromkeys(("cpu", device)):
            start = perf_counter()
            found[place] = gram(changes, torch.device(place))
            total[place] += count * (perf_counter() - start)
        lengths = np.sqrt(found["cpu"].diagonal())
        worst = max(worst, float(np.abs((found[device] - found["cpu"]) / np.outer(lengths, lengths)).max()))
    what = f"ΔW of {LORAS} LoRAs of rank {RANK}, all pairs, SDXL's 700 layers (worked out from 8 of them)"
    return Row(what, *(f"{total[place]:.0f} s" for place in (device, "cpu")), worst)


def _with_little_memory(files: list[Path], device: str) -> Iterator[Row]:
    """What happens where the GPU has no room: it says so and goes on on the CPU."""
    if device != "cuda":
        return
    total = torch.cuda.get_device_properties(0).total_memory
    exact = _matrix(files, "l2", "cpu")
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, (8 << 20) / total))
    try:
        with _warnings() as told:
            found = _matrix(files, "l2", device)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    said = "; ".join(dict.fromkeys(told)) or "nothing was said"
    yield Row("whole weights with 8 MB of the GPU", f"“{said}”", "", _apart(found, exact) if told else float("inf"))
    filler = torch.empty(max(0, torch.cuda.mem_get_info()[0] - LEAST_GPU // 2), dtype=torch.uint8, device="cuda")
    with _warnings() as told:
        found = _matrix(files, "l2", "auto")
    del filler
    torch.cuda.empty_cache()
    said = "; ".join(dict.fromkeys(told)) or "nothing was said"
    yield Row("whole weights beside a full GPU", f"“{said}”", "", _apart(found, exact) if told else float("inf"))


class _warnings(logging.Handler):  # noqa: N801 - used as a context manager
    """The warnings of the package while it lasts."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record.getMessage())

    def __enter__(self) -> list[str]:
        logging.getLogger("lib_modelsim").addHandler(self)
        return self._told

    def __exit__(self, *raised: object) -> None:
        logging.getLogger("lib_modelsim").removeHandler(self)


def _encoders(device: str) -> Iterator[Row]:
    """Pictures a second of every encoder that is ready here and needs nothing more said."""
    generator = np.random.Generator(np.random.PCG64(1))
    pictures = [Image.fromarray(generator.integers(0, 256, (512, 512, 3), dtype=np.uint8)) for _ in range(PICTURES)]
    for kind in kinds():
        if kind.takes or not kind.readiness("").ready:
            continue

        def rate(place: str, make: Callable = kind.make) -> tuple[float, np.ndarray]:
            encoder = make("", lambda: place)
            encoder.encode(pictures[:2])
            vectors = []
            return PICTURES / seconds(lambda: vectors.append(encoder.encode(pictures))), vectors[0]

        (there, ours), (here, theirs) = rate(device), rate("cpu")
        what = f"{kind.label}, pictures of 512 × 512"
        yield Row(what, f"{there:.0f} a second", f"{here:.0f} a second", _apart(ours, theirs))


if __name__ == "__main__":
    main()
