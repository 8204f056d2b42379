"""Which candidate is rather made of the target than the target of it.

If M = 0.7 T + 0.3 B, then T = 1.43 M − 0.43 B leaves nothing either: numbers do not tell which was made. But mergers'
sliders go from 0 to 1, so of the two the sum with positive shares is what a person did, as a rule; and where M is left
out, what T is made of comes to light.

A change of one model, a training or a LoRA, can be read both ways, too. It goes off at right angles to what was changed
before, so what was made later is farther from the base by its length: ‖T − base‖² = ‖M − base‖² + ‖T − M‖².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..evidence import TargetEvidence
from ..kinds import FINE_TUNE, LORA
from ..recipe import ParentShare, Recipe

_LEAST = 0.02
"""Shares nearer to 0 have no sign that counts, and nearer to 1 are a whole model."""

MINUS = "−"

_RIGHT_ANGLE = 0.5
"""Half of the length of a change, squared, by which the later of two must be farther from the base."""


@dataclass(frozen=True)
class YoungerModel:
    """A candidate that reads as made of the target, and the two sums in a sentence."""

    name: str
    told: str


def younger(recipe: Recipe, evidence: TargetEvidence) -> YoungerModel | None:
    """The parent of a recipe that reads as made of the target; None where there is none."""
    return _other_way_round(recipe) or _nearer_to_the_base(recipe, evidence)


def with_direction(recipe: Recipe, evidence: TargetEvidence) -> Recipe:
    """The recipe; where it is a change of one model, not sure unless the base tells which of the two was first."""
    large = [one.model for one in recipe.parents if abs(one.share or 0) > _LEAST]
    if recipe.kind not in (LORA, FINE_TUNE) or len(large) != 1 or large == [evidence.base]:
        return recipe
    added = any((lora.strength or 0) > 0 for lora in recipe.lora)  # an adapter of the library: nobody takes one away
    if added or (farther_by(recipe, evidence) or 0) >= _RIGHT_ANGLE:
        return recipe
    (name,) = large
    told = f"{name} may as well have been made from it: without a base that both go back to, numbers do not tell which"
    return replace(recipe, sure=False, remarks=(*recipe.remarks, told))


def farther_by(recipe: Recipe, evidence: TargetEvidence) -> float | None:
    """How much farther the target is from the base than its one parent, in lengths of what parts the two, all squared:
    about 1 where it was made from the parent, −1 where the parent was made from it. None where there is no base, or
    more than one parent."""
    large = [one.model for one in recipe.parents if abs(one.share or 0) > _LEAST]
    if len(large) != 1 or evidence.base in (None, large[0]):
        return None
    name, base = large[0], evidence.base
    own = parent = apart = 0.0
    for block in evidence.blocks:
        if name in block.names and base in block.names:
            i, j = block.names.index(name, 1), block.names.index(base, 1)
            own, parent, apart = own + block.squares[0, j], parent + block.squares[i, j], apart + block.squares[0, i]
    return float((own - parent) / apart) if apart > 0 else None


def _nearer_to_the_base(recipe: Recipe, evidence: TargetEvidence) -> YoungerModel | None:
    """The one model that a training or a LoRA is told to start from, where the target lies between it and the base."""
    if recipe.kind not in (LORA, FINE_TUNE) or (farther_by(recipe, evidence) or 0) > -_RIGHT_ANGLE:
        return None
    name = max(recipe.parents, key=lambda one: abs(one.share or 0)).model
    return YoungerModel(name, f"{name} is left out: it goes on from here, farther from {evidence.base}")


def _other_way_round(recipe: Recipe) -> YoungerModel | None:
    """The parent that is a sum of the target and the other parents with no share below 0, where the recipe itself has
    one that is not the base's."""
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
