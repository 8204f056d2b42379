"""Which pairs of pictures are worth a look, of many thousands, without opening any: `confirming.py` looks.

By perceptual hashes of the pictures and of their parts, also mirrored and turned by quarters; with OpenCV by the places
that they have in common.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...job import Job, Stage
from ...pictures.copies import CANDIDATE, Hashes, turned
from .described import WHOLES, Described
from .places import shared_places

Pairs = NDArray[np.int64]
"""[pairs, 2]: a row of the one set, and one of the other."""

ALL_PARTS = 900_000_000
"""Pairs up to which the hashes of all parts are compared, 30,000 pictures with each other or 900 with a million; of
more only those of the pictures as they are, a third of the work. What was cut by a few percent is then found by its
keypoints."""

_TURNED = 0.22
"""Share of differing bits up to which turned and mirrored pictures are candidates: theirs are guessed (`turned`)."""

_CUT_TURNS = (0, 4)
"""Turns in which the hashes of parts are compared: cut pictures as they are and mirrored, few are turned."""

_NEAREST = 40
"""Candidates by hashes that a picture has at most, the nearest first."""

_VOTERS, _VOTES = 8, 3
"""Candidates by keypoints that a picture has at most, and of how many places in common at least."""

_QUERIES, _STORED = 256, 1024  # that are compared at once


def within(described: Described, job: Job) -> Pairs:
    """Pairs of one set of pictures, each once. Raises Cancelled within a block."""
    pairs = _by_hashes(described.fingerprints, described.fingerprints, job)
    return _once(np.concatenate([pairs[pairs[:, 0] != pairs[:, 1]], _by_keypoints(described, described, job)]))


def between(one: Described, other: Described, job: Job) -> Pairs:
    """Pairs of a picture of one set and one of another, but for those of the same content."""
    pairs = [
        _by_hashes(one.fingerprints, other.fingerprints, job),
        _by_hashes(other.fingerprints, one.fingerprints, job)[:, ::-1],
        _by_keypoints(one, other, job),
    ]
    found = np.unique(np.concatenate(pairs), axis=0)
    place = {content: row for row, content in enumerate(other.contents)}
    same = np.array([place.get(content, -1) for content in one.contents], np.int64)
    return found[same[found[:, 0]] != found[:, 1]] if len(found) else found


def not_looked_for(*sets: Described) -> list[str]:
    """What copies cannot be found among these, in a sentence each."""
    told = []
    largest = max(sets, key=len)
    if any(each.keypoints is None and len(each) for each in sets):
        why = (
            f"the details of {len(largest):,} pictures are too many"
            if largest.is_large
            else "that needs the package opencv-python-headless"
        )
        told.append(
            "copies that were cut by more than a tenth, turned by a few degrees or set into another picture are mostly "
            f"not found: {why}"
        )
    one, *others = (each.fingerprints for each in sets)
    if not all(_all_parts(one, other) and _all_parts(other, one) for other in others or [one]):
        found = (
            "mostly not found, and one that was changed much may be missed"
            if largest.is_large
            else "found by its details alone, where it shows some"
        )
        told.append(
            f"of {len(largest):,} pictures only the whole ones were compared by hashes, not their parts: a copy that "
            f"was cut is {found}"
        )
    return told


def _once(pairs: Pairs) -> Pairs:
    return np.unique(np.sort(pairs, axis=1), axis=0)


# by hashes


def _all_parts(queries: Hashes, stored: Hashes) -> bool:
    """Whether the stored pictures' parts are compared, too."""
    return len(queries) * len(stored) <= ALL_PARTS and stored.shape[1] != len(WHOLES)


def _by_hashes(queries: Hashes, stored: Hashes, job: Job) -> Pairs:
    """The pictures without their borders against the parts of others, and whole against whole, in all eight turns."""
    both_ways = False
    if not _all_parts(queries, stored):
        both_ways = queries is stored  # without parts a is as near to b as b to a: half is enough
        queries, stored = (each if each.shape[1] == len(WHOLES) else each[:, WHOLES] for each in (queries, stored))
    stage = Stage(job, "comparing hashes", len(queries), "pictures")
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(queries) if len(stored) else 0, _QUERIES):
        part = queries[start : start + _QUERIES]
        first = start if both_ways else 0
        found.append(_nearest(part, stored[first:]) + np.array([start, first]))
        stage.advance(len(part))
    return np.concatenate(found)


def _nearest(queries: Hashes, stored: Hashes) -> Pairs:
    """Of each query the stored ones that differ by CANDIDATE at most, the nearest _NEAREST."""
    inside, wholes = _signs(turned(queries[:, 0])), _signs(turned(queries[:, -1]))  # turn by turn
    least = 64 * (1 - 2 * np.where(np.arange(8), _TURNED, CANDIDATE)).astype(np.float32)
    rows, columns, alike = [], [], []
    for start in range(0, len(stored), _STORED):
        part = stored[start : start + _STORED]
        best = np.full((len(queries), len(part)), -np.inf, np.float32)
        for number in range(part.shape[1]):
            of, asked = _signs(part[:, number]).T, wholes if number == part.shape[1] - 1 else inside
            for turn in range(8) if number in (0, part.shape[1] - 1) else _CUT_TURNS:
                np.maximum(best, asked[turn] @ of - least[turn], out=best)
        row, column = np.nonzero(best >= 0)
        rows.append(row)
        columns.append(column + start)
        alike.append(best[row, column])
    return _best_of_each(np.concatenate(rows), np.concatenate(columns), np.concatenate(alike), _NEAREST)


def _signs(hashes: Hashes) -> NDArray[np.float32]:
    """[…, 64] of −1 and 1: their product is 64 less twice the bits that differ."""
    return 2 * np.unpackbits(hashes, axis=-1).astype(np.float32) - 1


def _best_of_each(rows: NDArray, columns: NDArray, alike: NDArray, most: int) -> Pairs:
    """Of each row the columns that are most alike."""
    order = np.lexsort((columns, -alike, rows))
    rows, columns = rows[order], columns[order]
    first = np.searchsorted(rows, rows, "left")
    kept = np.arange(len(rows)) - first < most
    return np.stack([rows[kept], columns[kept]], 1)


# by keypoints


def _by_keypoints(one: Described, other: Described, job: Job) -> Pairs:
    if one.keypoints is None or other.keypoints is None:
        return np.zeros((0, 2), np.int64)
    found = shared_places(one.keypoints, other.keypoints, job, _VOTES)
    ways = [
        _best_of_each(found.one, found.other, found.weights, _VOTERS),
        _best_of_each(found.other, found.one, found.weights, _VOTERS)[:, ::-1],
    ]
    return np.concatenate(ways)
