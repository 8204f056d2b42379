"""Progress on stderr, with rate and time left; silent where stderr is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from ..job import Job, Progress
from ..text import printable


@contextmanager
def progress_bars() -> Iterator[Job]:
    """A job whose stages appear as bars, one after the other."""
    bars: dict[str, tqdm] = {}

    def report(progress: Progress) -> None:
        if progress.what not in bars:
            for bar in bars.values():
                bar.close()
            scaled = {"unit_scale": True, "unit_divisor": 1024} if progress.unit == "B" else {}
            bars[progress.what] = tqdm(
                desc=printable(progress.what),
                unit=progress.unit.rstrip("s") or "B",
                disable=not sys.stderr.isatty(),
                **scaled,
            )
        bar = bars[progress.what]
        bar.total = progress.total
        bar.update(progress.done - bar.n)

    try:
        yield Job(report)
    finally:
        for bar in bars.values():
            bar.close()
