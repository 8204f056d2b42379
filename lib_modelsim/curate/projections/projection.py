"""What a projection is, what a kind of projection says of itself, and how much of what vectors say it keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError
from ...job import Job

Points = NDArray[np.float32]
Vectors = NDArray[np.float32]

SEED = 2023
"""Of everything random: the same vectors give the same map."""

_ASKED = 300
"""Pictures whose neighbours are compared. The share is then known to about ±2 %."""

_NEIGHBOURHOOD = 0.01
_FEWEST_NEIGHBOURS = 5
_FEWEST = 4 * _FEWEST_NEIGHBOURS
"""Different vectors below which chance alone keeps a quarter of the neighbours: nothing is said then."""


@dataclass(frozen=True)
class ProjectionKind:
    """A way to lay vectors out.

    - `name`: as it is typed; `label`: as the page calls it.
    - `identity`: changes when the same vectors would give another map.
    - `place`: float32 [n, d] of finite numbers, all rows different, n ≥ `fewest` → float32 [n, 2] in any unit; raises
      Cancelled where the job asks for it and the method lets us.
    - `fewest`: vectors that the method needs.
    - `missing`: the packages to install before it can be used; none where it can.
    - `distances`: what distances on the map mean, in one sentence.
    """

    name: str
    label: str
    identity: str
    place: Callable[[Vectors, Job], Points]
    distances: str
    fewest: int = 1
    missing: Callable[[], tuple[str, ...]] = lambda: ()


@dataclass(frozen=True)
class Projected:
    """`points` float32 [n, 2] in −1 … 1 with equal units on both axes, NaN where a vector is none. `kept` is the share
    of a picture's neighbours on the map that are its neighbours by their vectors, NaN where that says nothing; `chance`
    what a map without meaning would keep; both as `neighbours_kept` has them."""

    points: Points
    kept: float
    chance: float


class TooFewVectors(ModelsimError):  # noqa: N818 - it says what is wrong
    """A method needs more."""


def project(vectors: Vectors, kind: ProjectionKind, job: Job) -> Projected:
    """The projection of vectors [n, d], whatever their order; equal ones lie at one place, one that holds NaN at none.

    Raises TooFewVectors, Cancelled, and ModelsimError where a package is missing.
    """
    finite = np.isfinite(vectors).all(1)
    order, places = _different(vectors[finite])
    distinct = np.ascontiguousarray(vectors[finite][order], np.float32)
    if 0 < len(distinct) < kind.fewest:
        raise TooFewVectors(
            f"{kind.label} needs at least {kind.fewest} different pictures", len(distinct), "choose PCA"
        )
    job.check()
    placed = within_one(kind.place(distinct, job)) if len(distinct) else np.zeros((0, 2), np.float32)
    job.check()
    points = np.full((len(vectors), 2), np.nan, np.float32)
    points[finite] = placed[places]
    return Projected(points, *neighbours_kept(distinct, placed))


def within_one(points: Points) -> Points:
    """Points moved and scaled so that they fill −1 … 1 in the longer direction."""
    low, high = points.min(0), points.max(0)
    half = float((high - low).max()) / 2
    placed = (points - (low + high) / 2) / (half or 1)
    return np.clip(placed, -1, 1).astype(np.float32)  # numbers below float's normal ones are divided coarsely


def neighbours_kept(vectors: Vectors, points: Points) -> tuple[float, float]:
    """How many of the nearest hundredth of all pictures on the map (at least 5 pictures) are also among the nearest
    hundredth by their vectors: the mean share 0 … 1 over up to 300 pictures, and the share by chance. Both NaN where
    there are fewer than 20 different vectors.

    The agreement rate of Akkucuk & Carroll, Journal of Classification 23 (2006), of a sample. A share of all pictures
    and not a fixed number: whoever looks at a map looks at regions.
    """
    n = len(vectors)
    if n < _FEWEST:
        return float("nan"), float("nan")
    near = max(_FEWEST_NEIGHBOURS, round(_NEIGHBOURHOOD * n))
    asked = np.random.default_rng(SEED).permutation(n)[:_ASKED]
    kept = 0
    for part in np.array_split(asked, -(-len(asked) // 100)):
        by_vector, on_map = _squared(vectors, part), _squared(points, part)
        limit = np.partition(by_vector, near - 1, 1)[:, near - 1, None]
        found = np.argpartition(on_map, near - 1, 1)[:, :near]
        kept += int((np.take_along_axis(by_vector, found, 1) <= limit).sum())
    return kept / (near * len(asked)), near / (n - 1)


def _squared(rows: Vectors, asked: NDArray[np.intp]) -> NDArray[np.float32]:
    """Squared distances [asked, n]; that of a row to itself is infinite."""
    squares = np.einsum("ij,ij->i", rows, rows)
    found = squares[asked, None] + squares - 2 * (rows[asked] @ rows.T)
    found[np.arange(len(asked)), asked] = np.inf
    return found


def _different(vectors: Vectors) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that differ, in an order that does not depend on theirs, and the place of each row among them."""
    digests = [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(vectors, np.float32) + 0.0]
    first = {digest: i for i, digest in reversed(list(enumerate(digests)))}
    ordered = sorted(first)
    place = {digest: i for i, digest in enumerate(ordered)}
    return np.array([first[each] for each in ordered], np.intp), np.array([place[each] for each in digests], np.intp)
