"""What every merge method has in common: its formula, and how it is recognised in a sample of the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..values import KeyValues


@dataclass(frozen=True)
class MethodFit:
    """How well a method explains a sample: its parents by role, the parameters that fit best, and what is left, as a
    multiple of the rounding of the stored precision (root mean square over the sample's largest component);
    `components` has the same for each component alone. `shares` are the shares by role that the parameters mean, for a
    method that has constant ones; `blocks` the parameters by block where they differ between blocks. `coarse`: a
    parent is stored more coarsely than the target, and what is left is counted in its rounding: no proof."""

    method: str
    parents: Mapping[str, str]
    parameters: Mapping[str, float] = field(default_factory=dict)
    residual_in_roundings: float = float("inf")
    components: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    blocks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    coarse: bool = False


@dataclass(frozen=True)
class Method:
    """One way to merge.

    `name` is the recipe's `kind`; `roles` the letters of its parents in the formula, "C" being what differences are
    taken from: mostly the network's base. `formula` and `source` are for people.

    `quick(sample, parents)` looks at small pieces cut from weights, where `parents` says role → model, and says how
    badly the method can explain them: 0 perfectly, from 1 on not at all; it is called for every choice of parents.
    `fit(sample, parents)` fits the parameters to whole weights, None where the method does not hold or could not be
    told from a plain copy of a parent. `symmetric`: A and B can change places. `shares` says whether the shares of its
    parents mean anything to a person (DARE: on average; TIES: not).
    """

    name: str
    roles: tuple[str, ...]
    formula: str
    source: str
    quick: Callable[[Sequence[KeyValues], Mapping[str, str]], float]
    fit: Callable[[Sequence[KeyValues], Mapping[str, str]], MethodFit | None]
    symmetric: bool = False
    shares: bool = False
