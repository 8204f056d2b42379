"""Candidates of near duplicates among many pictures: time, peak memory, and how many of those planted are found.

python -m benchmarks.many_candidates [--pictures 20000] [--asked 1000]

Hashes and keypoint codes are drawn by chance, codes with bits that depend on each other as real ones do. Every tenth
picture is a copy of another; with --asked, so many copies are a folder of their own, which is compared with the others.
In a copy a tenth of all bits is another, and half of the places are.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.duplicates import candidates
from lib_modelsim.curate.duplicates.described import LARGE, WHOLES, Described
from lib_modelsim.job import Job
from lib_modelsim.pictures.keypoints import CODES

_FREE = 16  # bits of a code that depend on no others, roughly
_PARTS = 15  # hashes of a picture


def drawn(pictures: int) -> Described:
    """Pictures that were never there, held as `describe` holds so many."""
    rng = np.random.default_rng(1)
    large = pictures > LARGE
    names = tuple(f"{i:064x}" for i in range(pictures))
    hashes = rng.integers(0, 256, (pictures, len(WHOLES) if large else _PARTS, 8), np.uint8)
    if large:
        return Described(names, tuple(map(Path, names)), hashes)
    directions = rng.standard_normal((_FREE, 128), np.float32)
    codes = np.empty((pictures, CODES, 16), np.uint8)
    for start in range(0, pictures, 500):
        part = codes[start : start + 500]
        bits = rng.standard_normal((len(part) * CODES, _FREE), np.float32) @ directions > 0
        part[:] = np.packbits(bits, axis=1).reshape(part.shape)
    return Described(names, tuple(map(Path, names)), hashes, codes)


def copied(pictures: Described, copies: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Hashes and codes of copies of the first pictures."""
    rng = np.random.default_rng(2)
    hashes = _worn(pictures.fingerprints[:copies], rng)
    if pictures.keypoints is None:
        return hashes, None
    codes = pictures.keypoints[:copies].copy()
    codes[:, CODES // 2 :] = rng.integers(0, 256, codes[:, CODES // 2 :].shape, np.uint8)
    codes[:, : CODES // 2] = _worn(codes[:, : CODES // 2], rng)
    return hashes, codes


def _worn(data: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    flips = np.packbits(rng.random((*data.shape, 8), np.float32) < 0.1, axis=-1)[..., 0]
    return data ^ flips


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--asked", type=int)
    options = parser.parse_args()
    pictures, copies = drawn(options.pictures), options.asked or options.pictures // 10
    hashes, codes = copied(pictures, copies)
    if options.asked:
        asked = Described(tuple(f"copy {i}" for i in range(copies)), pictures.paths[:copies], hashes, codes)
        planted = {(i, i) for i in range(copies)}
    else:
        asked = pictures
        pictures.fingerprints[-copies:] = hashes
        if pictures.keypoints is not None and codes is not None:
            pictures.keypoints[-copies:] = codes
        planted = {(i, options.pictures - copies + i) for i in range(copies)}
    print(f"{options.pictures:,} pictures, peak {_peak():.0f} MB when they were drawn", flush=True)
    for name, search in (("keypoints", _keypoints), ("hashes", _hashes)):
        begin, wall = time.process_time(), time.perf_counter()
        found = search(asked, pictures)
        took, wall = time.process_time() - begin, time.perf_counter() - wall
        peak = _peak()
        right = len(planted & set(map(tuple, found.tolist())))
        print(
            f"{name}: {took:.0f} s of processors ({wall:.0f} s passed), {1e3 * took / len(asked):.1f} ms a picture; "
            f"{right:,} of {copies:,} planted, {len(found) / len(asked):.1f} candidates each, peak {peak:.0f} MB",
            flush=True,
        )


def _hashes(asked: Described, pictures: Described) -> candidates.Pairs:
    found = candidates._by_hashes(asked.fingerprints, pictures.fingerprints, Job())
    return candidates._once(found[found[:, 0] != found[:, 1]]) if asked is pictures else found


def _keypoints(asked: Described, pictures: Described) -> candidates.Pairs:
    found = candidates._by_keypoints(asked, pictures, Job())
    return candidates._once(found) if asked is pictures else np.unique(found, axis=0)


if __name__ == "__main__":
    main()
