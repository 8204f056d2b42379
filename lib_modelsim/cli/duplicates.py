"""`duplicates`: pictures that are one picture, altered, and checkpoints that are the same."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..text import printable
from ..writing import write_text
from .duplicate_documents import (
    captions_document,
    captions_lines,
    checkpoints_document,
    pictures_document,
    pictures_lines,
    verbatim_document,
    verbatim_lines,
)
from .options import exclude_option, path, require_there, workspace
from .progress import progress_bars


def add_duplicates_arguments(duplicates: argparse.ArgumentParser) -> None:
    """What `duplicates` takes."""
    duplicates.usage = "%(prog)s [options] (DIR [--against DIR …] | --never A B | --hidden | --checkpoints PATH …)"
    duplicates.add_argument(
        "folder", nargs="?", type=path, metavar="DIR", help="a folder of pictures, searched to its depths"
    )
    duplicates.add_argument(
        "--against",
        action="append",
        default=[],
        type=path,
        metavar="DIR",
        help="tell which pictures of the first folder are also in this one, a training folder, say; can be repeated",
    )
    duplicates.add_argument(
        "--verbatim", action="store_true", help="with --against: of each model how many pictures repeat one, and which"
    )
    duplicates.add_argument(
        "--captions",
        nargs="?",
        const=Path(),
        type=Path,
        metavar="OUT",
        help="show the captions of each group (.txt, .caption beside the pictures) merged for the picture to keep, and "
        "those that do not fit the others; with OUT write the merged ones into this folder",
    )
    duplicates.add_argument(
        "--never", nargs=2, type=path, metavar=("A", "B"), help="never show these two pictures as a pair again"
    )
    duplicates.add_argument("--hidden", action="store_true", help="list the pairs that are never shown")
    duplicates.add_argument(
        "--show-again", type=int, metavar="N", help="show the pair of this number in the list of --hidden again"
    )
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
        "--out",
        type=path,
        metavar="FILE",
        help="also write what is printed into this file; of checkpoints a .csv for a spreadsheet, too",
    )
    exclude_option(duplicates)


def run_duplicates(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.checkpoints is not None:
        if options.folder is not None:
            raise ModelsimError("a folder of pictures, and checkpoints", options.folder, "ask for one of the two")
        return _checkpoints(options)
    if options.never or options.hidden or options.show_again is not None:
        return _hiding(options)
    if options.folder is None:
        fix = "give a folder with pictures before the options, or --checkpoints PATH …"
        raise ModelsimError("no folder given", None, fix)
    return _pictures(options)


def _pictures(options: argparse.Namespace) -> int:
    if options.verbatim and not options.against:
        raise ModelsimError("--verbatim needs another folder", None, "add --against DIR, the training folder")
    with workspace(options) as use, progress_bars() as job:
        curating = use.curating
        found = curating.duplicates(options.folder, options.against, job)
        repeats = curating.verbatim_copies(found) if options.verbatim else None
        captions = None if options.captions is None else curating.merged_captions(found)
        written = curating.write_captions(captions, options.captions) if captions and options.captions != Path() else []
    told = pictures_lines(found) if repeats is None else verbatim_lines(repeats)
    if options.out is not None:
        write_text(options.out, "".join(f"{printable(line)}\n" for line in told))
    if options.json:
        print_json(pictures_document(found) | verbatim_document(repeats) | captions_document(captions, written))
    else:
        print_lines([*told, *captions_lines(captions, written)])
    return 0


def _hiding(options: argparse.Namespace) -> int:
    with workspace(options) as use:
        if options.never:
            use.curating.never_show(*options.never)
        pairs = use.curating.hidden_pairs()
        if options.show_again is not None:
            if not 1 <= options.show_again <= len(pairs):
                raise ModelsimError("no such number", options.show_again, "see the list: duplicates --hidden")
            use.curating.show_again(pairs.pop(options.show_again - 1))
    if options.json:
        hidden = [{"a": pair.first, "b": pair.second, "contents": [pair.a, pair.b]} for pair in pairs]
        print_json({"hidden": hidden})
    else:
        told = [f"{i} {pair.first or pair.a} and {pair.second or pair.b}" for i, pair in enumerate(pairs, 1)]
        print_lines(["pairs that are never shown:", *told] if told else ["no pair is hidden"])
    return 0


def _checkpoints(options: argparse.Namespace) -> int:
    from ..workspace.catalogue.copies_list import listed, write_list

    require_there(options.checkpoints)
    with workspace(options, options.checkpoints, exclude=options.exclude) as use, progress_bars() as job:
        found = use.checkpoint_copies(job, options.quick)
    if options.out is not None:
        write_list(found, options.out)
    if options.json:
        print_json(checkpoints_document(found))
    else:
        print_lines(listed(found))
    return 0


