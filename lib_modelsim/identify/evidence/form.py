"""One reason to believe that a model generated the picture, whatever it rests on.

Every piece of evidence says in words what it rests on, with the numbers; certainties are never above what they bear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum


class Kind(Enum):
    """What evidence rests on, in the order of its strength."""

    RECORD = "record"
    PICTURE = "picture"
    FEATURES = "features"
    VAE = "vae"
    REGENERATED = "regenerated"


MOST_SURE = 0.99
"""No evidence makes surer than this."""

CERTAINTY = {
    "hash": MOST_SURE,
    "legacy hash": 0.9,
    "picture": 0.95,
    "edited picture": 0.8,
    "part of a picture": 0.5,
    "over another picture": 0.8,
    "name": 0.5,
    "disagreement": 0.5,
}
"""How sure a kind of evidence makes, by convention and not measured.

Records can be edited and near copies of a model generate near copies of pictures, so nothing reaches 1. A legacy hash
covers 64 KB, which fine-tunes may share. What worked over another picture need not have drawn that, and of a
picture of which only a part is known the rest may be another model's. Files are renamed at will, so a name alone is
worth half. Where records disagree none counts for more than half.
"""

_TOLD = 3  # reasons of one kind for one model, beside the surest


@dataclass(frozen=True)
class Evidence:
    """One reason to believe that `model` generated the picture; `model` is None where it speaks against all of them.

    `key` is that of the KnownModel or of the gallery's checkpoint where we have it. `certainty` is 0 … 1, None where
    there is no honest number. `detail` is for a person, with the numbers; `again` says it after what another piece has
    said of the same model.
    """

    kind: Kind
    model: str | None
    certainty: float | None
    detail: str
    key: str | None = None
    again: str = ""


def told_once(found: Sequence[Evidence]) -> list[Evidence]:
    """One piece for each model and kind: the surest, with what the others add to it.

    A guess stays apart from what is claimed; what names no model stays as it is.
    """
    of: dict[object, list[Evidence]] = {}
    for piece in found:
        which = (piece.kind, piece.key or piece.model, piece.certainty is None) if piece.model else piece
        of.setdefault(which, []).append(piece)
    return [_as_one(pieces) for pieces in of.values()]


def _as_one(pieces: Sequence[Evidence]) -> Evidence:
    first, *others = sorted(pieces, key=lambda piece: -(piece.certainty or 0))
    more = list(dict.fromkeys(piece.again or piece.detail for piece in others if piece.detail != first.detail))
    told = more[:_TOLD] + ([f"and {len(more) - _TOLD} more that name it, too"] if len(more) > _TOLD else [])
    return replace(first, detail="; ".join([first.detail, *told]))


def at_most(piece: Evidence, certainty: float) -> Evidence:
    """The piece with no more than this certainty."""
    least = None if piece.certainty is None else min(piece.certainty, certainty)
    return replace(piece, certainty=least)
