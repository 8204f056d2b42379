"""`baked`: which checkpoints an adapter is baked into."""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from .documents import errors
from .options import device_option, exclude_option, require_there, workspace
from .progress import progress_bars
from .text import table

if TYPE_CHECKING:
    from ..workspace.comparing.baked import Baked


def add_baked_arguments(baked: argparse.ArgumentParser) -> None:
    """What `baked` takes: the first path is the adapter."""
    baked.usage = "modelsim baked [-h] [--json] [--base NAME] ADAPTER PATH [PATH ...]"
    baked.add_argument(
        "--base", metavar="NAME", help="what the checkpoints were made from (default: a published base among them)"
    )
    exclude_option(baked)
    device_option(baked)


def run_baked(options: argparse.Namespace) -> int:
    """Run the command."""
    adapter, *_ = options.paths
    require_there(options.paths)
    with workspace(options, options.paths, exclude=options.exclude) as use, progress_bars() as job:
        index = use.read_index(job)
        where = os.path.abspath(adapter)  # noqa: PTH100 - links stay apart
        name = next((m.name for m in index.models if os.path.abspath(m.path) == where), None)  # noqa: PTH100
        if name is None:
            why = next((bad.error for bad in index.unreadable), "it is a folder, or left out")
            raise ModelsimError("the adapter cannot be read", f"{adapter} ({why})", "name its file first")
        found = use.baked(name, options.base, index, job)
    if options.json:
        print_json(_document(found))
    else:
        print_lines(_lines(found))
    return 0


def _document(found: Baked) -> dict[str, Any]:
    matches = [
        {name: _plain(value) for name, value in asdict(match).items()} | {"told": match.told} for match in found.matches
    ]
    return {"adapter": found.adapter, "base": found.base, "matches": matches, "errors": errors(found.unreadable)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _lines(found: Baked) -> list[str]:
    rows = [(match.name, match.told, match.why) for match in found.matches]
    bad = [f"not read: {each['path']}: {each['error']}" for each in errors(found.unreadable)]
    return [f"How much of {found.adapter} is in each checkpoint's difference from {found.base}:", *table(rows), *bad]
