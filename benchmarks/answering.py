"""How fast a learned library answers: 300 models with 64 pictures each and a degraded copy of every picture, on random
vectors as long as the descriptor's.

python -m benchmarks.answering [MODELS] [PICTURES]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.rankers import RANKERS
from lib_modelsim.identify.examples import Examples
from lib_modelsim.identify.search import Search

from .measuring import seconds

_LENGTH = 805
_VIEWS = 2

Result = TypeVar("Result")
Vectors = NDArray[np.float32]


def main() -> None:
    models, pictures = (int(value) for value in [*sys.argv[1:], 300, 64][:2])
    generator = np.random.default_rng(1)
    style = np.repeat(generator.standard_normal((models, _LENGTH), np.float32), pictures * _VIEWS, 0)
    vectors = style + 2 * generator.standard_normal(style.shape, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    picture = np.arange(len(vectors)) // _VIEWS
    prompts = tuple(f"subject {place} of a suite" for place in picture % pictures)
    examples = Examples(tuple(f"model {i}" for i in range(models)), vectors, picture // pictures, picture, prompts)
    queries = list(vectors[:: len(vectors) // 20][:, None])
    for ranker in RANKERS:
        learned, taken = timed(partial(ranker.learn, examples))
        print(f"{ranker.name}: learned in {taken:.1f} s, scores in {typical(learned.scores, queries)}", flush=True)
    search, taken = timed(partial(Search.of, examples))
    print(f"learned, tested and calibrated in {taken:.1f} s, whole answers in {typical(search.answer, queries)}")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What the work gives, and its seconds."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def typical(ask: Callable[[Vectors], object], queries: list[Vectors]) -> str:
    """The median and the least wall time of one query."""
    times = [1e3 * seconds(partial(ask, query)) for query in queries]
    return f"{statistics.median(times):.1f} ms ({min(times):.1f} at best)"


if __name__ == "__main__":
    main()
