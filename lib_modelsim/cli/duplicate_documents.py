"""What `duplicates` prints: JSON documents, and lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..curate.duplicates.words import how_alike
from ..text import counted, readable
from .documents import errors
from .text import MOST_NOTES

if TYPE_CHECKING:  # each command imports its own use case only
    from ..workspace.catalogue.checkpoint_copies import CheckpointCopies, Member
    from ..workspace.curating.captions import MergedCaptions
    from ..workspace.curating.duplicates import Duplicates, PicturePair
    from ..workspace.curating.verbatim import VerbatimCopies


def verbatim_document(found: VerbatimCopies | None) -> dict[str, Any]:
    """What `--verbatim` adds to it; nothing where it was not asked for."""
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


def verbatim_lines(found: VerbatimCopies) -> list[str]:
    """Of each model how many pictures repeat one, which, and what that does not show."""
    lines = []
    for each in found.models:
        lines += [f"{each.model or 'model not told by the pictures'}: {each.told}"]
        for one in each.repeats[:MOST_NOTES]:
            more = f", and {one.others} more" if one.others else ""
            told = f"{one.kind}, {how_alike(one.kind, one.similarity)} ({one.told})"
            lines.append(f"  {readable(one.picture)} and {readable(one.original)}{more}: {told}")
        if len(each.repeats) > MOST_NOTES:
            lines.append(f"  … {len(each.repeats) - MOST_NOTES} more; --json has all of them")
    return [*lines, "", "Compared:", *found.compared, "", "What this does not show:", *found.not_shown]


def captions_document(found: MergedCaptions | None, written: Sequence[Path]) -> dict[str, Any]:
    """What `--captions` adds to it; nothing where it was not asked for."""
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


def captions_lines(found: MergedCaptions | None, written: Sequence[Path]) -> list[str]:
    """The merged captions, and those that do not fit."""
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


def pictures_document(found: Duplicates) -> dict[str, Any]:
    """The document of `duplicates DIR`."""
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


def pictures_lines(found: Duplicates) -> list[str]:
    """The groups, pairs that no group holds, and what else there is to know."""
    lines = [f"{counted(found.pictures, 'picture')} compared: {_counts(found)}"]
    for group in found.groups:
        keep = f"keep {readable(group.keep)}: {group.why}" if group.keep is not None else f"none to keep: {group.why}"
        same = how_alike(group.kind, group.similarity, len(group.paths))
        lines += ["", f"{group.kind}, {len(group.paths)} files, {same}; {keep}"]
        lines += [f"  {readable(path)}" for path in group.paths]
    for title, pairs in (
        ("pairs beyond the groups", found.beyond_groups),
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
    said += [f"{counted(counts['hidden'], 'pair')} hidden (--hidden lists them)"] if counts["hidden"] else []
    return ", ".join(said)


def _pair_in_words(pair: PicturePair) -> str:
    told = f" ({pair.told})" if pair.told else ""
    return f"  {readable(pair.a)} and {readable(pair.b)}: {pair.kind}, {how_alike(pair.kind, pair.similarity)}{told}"


def checkpoints_document(found: CheckpointCopies) -> dict[str, Any]:
    """The document of `duplicates --checkpoints`."""
    from ..workspace.catalogue.checkpoint_copies import KINDS

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
