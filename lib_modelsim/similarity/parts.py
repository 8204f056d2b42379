"""Sums of the keys of one block, kept apart by who holds them: what is stored, and what every measure is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KeySums:
    """One key: the models that hold it in one shape (`members`, m of them), ‖a−b‖² ([m, m]) and ‖a‖² ([m])."""

    key: str
    members: tuple[int, ...]
    squares: Array
    norms: Array

    @property
    def cosines(self) -> Array:
        """Cosine of every pair, shape [m, m]; NaN where either is zero.

        By way of ‖a−b‖, which is known far more exactly than ⟨a, b⟩ where the two are nearly the same.
        """
        return cosine(self.squares, self.norms[:, None], self.norms[None, :])

    def scaled(self, count: int, read: int) -> KeySums:
        """The sums of all `count` numbers, from those of a random sample of `read` of them."""
        if read == count:
            return self
        return replace(self, squares=self.squares * (count / read), norms=self.norms * (count / read))


def cosine(squares: Array, norms_a: Array, norms_b: Array) -> Array:
    """Cosines from ‖a−b‖², ‖a‖² and ‖b‖² (arrays that broadcast); NaN where a norm is zero."""
    a, b = np.sqrt(norms_a), np.sqrt(norms_b)
    below = 2 * a * b
    angle = np.divide(squares - (a - b) ** 2, below, out=np.full(squares.shape, np.nan), where=below > 0)
    return np.clip(1 - angle, -1, 1)


@dataclass(frozen=True)
class Part:
    """Keys of one block and component that the same models hold in the same shapes.

    `members` are m positions among the models; `squares` [m, m] is Σ ‖a−b‖², `norms` [m] is Σ ‖a‖²; of the per-key
    cosines `cosine_sum`, `cosine_count` (keys that are zero in either model do not count) and `cosine_least`, each
    [m, m], the last +inf where nothing counts.
    """

    component: str
    members: tuple[int, ...]
    squares: Array
    norms: Array
    cosine_sum: Array
    cosine_count: Array
    cosine_least: Array

    def select(self, rows: Sequence[int]) -> Part | None:
        """The part among the models rows[0], rows[1], … (one may stand twice). None where nobody holds it."""
        place = {member: i for i, member in enumerate(self.members)}
        members = tuple(new for new, old in enumerate(rows) if old in place)
        if not members:
            return None
        kept = [place[rows[new]] for new in members]
        pick = np.ix_(kept, kept)
        square = (matrix[pick] for matrix in (self.cosine_sum, self.cosine_count, self.cosine_least))
        return Part(self.component, members, self.squares[pick], self.norms[kept], *square)


def add_up(component: str, keys: Iterable[KeySums]) -> list[Part]:
    """The parts of one block's keys, all of this component."""
    found: dict[tuple[int, ...], Part] = {}
    for sums in keys:
        cosines = sums.cosines
        counts = ~np.isnan(cosines)
        one = Part(
            component,
            sums.members,
            sums.squares,
            sums.norms,
            np.where(counts, cosines, 0),
            counts.astype(float),
            np.where(counts, cosines, np.inf),
        )
        found[sums.members] = _plus(found[sums.members], one) if sums.members in found else one
    return [part for members, part in found.items() if members]


def _plus(a: Part, b: Part) -> Part:
    return Part(
        a.component,
        a.members,
        a.squares + b.squares,
        a.norms + b.norms,
        a.cosine_sum + b.cosine_sum,
        a.cosine_count + b.cosine_count,
        np.minimum(a.cosine_least, b.cosine_least),
    )


def to_arrays(parts: Sequence[Part]) -> dict[str, NDArray]:
    """The parts as named arrays, to be stored."""
    arrays = {}
    for i, part in enumerate(parts):
        arrays |= {f"{i}.{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
    return arrays


def from_arrays(arrays: Mapping[str, NDArray]) -> list[Part]:
    """The parts that `to_arrays` was given."""
    found = []
    while f"{len(found)}.members" in arrays:
        values = {field.name: arrays[f"{len(found)}.{field.name}"] for field in fields(Part)}
        values |= {"component": str(values["component"]), "members": tuple(values["members"].tolist())}
        found.append(Part(**values))
    return found
