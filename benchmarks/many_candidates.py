"""Candidates of near duplicates among many pictures: time, peak memory, and how many of those planted are found.

python -m benchmarks.many_candidates [--pictures 20000] [--hashes-of N]

Hashes and keypoint codes are drawn by chance, codes with bits that depend on each other as real ones do; every tenth
picture is a copy of another, in which a tenth of all bits is another and half of the places are. --hashes-of compares
the hashes of the first N pictures with all, and tells what all would take.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.duplicates import candidates
from lib_modelsim.curate.duplicates.described import Described
from lib_modelsim.job import Job
from lib_modelsim.pictures.keypoints import CODES

_FREE = 16  # bits of a code that depend on no others, roughly


def drawn(pictures: int) -> Described:
    """Pictures that were never there; the last tenth are copies of the first one."""
    rng = np.random.default_rng(1)
    directions = rng.standard_normal((_FREE, 128), np.float32)
    codes = np.empty((pictures, CODES, 16), np.uint8)
    for start in range(0, pictures, 500):
        part = codes[start : start + 500]
        bits = rng.standard_normal((len(part) * CODES, _FREE), np.float32) @ directions > 0
        part[:] = np.packbits(bits, axis=1).reshape(part.shape)
    hashes = rng.integers(0, 256, (pictures, 15, 8), np.uint8)
    copies = pictures // 10
    codes[-copies:, : CODES // 2] = _worn(codes[:copies, : CODES // 2], rng)
    hashes[-copies:] = _worn(hashes[:copies], rng)
    names = tuple(f"{i:064x}" for i in range(pictures))
    return Described(names, tuple(map(Path, names)), hashes, codes)


def _worn(data: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    flips = np.packbits(rng.random((*data.shape, 8), np.float32) < 0.1, axis=-1)[..., 0]
    return data ^ flips


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--hashes-of", type=int)
    options = parser.parse_args()
    pictures = drawn(options.pictures)
    first, copies = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, options.pictures // 10
    begin = time.process_time()
    asked = options.hashes_of or options.pictures
    hashes = candidates._by_hashes(pictures.fingerprints[:asked], pictures.fingerprints, Job())
    took = (time.process_time() - begin) * options.pictures / asked
    begin = time.process_time()
    places = candidates._by_keypoints(pictures, pictures, Job())
    print(
        f"{options.pictures:,} pictures: hashes {took:.0f} s of one core, keypoints {time.process_time() - begin:.0f} s"
    )
    for name, found, of in (("hashes", hashes, min(copies, asked)), ("keypoints", places, copies)):
        planted = np.unique(np.sort(found, axis=1), axis=0)
        right = (planted[:, 1] - planted[:, 0] == options.pictures - copies).sum()
        print(f"{name}: {right:,} of {of:,} planted pairs, {len(planted) / options.pictures:.1f} candidates a picture")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak {peak:.0f} MB, {first:.0f} when the pictures were drawn")


if __name__ == "__main__":
    main()
