"""Verbatim copies: of each model of a gallery how many pictures repeat one of another folder, and which."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ...curate.duplicates.verbatim import NOT_SHOWN, ModelRepeats, Repeat, by_model
from ...text import counted, readable
from .duplicates import Duplicates


@dataclass(frozen=True)
class VerbatimCopies:
    """`models` with the largest share of repeats first; `compared` says what was compared, `not_shown` what that does
    not show, both to be read beside the numbers; `found` are all pairs."""

    models: tuple[ModelRepeats, ...]
    compared: tuple[str, ...]
    found: Duplicates
    not_shown: tuple[str, ...] = NOT_SHOWN


def verbatim_copies(found: Duplicates) -> VerbatimCopies:
    """What was found between a gallery and other folders, by model."""
    files = defaultdict(list)
    for path, content in found.contents.items():
        files[content].append(path)
    repeats = [
        Repeat(path, each.b, each.kind, each.similarity, each.told)
        for each in found.pairs
        for path in files[each.contents[0]]  # of very many files of one content not all pairs are told
    ]
    models = by_model(found.models, repeats)
    folders = " and ".join(readable(folder) for folder in found.against)
    own = len(found.models)
    compared = [
        f"{counted(own, 'picture')} of {readable(found.folder)} with {counted(found.pictures - own, 'picture')} of "
        f"{folders}: in their details, place by place, also where size, compression, colours or borders differ, or one "
        "is cut or mirrored."
    ]
    if found.alike:
        compared.append(
            f"{counted(len(found.alike), 'pair')} of the same layout with other details: not counted as repeats."
        )
    if found.too_little:
        compared.append(f"{counted(len(found.too_little), 'pair')} with too little in them to tell: not counted.")
    if found.unreadable:
        compared.append(f"{counted(len(found.unreadable), 'picture')} could not be read and were not compared.")
    if found.hidden:
        compared.append(f"{counted(found.hidden, 'pair')} that you never want to see again: not counted.")
    return VerbatimCopies(tuple(models), tuple(compared), found)
