"""Sums that can be read the other way round: of models on one line, or in one plane, numbers do not tell which was
made from which.

If T = 0.7 A + 0.3 B, then A = 1.43 T − 0.43 B leaves nothing either, but for rounding. People do merge with multipliers
below 0 and above 1, so that a negative share is no error; it is no proof of a parent.
"""

from __future__ import annotations

from dataclasses import replace

from ..recipe import ParentShare, Recipe
from .apart import difference_of
from .block_words import MINUS

LEAST = 0.02
"""Shares nearer to 0 have no sign that counts."""


def cautious(recipe: Recipe) -> Recipe:
    """The recipe, not sure and with a remark where its sum can as well be read the other way round. What the file says
    of itself settles it, and so does a known base that is subtracted, as in every add-difference."""
    parents = [parent for parent in recipe.parents if parent.share is not None]
    negative = [parent for parent in parents if (parent.share or 0) < -LEAST]
    if not negative or (recipe.claim is not None and recipe.claim.agrees):
        return recipe
    if difference_of(recipe) is not None and [parent.model for parent in negative] == [recipe.base]:
        return recipe
    largest = max(parents, key=lambda parent: parent.share or 0)
    others = [parent for parent in parents if parent is not largest]
    return replace(recipe, sure=False, remarks=(*recipe.remarks, _told(recipe.target, largest, others)))


def _told(target: str, largest: ParentShare, others: list[ParentShare]) -> str:
    """The same sum, solved for the parent with the largest share."""
    scale = largest.share or 1.0
    told = f"{1 / scale:.2f} {target}"
    for parent in others:
        share = -(parent.share or 0) / scale
        told += f" {MINUS if share < 0 else '+'} {abs(share):.2f} {parent.model}"
    return f"as well {largest.model} may have been made from it: {largest.model} = {told}; numbers do not tell which"
