"""What several fields of a recipe say together: the letters of a difference, the components apart from the rest."""

from __future__ import annotations

from .. import kinds
from ..recipe import ComponentOrigin, Recipe


def differing(recipe: Recipe) -> dict[str, ComponentOrigin]:
    """The components that are not as the formula makes them of all parents: one model's, changed, or nobody's."""
    parents = {parent.model for parent in recipe.parents}
    if recipe.kind == kinds.SWAP:
        parents = {recipe.parents[0].model}
    return {
        name: origin
        for name, origin in recipe.components.items()
        if origin.kind != "merged" and not (origin.kind == "same" and parents <= {origin.source, *origin.same_as})
    }


def difference_of(recipe: Recipe) -> tuple[str, str, str, float] | None:
    """A, B, C and α of an add-difference A + α · (B − C); None where it is none of three models. Where both stand at
    ±α, B is the one that is added."""
    held = {parent.model: parent.share for parent in recipe.parents}
    role = {parent.role: parent.model for parent in recipe.parents}
    if recipe.kind != kinds.ADD_DIFFERENCE or len(held) != 3 or None in held.values():
        return None
    if not {"A", "B", "C"} <= set(role):
        a = min(held, key=lambda name: abs((held[name] or 0) - 1))
        c, b = sorted((name for name in held if name != a), key=lambda name: held[name] or 0)
        role = {"A": a, "B": b, "C": c}
    return role["A"], role["B"], role["C"], held[role["B"]] or 0.0
