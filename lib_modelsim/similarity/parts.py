"""Sums of the keys of one block, kept apart by who holds them: what is stored, and what every measure is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .sampling import Sample

Array = NDArray[np.float64]

Held = TypeVar("Held", bound="Sums")


@dataclass(frozen=True)
class NonFinite:
    """NaN or infinities that a model holds under one key, which is then left out for this model; none of both where
    its numbers are too large for the sums."""

    model: int
    key: str
    nans: int
    infinities: int


@dataclass(frozen=True)
class KeySums:
    """One key: the models that hold it in one shape (`members`, m of them), ‖a−b‖² ([m, m]) and ‖a‖² ([m]); ⟨a, b⟩
    ([m, m]) where some are so much larger than others that it does not follow from these."""

    key: str
    members: tuple[int, ...]
    squares: Array
    norms: Array
    inner: Array | None = None

    @cached_property
    def products(self) -> Array:
        """⟨a, b⟩ of every pair, [m, m]."""
        if self.inner is not None:
            return self.inner
        return (self.norms[:, None] + self.norms[None, :] - self.squares) / 2

    @property
    def cosines(self) -> Array:
        """Cosine of every pair, shape [m, m]; NaN where either is zero.

        By way of ‖a−b‖, which is known far more exactly than ⟨a, b⟩ where the two are nearly the same.
        """
        return cosine(self.squares, self.norms[:, None], self.norms[None, :], self.products)

    def scaled(self, count: int, read: int) -> KeySums:
        """The sums of all `count` numbers, from those of a random sample of `read` of them."""
        if read == count:
            return self
        factor = count / read
        inner = None if self.inner is None else self.inner * factor
        return replace(self, squares=self.squares * factor, norms=self.norms * factor, inner=inner)


@dataclass(frozen=True)
class KeyPairs:
    """One key, value by value: the models that hold it in one shape (`members`, m of them), Σ |a−b| and how many
    values are equal (each [m, m]), and how many there are ([])."""

    key: str
    members: tuple[int, ...]
    absolute: Array
    equal: Array
    count: Array

    def scaled(self, count: int, read: int) -> KeyPairs:
        """The sums of all `count` numbers, from those of a random sample of `read` of them."""
        if read == count:
            return self
        factor = count / read
        return replace(self, absolute=self.absolute * factor, equal=self.equal * factor, count=np.array(float(count)))


OF_ONE_SIZE = 8
"""Two vectors, one at most so many times as long as the other, whose cosine ‖a−b‖² tells best."""


def cosine(squares: Array, norms_a: Array, norms_b: Array, products: Array) -> Array:
    """Cosines from ‖a−b‖², ‖a‖², ‖b‖² and ⟨a, b⟩ (arrays that broadcast); NaN where a norm is zero.

    Of vectors of about one size from ‖a−b‖², which is known far more exactly where the two are nearly the same.
    """
    a, b = np.sqrt(norms_a), np.sqrt(norms_b)
    below, nothing = a * b, np.full(squares.shape, np.nan)
    angle = np.divide(squares - (a - b) ** 2, 2 * below, out=nothing.copy(), where=below > 0)
    direct = np.divide(products, below, out=nothing, where=below > 0)
    return np.clip(np.where(np.maximum(a, b) > OF_ONE_SIZE * np.minimum(a, b), direct, 1 - angle), -1, 1)


@dataclass(frozen=True)
class Sums:
    """Sums over keys of one block and component that the same models hold in the same shapes.

    `members` are m positions among the models. The fields of a subclass are arrays whose axes, [], [m] or [m, m], are
    the members.
    """

    component: str
    members: tuple[int, ...]

    @classmethod
    def arrays(cls) -> list[str]:
        """The names of the fields that are arrays."""
        return [field.name for field in fields(cls) if field.name not in ("component", "members")]

    def select(self: Held, rows: Sequence[int]) -> Held | None:
        """The sums among the models rows[0], rows[1], … (one may stand twice). None where nobody holds the keys."""
        place = {member: i for i, member in enumerate(self.members)}
        members = tuple(new for new, old in enumerate(rows) if old in place)
        if not members:
            return None
        kept = [place[rows[new]] for new in members]
        if kept == list(range(len(self.members))):
            return replace(self, members=members)
        arrays = {name: np.asarray(getattr(self, name)) for name in self.arrays()}
        picked = {name: array[np.ix_(*[kept] * array.ndim)] for name, array in arrays.items()}
        return replace(self, members=members, **picked)

    def __add__(self: Held, other: Held) -> Held:
        """The sums over the keys of both, which the same models hold."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in self.arrays()})


@dataclass(frozen=True)
class Lengths(Sums):
    """What the measures of whole lengths and angles are made from.

    `squares` [m, m] is Σ ‖a−b‖², `norms` [m] is Σ ‖a‖², `products` [m, m] is Σ ⟨a, b⟩.
    """

    squares: Array
    norms: Array
    products: Array | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.products is None:  # of libraries that do not have it
            inner = (self.norms[:, None] + self.norms[None, :] - self.squares) / 2
            object.__setattr__(self, "products", inner)

    @classmethod
    def of_key(cls, component: str, sums: KeySums) -> Lengths:
        """The sums that one key makes."""
        return cls(component, sums.members, sums.squares, sums.norms, products=sums.products)


