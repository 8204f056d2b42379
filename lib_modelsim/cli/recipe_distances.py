"""`recipe --distances FILE`: overall shares from a matrix alone."""

from __future__ import annotations

import argparse

from ..errors import ModelsimError
from ..lineage.recipe import Recipe
from ..lineage.wording import words
from ..lineage.wording.document import document
from ..saying import print_json, print_lines


def refuse_beside_distances(options: argparse.Namespace, unfit: dict[str, object]) -> None:
    """Raises ModelsimError for what makes no sense beside a matrix: checkpoints, and these options."""
    given = {"PATH": options.paths} | unfit
    for option, value in given.items():
        if value:
            shown = value[0] if isinstance(value, list) else value
            raise ModelsimError(f"--distances cannot be combined with {option}", shown, f"remove {option}")


def run_recipes_of_matrix(options: argparse.Namespace) -> int:
    """Run the command."""
    from ..workspace.lineage.lineages import Lineages

    unfit = {"--parents": options.parents, "--base": options.base, "--write-script": options.write_script}
    refuse_beside_distances(options, unfit)
    found = Lineages.recipes_of_matrix(options.distances, options.component)
    if options.json:
        recipes = [document(recipe) for recipe in found.recipes]
        print_json({"recipes": recipes, "component": found.component, "remarks": list(found.remarks)})
    else:
        print_lines([*(line for recipe in found.recipes for line in _lines(recipe)), "", *found.remarks])
    return 0


def _lines(recipe: Recipe) -> list[str]:
    return [words.sentence(recipe), *(f"  {remark}" for remark in recipe.remarks)]
