"""What every merge method has in common: its formula, and how it is recognised in a sample of the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..values import KeyValues


@dataclass(frozen=True)
class MethodFit:
    """How well a method explains a sample: its parents by role, the parameters that fit best, and what is left, as a
    multiple of the rounding of the stored precision (root mean square over the sample)."""

    method: str
    parents: Mapping[str, str]
    parameters: Mapping[str, float] = field(default_factory=dict)
    residual_in_roundings: float = float("inf")


@dataclass(frozen=True)
class Method:
    """One way to merge.

    `name` is the recipe's `kind`; `roles` the letters of its parents in the formula; `needs_base` whether one of them,
    "base", is the network's base. `formula` and `source` are for people. `fit(sample, parents)` fits the parameters to
    whole weights of target and models, where `parents` says role → model; it must be quick to give up. `shares` says
    whether the shares of its parents mean anything to a person (DARE: on average; TIES: not).
    """

    name: str
    roles: tuple[str, ...]
    formula: str
    source: str
    fit: Callable[[Sequence[KeyValues], Mapping[str, str]], MethodFit | None]
    needs_base: bool = False
    symmetric: bool = False
    shares: bool = False