@dataclass(frozen=True)
class Part(Lengths):
    """As `Lengths`, and the per-key cosines: `cosine_sum`, `cosine_count` (keys that are zero in either model do not
    count) and `cosine_least`, each [m, m], the last +inf where nothing counts.
    """

    cosine_sum: Array
    cosine_count: Array
    cosine_least: Array

    @classmethod
    def of_key(cls, component: str, sums: KeySums) -> Part:
        """The part that one key makes."""
        cosines = sums.cosines
        counts = ~np.isnan(cosines)
        return cls(
            component,
            sums.members,
            sums.squares,
            sums.norms,
            np.where(counts, cosines, 0),
            counts.astype(float),
            np.where(counts, cosines, np.inf),
            products=sums.products,
        )

    def __add__(self, other: Part) -> Part:
        least = np.minimum(self.cosine_least, other.cosine_least)
        return replace(super().__add__(other), cosine_least=least)


@dataclass(frozen=True)
class ChangePart(Part):
    """As `Part`, of the changes that adapters make. `farthest` [m, m] is the largest ‖a−b‖² of a key relative to the
    larger of ‖a‖² and ‖b‖²: whether two make the same change of every layer."""

    farthest: Array

    @classmethod
    def of_key(cls, component: str, sums: KeySums) -> ChangePart:
        """The part that one key makes."""
        larger = np.maximum.outer(sums.norms, sums.norms)
        apart = np.divide(sums.squares, larger, out=np.zeros_like(sums.squares), where=larger > 0)
        plain = Part.of_key(component, sums)
        return cls(**{each.name: getattr(plain, each.name) for each in fields(plain)}, farthest=apart)

    def __add__(self, other: ChangePart) -> ChangePart:
        return replace(super().__add__(other), farthest=np.maximum(self.farthest, other.farthest))


@dataclass(frozen=True)
class PairPart(Sums):
    """What the measures that compare value by value are made from: Σ |a−b| and how many values are equal, each
    [m, m], and how many there are, []."""

    absolute: Array
    equal: Array
    count: Array

    @classmethod
    def of_key(cls, component: str, sums: KeyPairs) -> PairPart:
        """The part that one key makes."""
        return cls(component, sums.members, sums.absolute, sums.equal, sums.count)

    @property
    def counts(self) -> Array:
        """How many values each pair was compared over, [m, m]."""
        return np.full(self.equal.shape, float(self.count))


@dataclass(frozen=True)
class Reading:
    """One way to read files: the name under which its sums are remembered, their form, and the sample that is read,
    None for all."""

    method: str
    form: type[Sums]
    sample: Sample | None = None


WEIGHTS = Reading("weights", Part)
"""All weights, each file once, whatever the number of models."""

CHANGES = Reading("changes", ChangePart)
"""What adapters change, from their factors."""

PAIRS = Reading("pairs", PairPart)
"""All weights, each file once, and a pass over the numbers for every pair: n² work."""


def add_up(sums: Iterable[Held]) -> list[Held]:
    """The sums of one block and component, added up over the keys that the same models hold."""
    found: dict[tuple[int, ...], Held] = {}
    for one in sums:
        found[one.members] = found[one.members] + one if one.members in found else one
    return [part for members, part in found.items() if members]


def to_arrays(parts: Sequence[Sums]) -> dict[str, NDArray]:
    """The sums as named arrays, to be stored."""
    arrays = {}
    for i, part in enumerate(parts):
        arrays |= {f"{i}.{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
    return arrays


def from_arrays(form: type[Held], arrays: Mapping[str, NDArray]) -> list[Held]:
    """The sums that `to_arrays` was given, in the form they had."""
    found = []
    while f"{len(found)}.members" in arrays:
        names = {f"{len(found)}.{field.name}": field.name for field in fields(form)}
        values = {name: arrays[stored] for stored, name in names.items() if stored in arrays}
        values |= {"component": str(values["component"]), "members": tuple(values["members"].tolist())}
        found.append(form(**values))
    return found


def gather(parts: Sequence[Held], n: int, matrix: Callable[[Held], Array]) -> Array:
    """The parts' matrices [m, m] added up over all models, [n, n]."""
    total = np.zeros((n, n))
    for part in parts:
        if part.members == tuple(range(n)):  # nearly always
            total += matrix(part)
        else:
            total[np.ix_(part.members, part.members)] += matrix(part)
    return total


def gather_norms(parts: Sequence[Lengths], n: int) -> Array:
    """[a, b] = ‖a‖² over the keys that a shares with b."""
    return gather(parts, n, lambda p: np.broadcast_to(p.norms[:, None], p.squares.shape))


def shared(parts: Sequence[Sums], n: int) -> NDArray[np.bool_]:
    """Whether two models share a key, [n, n]."""
    return gather(parts, n, lambda p: np.ones((len(p.members),) * 2)) > 0


def ratio(above: Array, below: Array) -> Array:
    """above / below, NaN where below is zero."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
