"""What the panel of duplicates shows: how many there are, the groups of a page, and what is told apart from them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import for_page
from ...templates import render
from ...text import counted, readable, size_text
from ..backend import Backend
from .chosen_files import question
from .duplicate_cards import Card, Cards, ShownPictures, folded, rendered, shown_pictures

if TYPE_CHECKING:  # NumPy and SciPy come with them
    from markupsafe import Markup

    from ...curate.duplicates.keeping import FileFacts
    from ...workspace.curating.captions import GroupCaptions, MergedCaptions
    from ...workspace.curating.duplicates import Duplicates
    from ...workspace.curating.remembered import HiddenPair
    from ...workspace.curating.transfer import Transfer

TOGETHER = 30
"""Groups on a page."""

_FOLDED = 12
"""Pairs that are no copies of which pictures are shown."""

_HIDDEN, _NAMED, _CAPTIONS = 50, 3, 50
"""Hidden pairs that get a line, files that cannot be read which are named in one, groups of captions that are shown."""

_APART = (
    (
        "with the same layout: no copies",
        "Both show the same layout and differ in detail, as pictures of one seed by related models do.",
    ),
    ("with too little to tell", "They are too flat or too small for a verdict. Nothing is said of them."),
)


@dataclass(frozen=True)
class FoundCopies:
    """What was found, and what a person asked: `bytes` is what the pictures that could go take."""

    number: int
    found: Duplicates
    cards: Cards
    bytes: int


@dataclass
class CopiesState:
    """One browser window's side of the panel; `seen` is what is known of pictures that were shown."""

    against: str = ""
    answer: FoundCopies | None = None
    page: int = 0
    seen: dict[Path, FileFacts] = field(default_factory=dict)
    hidden: Sequence[HiddenPair] = ()
    undo: HiddenPair | None = None
    listed: Sequence[Path] = ()
    asked: Transfer | None = None
    done: Sequence[str] = ()
    target: str = ""  # not that of the best pictures: what is sorted out does not go among them
    captions: MergedCaptions | None = None
    captions_to: str = ""


def pages_of(answer: FoundCopies) -> int:
    """How many pages its groups take."""
    return max(1, math.ceil(len(answer.cards.groups) / TOGETHER))


def on_page(answer: FoundCopies, page: int) -> list[Card]:
    """The cards of a page, and the pairs that are folded away."""
    cards = answer.cards
    groups = cards.groups[page * TOGETHER : (page + 1) * TOGETHER]
    return [*groups, *cards.alike[:_FOLDED], *cards.too_little[:_FOLDED]]


def shown(state: CopiesState, backend: Backend) -> str:
    """The panel as far as its answer is known."""
    answer, host = state.answer, backend.host
    values: dict[str, object] = {
        "number": 0, "going": "[]", "summary": "", "remarks": (), "groups": (), "page": 0, "pages": 1, "first": 0,
        "last": 0, "counted": 0, "apart": (),
    }  # fmt: skip
    if answer is not None:
        values = _values(answer, state.page, shown_pictures(state.seen, answer.found.models, backend))
    return render(
        "ui/templates/duplicates.html",
        **values,
        against=state.against,
        refused=host.cannot.get("folders", ""),
        target=state.target,
        undo=f"{state.undo.first} and {state.undo.second} are never shown as a pair again." if state.undo else "",
        hidden=[each for each in state.hidden[:_HIDDEN] if each is not state.undo] if answer is not None else [],
        hidden_counted=counted(len(state.hidden), "pair"),
        question=question(state.asked) if state.asked is not None else None,
        done=state.done,
        captions=_captions(state, writes=not host.cannot.get("folders")),
        listed={
            "counted": f"{counted(len(state.listed), 'picture')} chosen",
            "text": "\n".join(map(readable, state.listed)),
        }
        if state.listed
        else None,
    )


def _values(answer: FoundCopies, page: int, seen: ShownPictures) -> dict[str, object]:
    """What the template shows of an answer."""
    cards, found = answer.cards, answer.found
    first = page * TOGETHER
    groups = cards.groups[first : first + TOGETHER]
    bad = [for_page(why) for why in found.unreadable.values()]
    apart = []
    for (title, why), pairs in zip(_APART, (cards.alike, cards.too_little), strict=True):
        if pairs:
            told, more = folded(pairs, lambda card: rendered(card, 0, cards, seen), _FOLDED)
            apart.append((f"{counted(len(pairs), 'pair')} {title}", why, told, more))
    return {
        "number": answer.number,
        "going": json.dumps(cards.going),
        "summary": _summary(answer),
        "remarks": [*found.remarks, *_not_compared(bad)],
        "groups": [rendered(card, first + i, cards, seen) for i, card in enumerate(groups, 1)],
        "page": page,
        "pages": pages_of(answer),
        "first": first + 1,
        "last": first + len(groups),
        "counted": len(cards.groups),
        "apart": apart,
    }


def _summary(answer: FoundCopies) -> str:
    """How many there are, and what those beside the ones to keep take."""
    counts = answer.found.counts
    compared = f"{counted(counts['pictures'], 'picture')} compared"
    if not counts["pairs"]:
        return f"{compared}: no two show the same."
    said = f"{compared}: {counted(counts['groups'], 'group')} with {counts['in_groups']:,} pictures that show the same"
    going = len(answer.cards.going)
    if going:
        said += f"; {going:,} could go: {size_text(answer.bytes)}"
    beyond = len(answer.cards.groups) - counts["groups"]
    if beyond:
        said += f"; {counted(beyond, 'pair')} more that no group holds"
    return f"{said}."


def _not_compared(why: Sequence[str]) -> list[str]:
    if not why:
        return []
    more = [f"and {len(why) - _NAMED:,} more"] if len(why) > _NAMED else []
    return [f"Not compared: {'; '.join([*why[:_NAMED], *more])}"]


def _captions(state: CopiesState, writes: bool) -> Markup | str:
    """The captions of the groups, merged, with those that do not fit; nothing before a person asked for them."""
    found = state.captions
    if found is None or state.answer is None:
        return ""
    return render(
        "ui/templates/captions.html",
        counted=f"Captions of {counted(len(found.groups), 'group')}",
        groups=[_of_group(each) for each in found.groups[:_CAPTIONS]],
        more=max(len(found.groups) - _CAPTIONS, 0),
        unreadable=[for_page(why) for why in found.unreadable[:_NAMED]],
        writes=writes and any(each.keep is not None and each.merged for each in found.groups),
        target=state.captions_to,
    )


def _of_group(group: GroupCaptions) -> dict[str, object]:
    from ...curate.duplicates.captions import Fit

    wrong = [each for each in group.captions if each.fit in (Fit.MISFIT, Fit.UNDECIDED)]
    return {
        "name": readable(group.keep.name) if group.keep is not None else "No picture to keep for sure",
        "path": readable(group.keep) if group.keep is not None else "",
        "merged": group.merged,
        "wrong": [(readable(each.picture.name), each.text, each.fit.value) for each in wrong],
    }
