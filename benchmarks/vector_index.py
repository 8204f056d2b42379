"""An index of a million vectors in 64 bytes each: memory, time of a query, and whether what was planted is found.

python -m benchmarks.vector_index [--vectors 1000000] [--size 1280]

The vectors are random, with much in common as those of networks have; a thousand queries are vectors of the index,
disturbed so that they correlate with it by 0.9. Half a tenth is removed and added again in between.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.duplicates.index import VectorIndex

_PART = 20_000
_PLANTED = 1000


def vectors(number: int, count: int, size: int) -> NDArray[np.float32]:
    """float32 [count, size], rows of length 1: the same ones for the same number."""
    rng = np.random.default_rng([64, number])
    common = np.random.default_rng(64).standard_normal(size, np.float32)
    rows = rng.standard_normal((count, size), np.float32) + 2 * common
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def disturbed(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows, so that without what all have in common they correlate with what they were by 0.9."""
    own = rows - centre
    noise = np.random.default_rng(65).standard_normal(rows.shape, np.float32)
    noise *= np.linalg.norm(own, axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
    return centre + 0.9 * own + np.float32((1 - 0.9**2) ** 0.5) * noise


def peak() -> float:
    """Megabytes of resident memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=1280)
    options = parser.parse_args()
    parts = options.vectors // _PART
    centre = vectors(0, _PART, options.size).mean(0)
    index = VectorIndex(centre)
    empty, begin = peak(), time.perf_counter()
    for number in range(parts):
        index.add(np.arange(_PART) + number * _PART, vectors(number, _PART, options.size))
    print(f"{len(index):,} vectors of {options.size} numbers added: peak {peak():.0f} MB, {empty:.0f} before the first")
    print(f"drawn and added in {time.perf_counter() - begin:.0f} s")
    rows = np.random.default_rng(66).permutation(_PART)[:_PLANTED]
    chosen = np.random.default_rng(67).integers(0, parts, 4)  # drawing them again takes longer than to search
    planted = np.concatenate([each * _PART + rows[i::4] for i, each in enumerate(chosen)])
    queries = np.concatenate([vectors(each, _PART, options.size)[rows[i::4]] for i, each in enumerate(chosen)])
    queries = disturbed(queries, centre)
    print(_told("all at once", index, queries, planted))
    print(_told("one by one", index, queries[:50], planted[:50], together=1))
    gone = np.setdiff1d(np.arange(0, len(index), 20), planted)
    begin = time.perf_counter()
    index.remove(gone)
    print(f"{len(gone):,} removed in {time.perf_counter() - begin:.1f} s, {len(index):,} left")
    print(_told("then", index, queries, planted))
    print(f"peak {peak():.0f} MB")


def _told(
    what: str, index: VectorIndex, queries: NDArray[np.float32], planted: NDArray[np.int64], together: int = 0
) -> str:
    begin = time.process_time()
    step = together or len(queries)
    found = np.concatenate(
        [index.search(queries[start : start + step], 10).keys for start in range(0, len(queries), step)]
    )
    took = 1e3 * (time.process_time() - begin) / len(queries)
    first, ten = (found[:, 0] == planted).sum(), (found == planted[:, None]).any(1).sum()
    return f"{what}: {took:.1f} ms of one core a query; of {len(planted)} {first} found first, {ten} among ten"


if __name__ == "__main__":
    main()
