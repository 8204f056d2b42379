"""What the benchmarks share: a clock, the page cache, the results on one line each."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(first: Callable[[], object], second: Callable[[], object], times: int) -> tuple[list[float], list[float]]:
    """Seconds of both, called alternately, so that what else the machine does falls on both."""
    pairs = [(seconds(first), seconds(second)) for _ in range(times)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def forget(files: Sequence[Path]) -> None:
    """Drop files from the page cache (Linux); the next read comes from the disk."""
    for path in files:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def told(what: str, times: Sequence[float]) -> str:
    """Minimum, median and maximum of some times."""
    least, middle, most = min(times), statistics.median(times), max(times)
    return f"{what}: {least:.2f} / {middle:.2f} / {most:.2f} s (min / median / max of {len(times)})"
