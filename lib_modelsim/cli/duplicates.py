"""`duplicates`: pictures that are one picture, altered, and checkpoints that are the same."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..text import readable
from .documents import errors
from .options import exclude_option, path, require_there, workspace
from .printing import print_json, print_lines
from .progress import progress_bars

if TYPE_CHECKING:  # each command imports its own use case only
    from ..workspace.curating.checkpoints import CheckpointCopies, Member


def add_duplicates_arguments(duplicates: argparse.ArgumentParser) -> None:
    """What `duplicates` takes."""
    duplicates.usage = "%(prog)s [options] --checkpoints PATH …"
    duplicates.add_argument(
        "--checkpoints",
        nargs="+",
        type=path,
        metavar="PATH",
        help="checkpoint files, diffusers folders, or folders to search: which are the same file, have the same "
        "weights, or differ in the VAE alone, and how much of the disk could be freed; nothing is deleted",
    )
    duplicates.add_argument(
        "--quick",
        action="store_true",
        help="with --checkpoints: read no file that was not hashed before, and say nothing of those",
    )
    duplicates.add_argument(
        "--out", type=path, metavar="FILE", help="also write the list into this file (.txt, or .csv for a spreadsheet)"
    )
    exclude_option(duplicates)


def run_duplicates(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.checkpoints is None:
        raise ModelsimError("no checkpoints given", None, "give --checkpoints PATH …")
    return _checkpoints(options)


def _checkpoints(options: argparse.Namespace) -> int:
    from ..workspace.curating.checkpoints import listed, write_list

    require_there(options.checkpoints)
    with workspace(options, options.checkpoints, exclude=options.exclude) as use, progress_bars() as job:
        found = use.checkpoint_copies(job, options.quick)
    if options.out is not None:
        write_list(found, options.out)
    if options.json:
        print_json(_checkpoints_document(found))
    else:
        print_lines(listed(found))
    return 0


def _checkpoints_document(found: CheckpointCopies) -> dict[str, Any]:
    from ..workspace.curating.checkpoints import KINDS

    groups = [
        {
            "kind": group.kind,
            "paths": [readable(member.path) for member in group.members],
            "keep": readable(group.members[0].path),
            "frees": group.frees,
            "members": [_member(member) for member in group.members],
        }
        for group in found.groups
    ]
    return {
        "groups": groups,
        "frees": {kind: found.frees(kind) for kind in KINDS},
        "links": [_member(each) for each in found.linked],
        "not_hashed": list(found.not_hashed),
        "told": found.told,
        "remarks": list(found.remarks),
        "errors": errors(found.unreadable),
    }


def _member(member: Member) -> dict[str, Any]:
    also = [{"path": readable(each.path), "kind": each.kind} for each in member.also_at]
    return asdict(member) | {"path": readable(member.path), "also_at": also, "remarks": list(member.remarks)}
