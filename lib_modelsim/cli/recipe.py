"""`recipe`: what a checkpoint is made of."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from .options import device_option, exclude_option, path, require_there, workspace
from .printing import print_json, print_lines
from .progress import progress_bars

if TYPE_CHECKING:
    from ..lineage.recipe import Recipe


def add_recipe_arguments(recipe: argparse.ArgumentParser) -> None:
    """What `recipe` takes: the first path is the target, the others are or hold its candidates."""
    recipe.usage = "modelsim recipe [-h] [--json] [--parents PATH ...] [--base NAME] TARGET [PATH ...]"
    recipe.add_argument("--parents", nargs="+", type=path, default=[], metavar="PATH", help="what it may be made of")
    recipe.add_argument("--base", metavar="NAME", help="what they were all trained from, one of them or a file")
    exclude_option(recipe)
    device_option(recipe)


def run_recipe(options: argparse.Namespace) -> int:
    """Run the command."""
    target, *_ = options.paths
    base = Path(options.base) if options.base and os.path.lexists(options.base) else None
    paths = [*options.paths, *options.parents, *([base] if base else [])]
    require_there(paths)
    with workspace(options, paths, exclude=options.exclude) as use, progress_bars() as job:
        index = use.read_index(job)
        named = {os.path.abspath(model.path): model.name for model in index.models}  # noqa: PTH100
        name = named.get(os.path.abspath(target))  # noqa: PTH100
        if name is None:
            why = next((bad.error for bad in index.unreadable), "it is a folder, or left out")
            raise ModelsimError("the checkpoint cannot be read", f"{target} ({why})", "name its file first")
        origin = named.get(os.path.abspath(base), options.base) if base else options.base  # noqa: PTH100
        found = use.lineage.recipe(name, origin, index, job)
    if options.json:
        print_json(document(found))
    else:
        print_lines([" + ".join(f"{p.share:.2f} {p.model}" for p in found.parents)])
    return 0


def document(found: Recipe) -> dict[str, Any]:
    """The JSON of one recipe."""
    plain = asdict(found)
    return plain | {
        "parents": [{"model": p.model, "share": p.share, "low": p.low, "high": p.high, "role": p.role,
                     "same_as": list(p.same_as)} for p in found.parents],
        "components": {name: {"from": c.source, "kind": c.kind} for name, c in found.components.items()},
    }  # fmt: skip
