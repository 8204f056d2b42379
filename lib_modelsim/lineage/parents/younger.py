"""Which candidate is rather made of the target than the target of it.

If M = 0.7 T + 0.3 B, then T = 1.43 M − 0.43 B leaves nothing either: numbers do not tell which was made. But mergers'
sliders go from 0 to 1, so of the two the sum with positive shares is what a person did, as a rule; and where M is left
out, what T is made of comes to light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..evidence import TargetEvidence
from ..recipe import ParentShare, Recipe

_LEAST = 0.02
"""Shares nearer to 0 have no sign that counts, and nearer to 1 are a whole model."""

MINUS = "−"


@dataclass(frozen=True)
class YoungerModel:
    """A candidate that reads as made of the target, and the two sums in a sentence."""

    name: str
    told: str


def younger(recipe: Recipe) -> YoungerModel | None:
    """The parent of a recipe that reads as a sum of the target and its other parents with no share below 0, where the
    recipe itself has one that is not the base's; None where there is none."""
    parents = [one for one in recipe.parents if one.share is not None]
    negative = [one.model for one in parents if (one.share or 0) < -_LEAST]
    if not negative or negative == [recipe.base]:
        return None
    largest = max(parents, key=lambda one: one.share or 0)
    scale = largest.share or 1.0
    others = [one for one in parents if one is not largest]
    if scale < 1 + _LEAST or any((one.share or 0) / scale > _LEAST for one in others):
        return None
    sums = [(1 / scale, recipe.target), *(((one.share or 0) / -scale, one.model) for one in others)]
    told = f"{largest.model} = {_written(sums)}"
    own = f"{recipe.target} = {_written([(one.share or 0, one.model) for one in [largest, *others]])}"
    kept = f"{largest.model} is left out, as it reads as made of it: {told}; as well could it be {own}"
    return YoungerModel(largest.model, f"{kept}: numbers do not tell which")


def without(evidence: TargetEvidence, model: YoungerModel, parents: Sequence[ParentShare]) -> TargetEvidence:
    """The evidence without this candidate and those that are the same, with a remark."""
    same = next((one.same_as for one in parents if one.model == model.name), ())
    kept = tuple(name for name in evidence.candidates if name != model.name and name not in same)
    blocks = [block.of(kept) for block in evidence.blocks]
    return replace(evidence, candidates=kept, blocks=blocks, remarks=(*evidence.remarks, model.told))


def _written(sums: Sequence[tuple[float, str]]) -> str:
    text = ""
    for share, model in sums:
        if abs(share) < 0.005:
            continue
        sign = f" {MINUS} " if share < 0 else " + "
        text += f"{sign if text else sign.strip(' +')}{abs(share):.2f} {model}"
    return text
