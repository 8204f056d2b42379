"""Full-weight measures of four files beside reading the same bytes and converting them to float32 once.

    python -m benchmarks.reading_weights FOLDER    FOLDER holds at least four real-size checkpoints

Both in one process after imports, in turn, from the page cache; the plain side goes through one reused read buffer
and one reused float32 buffer. Median of five.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import torch

from lib_modelsim.checkpoints.reader import Checkpoint, open_checkpoint
from lib_modelsim.checkpoints.values import TORCH
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare

from .measuring import in_turn, told


def read_and_convert(checkpoints: list[Checkpoint], raw: bytearray, numbers: torch.Tensor) -> None:
    for checkpoint in checkpoints:
        for weight in checkpoint.weights.values():
            stored = weight.stored
            view = memoryview(raw)[: stored.count * stored.item_bytes]
            stored.source.read_into(stored.offset, view)
            numbers[: stored.count].copy_(torch.frombuffer(view, dtype=TORCH[stored.dtype]))


def main() -> None:
    files = sorted(Path(sys.argv[1]).glob("*.safetensors"))[:4]
    checkpoints = [open_checkpoint(path) for path in files]
    largest = max(w.stored.count for c in checkpoints for w in c.weights.values())
    raw, numbers = bytearray(8 * largest), torch.empty(largest)

    def measured(measure: str) -> None:
        with Library(None) as library:
            compare(files, measure, None, library, Job(), "cpu")

    measured("l2")
    for measure, what in (("l2", "all measures of one pass, of all pairs"), ("l1", "l1 and equal of all pairs")):
        plain, mine = in_turn(
            lambda: read_and_convert(checkpoints, raw, numbers), lambda measure=measure: measured(measure), 5
        )
        print(told("read and convert", plain))
        print(told(what, mine))
        print(f"ratio of the medians: {statistics.median(mine) / statistics.median(plain):.2f}")


if __name__ == "__main__":
    main()
