"""What the points of a map can be coloured by: numbers on a scale, or categories by name."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ...text import brief, counted
from .looking import Picture
from .remembered import MOST_STARS, Mark

if TYPE_CHECKING:
    from .curate import Curated

NONE = 65535
"""The code of a picture of which nothing is known."""

_STEPS = 8
"""Of a scale, as the legend shows it."""

_NAMED = 400
"""Categories that can be told from each other; the smaller ones are one. Prompts may be as many as pictures."""


@dataclass(frozen=True)
class Colouring:
    """`codes` uint16 [pictures]: of numbers 0 … 65534 from the lower to the upper of `ends`, of categories the place in
    `names`; NONE where nothing is known, which `none` says in words. "ordered" are categories with an order of their
    own. `steps` are the bounds of the legend's steps, as people read them."""

    label: str
    kind: Literal["number", "category", "ordered"]
    codes: NDArray[np.uint16]
    none: str
    names: tuple[str, ...] = ()
    ends: tuple[float, float] = (0.0, 0.0)
    steps: tuple[str, ...] = ()
    unit: str = ""

    @property
    def version(self) -> str:
        """Differs where it would look different."""
        digest = hashlib.blake2b(self.codes.tobytes(), digest_size=8)
        digest.update("\0".join((self.label, self.unit, *self.names, *self.steps)).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


def by_number(label: str, values: Sequence[float] | NDArray[np.float64], unit: str, none: str) -> Colouring:
    """A scale from the lowest to the highest value that is a number."""
    found = np.asarray(values, np.float64)
    known = np.isfinite(found)
    low, high = (float(found[known].min()), float(found[known].max())) if known.any() else (0.0, 0.0)
    codes = np.full(len(found), NONE, np.uint16)
    codes[known] = np.round((found[known] - low) / ((high - low) or 1) * (NONE - 1))
    steps = tuple(_read(low + (high - low) * i / _STEPS, high - low) for i in range(_STEPS + 1))
    return Colouring(label, "number", codes, none, ends=(low, high), steps=steps, unit=unit)


def by_category(
    label: str, values: Sequence[Hashable], name: Callable[[Hashable], str], none: str, unknown: Hashable = ""
) -> Colouring:
    """Categories, the largest first; those beyond 400 are one."""
    sizes = Counter(value for value in values if value != unknown)
    ordered = sorted(sizes, key=lambda value: (-sizes[value], name(value)))
    place = {value: min(i, _NAMED) for i, value in enumerate(ordered)}
    names = [name(value) for value in ordered[:_NAMED]]
    if len(ordered) > _NAMED:
        names.append(f"{counted(len(ordered) - _NAMED, 'smaller one')}")
    codes = np.array([place.get(value, NONE) for value in values], np.uint16)
    return Colouring(label, "category", codes, none, names=tuple(names))


def by_stars(values: Sequence[int]) -> Colouring:
    """0 stars are none given."""
    names = ("", *("★" * count for count in range(1, MOST_STARS + 1)))
    codes = np.array([value or NONE for value in values], np.uint16)
    return Colouring("stars", "ordered", codes, "no stars", names=names)


def clusters_of(curated: Curated | None) -> dict[str, str]:
    """Content → the name of the cluster that a picture is in, of several the one that is told first."""
    clusters = curated.judged.clusters if curated is not None else None
    told = clusters.told if clusters is not None else ()
    return {member.content: cluster.name for cluster in reversed(told) for member in cluster.members}


def colourings(
    pictures: Sequence[Picture],
    marks: Mapping[str, Mark],
    labels: Mapping[str, str],
    units: Mapping[str, str],
    clusters: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Colouring]:
    """Name → colouring, of all that is known of at least one picture; where nothing is, one colour for all. `labels`
    are the scores' as people read them; `clusters`: content → name."""
    about = [each.about for each in pictures]
    models = {each.key: each.model for each in about}
    groups = [each.group for each in pictures]
    found = {
        f"score:{score}": by_number(
            label, [each.scores.get(score, math.nan) for each in pictures], units.get(score, ""), "no score"
        )
        for score, label in labels.items()
    }
    found["model"] = by_category("model", [each.key for each in about], lambda key: models[str(key)], "not told")
    found["prompt"] = by_category("prompt", [each.prompt for each in about], lambda text: brief(str(text)), "not told")
    found["suite"] = by_category("suite", [each.suite for each in about], str, "none")
    found["category"] = by_category("category", groups, str, "in none")
    found["cluster"] = by_category("cluster", [clusters.get(each.content, "") for each in about], str, "in none")
    found["stars"] = by_stars([marks.get(each.content, Mark()).stars for each in about])
    told = {name: each for name, each in found.items() if (each.codes != NONE).any()}
    return told or {"plain": by_category("nothing known yet", ["picture"] * len(pictures), str, "")}


def _read(value: float, spread: float) -> str:
    """With as many digits as tell one step from the next."""
    digits = 0 if spread <= 0 else max(0, 1 - math.floor(math.log10(spread / _STEPS)))
    return f"{value:.{min(digits, 6)}f}" if digits else f"{value:.3g}" if abs(value) < 1e6 else f"{value:.2e}"
