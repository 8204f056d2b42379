"""`recipe`: what a checkpoint is made of."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..lineage.wording import words
from ..lineage.wording.document import document
from ..saying import print_json, print_lines
from .documents import errors
from .options import device_option, exclude_option, path
from .progress import progress_bars
from .recipe_distances import run_recipes_of_matrix
from .recipe_paths import RecipeQuestion, asked
from .recipe_scripts import require_place, write_scripts
from .text import bad_lines, table

if TYPE_CHECKING:
    from ..lineage.recipe import Recipe
    from ..workspace.catalogue.index import Unreadable


def add_recipe_arguments(recipe: argparse.ArgumentParser) -> None:
    """What `recipe` takes: the first path is the target, the others are or hold what it may be made from."""
    recipe.usage = (
        "modelsim recipe [-h] [--json] [--parents PATH ...] [--base NAME|PATH] [--library [FILE|DIR]] "
        "[--write-script FILE|DIR] TARGET [PATH ...]\n       modelsim recipe --all PATH [PATH ...]\n"
        "       modelsim recipe --distances FILE"
    )
    recipe.add_argument(
        "paths", nargs="*", type=path, metavar="TARGET PATH", help="the checkpoint, then what it may be made from"
    )
    recipe.add_argument(
        "--parents", nargs="+", type=path, default=[], metavar="PATH", help="what it may be made from, files or names"
    )
    recipe.add_argument("--base", metavar="NAME|PATH", help="what they were all trained from, by name or as a file")
    recipe.add_argument("--all", action="store_true", help="the recipes of all checkpoints, each from the others")
    recipe.add_argument("--distances", type=path, metavar="FILE", help="shares from a matrix of distances alone")
    recipe.add_argument("--component", metavar="C", help="with --distances: component whose distances are used")
    recipe.add_argument(
        "--write-script",
        type=path,
        metavar="FILE|DIR",
        help="write what repeats the merge: .txt for the WebUI's Checkpoint Merger, .py for sd-mecha, .json for "
        "ComfyUI; into a folder: all that can",
    )
    library = recipe.add_mutually_exclusive_group()
    library.add_argument(
        "--library",
        nargs="?",
        action="append",
        type=path,
        metavar="FILE|DIR",
        help="alone: look among all checkpoints that the library knows; a folder: among those in it; a file: the one "
        "that keeps the results",
    )
    library.add_argument("--no-library", action="store_true", help="keep no results")
    exclude_option(recipe)
    device_option(recipe)


def run_recipe(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.distances is not None:
        return run_recipes_of_matrix(options)
    if options.component is not None:
        raise ModelsimError("--component needs --distances", options.component, "add --distances FILE")
    if options.write_script is not None:
        require_place(options.write_script, options.all)
    with progress_bars() as job, asked(options, job) as question:
        if question.target is None:
            return _all(options, question.use.lineage.recipes(question.base, question.index, job), question)
        found = question.use.lineage.recipe(question.target, question.base, question.index, job)
        scripts = write_scripts(options.write_script, found, question)
    unreadable = question.index.unreadable
    if options.json:
        print_json(document(found) | {"scripts": [each.document for each in scripts], "errors": errors(unreadable)})
    else:
        print_lines([*lines(found), *(each.told for each in scripts if not each.alone), *bad_lines(unreadable)])
    refused = next((each.refused for each in scripts if each.alone), None)
    if refused is not None:
        raise refused
    return 0


def _all(options: argparse.Namespace, results: Iterator[Recipe | Unreadable], question: RecipeQuestion) -> int:
    """Recipe after recipe; after Ctrl-C those that are finished are still told."""
    from ..workspace.catalogue.index import Unreadable

    recipes, bad, stopped = [], list(question.index.unreadable), None
    try:
        for found in results:
            if isinstance(found, Unreadable):
                bad.append(found)
                continue
            scripts = write_scripts(options.write_script, found, question)
            recipes.append(document(found) | {"scripts": [each.document for each in scripts]})
            if not options.json:
                print_lines([words.sentence(found), *(f"  {each.told}" for each in scripts)])
    except KeyboardInterrupt as stop:
        stopped = stop
    if options.json:
        print_json({"recipes": recipes, "errors": errors(bad)})
    else:
        print_lines(bad_lines(bad))
    if stopped is not None:
        raise stopped
    if not recipes and not bad:
        raise ModelsimError("there is no checkpoint here", None, "give files or folders with checkpoints")
    return 0


def lines(found: Recipe) -> list[str]:
    """What a person reads: a sentence, the blocks, the evidence, what was not looked at."""
    rows = words.blocks(found)
    told = [words.sentence(found)]
    told += ["", *table(rows, right=range(1, len(rows[0])))] if rows else []
    told += _under("How that is known:", words.evidence(found))
    return told + _under("What it does not tell:", words.limits(found))


def _under(heading: str, said: Iterable[str]) -> list[str]:
    listed = [f"  {line}" for line in said]
    return ["", heading, *listed] if listed else []
