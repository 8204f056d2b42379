"""`duplicates`: pictures that are one picture, altered, and checkpoints that are the same."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..text import counted, percent, readable
from .documents import errors
from .options import exclude_option, path, require_there, workspace
from .printing import print_json, print_lines
from .progress import progress_bars
from .text import MOST_NOTES

if TYPE_CHECKING:  # each command imports its own use case only
    from ..workspace.curating.captions import MergedCaptions
    from ..workspace.curating.checkpoints import CheckpointCopies, Member
    from ..workspace.curating.duplicates import Duplicates, PicturePair
    from ..workspace.curating.verbatim import VerbatimCopies


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
        "--out", type=path, metavar="FILE", help="also write the list into this file (.txt, or .csv for a spreadsheet)"
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
        raise ModelsimError("no folder given", None, "give a folder with pictures, or --checkpoints PATH …")
    return _pictures(options)


def _pictures(options: argparse.Namespace) -> int:
    from ..workspace.curating.verbatim import verbatim_copies

    if options.verbatim and not options.against:
        raise ModelsimError("--verbatim needs another folder", None, "add --against DIR, the training folder")
    with workspace(options) as use, progress_bars() as job:
        found = use.duplicates(options.folder, options.against, job)
        captions = None if options.captions is None else use.merged_captions(found)
        written = use.write_captions(captions, options.captions) if captions and options.captions != Path() else []
    repeats = verbatim_copies(found) if options.verbatim else None
    if options.json:
        print_json(_pictures_document(found) | _verbatim_document(repeats) | _captions_document(captions, written))
    else:
        lines = _pictures_lines(found) if repeats is None else _verbatim_lines(repeats)
        print_lines([*lines, *_captions_lines(captions, written)])
    return 0


def _verbatim_document(found: VerbatimCopies | None) -> dict[str, Any]:
    if found is None:
        return {}
    models = [
        {
            "model": each.model or None,
            "pictures": each.pictures,
            "repeated": len(each.repeats),
            "originals": each.originals,
            "told": each.told,
            "repeats": [
                asdict(one) | {"picture": readable(one.picture), "original": readable(one.original)}
                for one in each.repeats
            ],
        }
        for each in found.models
    ]
    return {"verbatim": {"models": models, "compared": list(found.compared), "not_shown": list(found.not_shown)}}


def _verbatim_lines(found: VerbatimCopies) -> list[str]:
    lines = []
    for each in found.models:
        lines += [f"{each.model or 'model not told by the pictures'}: {each.told}"]
        for one in each.repeats[:MOST_NOTES]:
            more = f", and {one.others} more" if one.others else ""
            alike = f"{one.kind}, {percent(one.similarity)} the same"
            lines.append(f"  {readable(one.picture)} and {readable(one.original)}{more}: {alike} ({one.told})")
        if len(each.repeats) > MOST_NOTES:
            lines.append(f"  … {len(each.repeats) - MOST_NOTES} more; --json has all of them")
    return [*lines, "", "Compared:", *found.compared, "", "What this does not show:", *found.not_shown]


def _captions_document(found: MergedCaptions | None, written: Sequence[Path]) -> dict[str, Any]:
    if found is None:
        return {}
    groups = [
        {
            "keep": None if group.keep is None else readable(group.keep),
            "merged": group.merged,
            "captions": [
                {"path": readable(each.picture), "text": each.text, "fit": each.fit.name.lower()}
                for each in group.captions
            ],
        }
        for group in found.groups
    ]
    return {
        "captions": groups,
        "misfits": [readable(path) for path in found.misfits],
        "undecided": [readable(path) for path in found.undecided],
        "unreadable_captions": list(found.unreadable),
        "written": [readable(path) for path in written],
    }


def _captions_lines(found: MergedCaptions | None, written: Sequence[Path]) -> list[str]:
    from ..curate.duplicates.captions import Fit

    if found is None:
        return []
    lines = ["", f"captions of {counted(len(found.groups), 'group')}:"]
    for group in found.groups:
        keep = readable(group.keep.name) if group.keep is not None else "none to keep for sure"
        lines.append(f"  {keep}: {group.merged or 'not merged: they do not fit each other'}")
        wrong = [each for each in group.captions if each.fit in (Fit.MISFIT, Fit.UNDECIDED)]
        lines += [f"    {readable(each.picture)}: {each.text} ({each.fit.value})" for each in wrong]
    lines += [f"  not read: {why}" for why in found.unreadable]
    return [*lines, f"{counted(len(written), 'caption')} written" if written else "nothing was written"]


def _pictures_document(found: Duplicates) -> dict[str, Any]:
    groups = [
        {
            "kind": group.kind,
            "paths": [readable(path) for path in group.paths],
            "similarity": group.similarity,
            "keep": None if group.keep is None else readable(group.keep),
            "why": group.why,
            "count": len(group.paths),
        }
        for group in found.groups
    ]
    return {
        "groups": groups,
        "pairs": _pairs(found.pairs),
        "alike": _pairs(found.alike),
        "too_little": _pairs(found.too_little),
        "unreadable": [{"path": readable(path), "error": why} for path, why in found.unreadable.items()],
        "counts": found.counts,
        "remarks": list(found.remarks),
    }


def _pairs(pairs: Sequence[PicturePair]) -> list[dict[str, Any]]:
    return [
        {"a": readable(one.a), "b": readable(one.b), "kind": one.kind, "similarity": one.similarity, "told": one.told}
        for one in pairs
    ]


def _pictures_lines(found: Duplicates) -> list[str]:
    """The groups, pairs that no group holds, and what else there is to know."""
    lines = [f"{counted(found.pictures, 'picture')} compared: {_counts(found)}"]
    for group in found.groups:
        keep = f"keep {readable(group.keep)}: {group.why}" if group.keep is not None else f"keep: {group.why}"
        lines += ["", f"{group.kind}, {len(group.paths)} files, {percent(group.similarity)} the same at least; {keep}"]
        lines += [f"  {readable(path)}" for path in group.paths]
    together = {path: i for i, group in enumerate(found.groups) for path in group.paths}
    apart = [pair for pair in found.pairs if together.get(pair.a, -1) != together.get(pair.b, -2)]
    for title, pairs in (
        ("pairs beyond the groups", apart),
        ("same layout, other details: perhaps the same seed by another model", found.alike),
        ("too little in them to tell", found.too_little),
    ):
        shown = [_pair_in_words(pair) for pair in pairs[:MOST_NOTES]]
        more = [f"  … {len(pairs) - MOST_NOTES} more; --json has all of them"] if len(pairs) > MOST_NOTES else []
        lines += ["", f"{title}:", *shown, *more] if pairs else []
    bad = [f"  {why}" for why in found.unreadable.values()]
    lines += ["", "not compared:", *bad[:MOST_NOTES]] if bad else []
    return [*lines, *(["", *found.remarks] if found.remarks else [])]


def _counts(found: Duplicates) -> str:
    counts = found.counts
    said = [f"{counted(counts['groups'], 'group')} of {counts['in_groups']:,} files", counted(counts["pairs"], "pair")]
    said += [f"{counts['hidden']} more never shown"] if counts["hidden"] else []
    return ", ".join(said)


def _pair_in_words(pair: PicturePair) -> str:
    told = f" ({pair.told})" if pair.told else ""
    return f"  {readable(pair.a)} and {readable(pair.b)}: {pair.kind}, {percent(pair.similarity)} the same{told}"


def _hiding(options: argparse.Namespace) -> int:
    with workspace(options) as use:
        if options.never:
            use.never_show(*options.never)
        pairs = use.hidden_pairs()
        if options.show_again is not None:
            if not 1 <= options.show_again <= len(pairs):
                raise ModelsimError("no such number", options.show_again, "see the list: duplicates --hidden")
            use.show_again(pairs.pop(options.show_again - 1))
    if options.json:
        hidden = [{"a": pair.first, "b": pair.second, "contents": [pair.a, pair.b]} for pair in pairs]
        print_json({"hidden": hidden})
    else:
        told = [f"{i} {pair.first or pair.a} and {pair.second or pair.b}" for i, pair in enumerate(pairs, 1)]
        print_lines(["pairs that are never shown:", *told] if told else ["no pair is hidden"])
    return 0


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
