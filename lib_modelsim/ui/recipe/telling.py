"""A recipe in a sentence, plainly."""

from __future__ import annotations

from ...lineage.recipe import Recipe


def made_of(recipe: Recipe) -> str:
    """What it is made of, in a line."""
    parents = [f"{p.model}" if p.share is None else f"{p.share:.2f} {p.model}" for p in recipe.parents]
    if not parents:
        return f"what {recipe.target} is made of could not be told"
    return f"{recipe.target} {'=' if recipe.sure else 'is perhaps'} {' + '.join(parents)} ({recipe.kind})"


def sentence(recipe: Recipe) -> str:
    """The same with what is left."""
    missing = "; a parent is missing" if recipe.missing is not None else ""
    return f"{made_of(recipe)}{missing}."


def explained(share: float) -> str:
    """How much is explained."""
    return f"{int(10_000 * share) / 100:.2f} %"


def limits(recipe: Recipe) -> list[str]:
    """What else a person has to know."""
    looked = [] if recipe.coverage >= 1 else [f"looked at {100 * recipe.coverage:.0f} % of the network"]
    return [*looked, *recipe.remarks]
