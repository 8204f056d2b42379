"""Which pictures have many places in common, by an inverted table of the codes of their keypoints.

Two codes of one place differ in some of their 128 bits. Of several random choices of bits, most such pairs agree in all
bits of at least one, so only codes with the same key are compared: all against all without comparing all (Indyk and
Motwani, "Approximate nearest neighbors", 1998). The work grows with the number of pictures, not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...job import Job, Stage
from ...pictures.keypoints import CODES, MIRRORED, Codes
from .bits import counted_bits

TABLES = 20
"""Choices of bits."""

_MOST = 24
"""Codes with the same key that one is compared with: of a frame that thousands of pictures have, not all."""

_BLOCK = 1 << 16
"""Codes that are asked about at once: each may have _MOST others to be compared with."""

_NEAR = 19
"""Differing bits of 128 up to which two codes may be the same place: fewer than where one picture is asked about, as
every picture has as many neighbours by chance as there are others."""

_SEED = 14


@dataclass(frozen=True)
class CommonPlaces:
    """Pairs of pictures with places in common: rows of the one set, rows of the other, how many places, and their
    weight: a place that many pictures have, as a letter of a window's title, counts less."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    places: NDArray[np.int64]
    weights: NDArray[np.float64]


def shared_places(one: Codes, other: Codes, job: Job, fewest: int) -> CommonPlaces:
    """Of uint8 [pictures, CODES, 16] each, mirrored or not; pairs with at least `fewest` places in common. A set
    compared with itself is given twice: then each pair is told once, the smaller row first.

    Raises Cancelled within a table.
    """
    same = one is other
    stage = Stage(job, "comparing keypoints", 2 * TABLES, "steps")
    if not len(one) or not len(other):
        return CommonPlaces(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
    stored, places_of_stored = _flat(other)
    pairs, counts, weights = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    for mirrored in (False, True):
        queries, places_of_queries = _flat(_mirrored(one) if mirrored else one)
        found = []
        for choice in _choices(len(stored)):
            for query, match in _with_equal_keys(queries, stored, choice):
                a, b = places_of_queries[query], places_of_stored[match]
                near = counted_bits(queries[query] ^ stored[match]).sum(1, dtype=np.int64) <= _NEAR
                kept = near & (a // CODES < b // CODES) if same else near
                a, b = a[kept], b[kept]
                vote = (a // CODES * len(other) + b // CODES) * CODES + a % CODES
                found.append(np.unique(vote))
            stage.advance(1)
        votes = np.unique(np.concatenate([np.zeros(0, np.int64), *found]))  # nothing has an equal key in flat pictures
        each, where, several = np.unique(votes // CODES, return_inverse=True, return_counts=True)
        pairs, counts = np.concatenate([pairs, each]), np.concatenate([counts, several])
        weights = np.concatenate([weights, np.bincount(where, _rarity(votes, len(other)), len(each))])
    found, where = np.unique(pairs, return_inverse=True)
    most, weight = np.zeros(len(found), np.int64), np.zeros(len(found))
    np.maximum.at(most, where, counts)
    np.maximum.at(weight, where, weights)
    kept = most >= fewest
    return CommonPlaces(found[kept] // len(other), found[kept] % len(other), most[kept], weight[kept])


def _rarity(votes: NDArray[np.int64], others: int) -> NDArray[np.float64]:
    """Of each vote 1 by the number of pictures that the same place has votes for."""
    places = votes // (CODES * others) * CODES + votes % CODES
    _, where, several = np.unique(places, return_inverse=True, return_counts=True)
    return 1 / several[where]


def _flat(codes: Codes) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """[n, 2]: the codes that there are, and each one's place in all of them."""
    flat = np.ascontiguousarray(codes).reshape(-1, 16).view(np.uint64)
    places = np.flatnonzero(flat.any(1))
    return flat[places], places


def _mirrored(codes: Codes) -> Codes:
    """The codes of the mirrored pictures."""
    turned = np.zeros_like(codes)
    for start in range(0, len(codes), 4096):
        part = codes[start : start + 4096]
        turned[start : start + 4096] = np.packbits(np.unpackbits(part, axis=-1)[..., MIRRORED], axis=-1)
    return turned


def _choices(codes: int) -> list[NDArray[np.int64]]:
    """Of each table, the bits that its keys consist of: so many that a key belongs to a few of the codes."""
    bits = int(np.clip(np.ceil(np.log2(max(codes, 2))) + 1, 8, 32))
    rng = np.random.default_rng(_SEED)
    return [rng.permutation(128)[:bits] for _ in range(TABLES)]


def _keys(codes: NDArray[np.uint64], choice: NDArray[np.int64]) -> NDArray[np.uint64]:
    keys = np.zeros(len(codes), np.uint64)
    for bit in choice:
        keys = (keys << np.uint64(1)) | ((codes[:, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1))
    return keys


def _with_equal_keys(
    queries: NDArray[np.uint64], stored: NDArray[np.uint64], choice: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows of the queries and of the stored codes that have the same key, some queries after the others; of each query
    _MOST at most."""
    keys = _keys(stored, choice)
    order = np.argsort(keys, kind="stable")
    keys, asked = keys[order], _keys(queries, choice)
    for start in range(0, len(queries), _BLOCK):
        part = asked[start : start + _BLOCK]
        first = np.searchsorted(keys, part, "left")
        several = np.searchsorted(keys, part, "right") - first
        taken = np.minimum(several, _MOST)
        rows = np.repeat(np.arange(len(part)), taken)
        step = np.arange(len(rows)) - np.repeat(np.cumsum(taken) - taken, taken)
        begin = np.arange(start, start + len(part)) % np.maximum(several - taken + 1, 1)  # not always the same ones
        yield start + rows, order[first[rows] + begin[rows] + step]
