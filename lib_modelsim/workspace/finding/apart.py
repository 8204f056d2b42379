"""Several pictures asked about as one model's that look like several models': which goes with which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...identify.evidence.form import Evidence
from ...identify.evidence.records import are_different
from ...identify.known_model import KnownModel
from ...identify.two_models import WRONGLY, two_styles
from ...pictures.features import VIEWS
from ...pictures.records.form import Named
from ...text import counted, percent, several
from .index import Learned
from .queries import OpenedQuery

if TYPE_CHECKING:
    from ...pictures.encoders.encoder import Vectors


@dataclass(frozen=True)
class Group:
    """Pictures that go with one model: its name, its key where it is known, the pictures' names."""

    model: str
    key: str | None
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Apart:
    """The groups, two or more; `by` is what they are told by: "record" or "style". `untold` are pictures without a
    record that tells."""

    groups: tuple[Group, ...]
    by: str
    untold: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """In a few words."""
        return f"These look like {_NUMBERS.get(len(self.groups), str(len(self.groups)))} models"

    @property
    def sentence(self) -> str:
        """Which picture goes with which model, and what that rests on."""
        if self.by == "record":
            which = "; ".join(f"{several(group.pictures)} by {group.model}" for group in self.groups)
            no = f"; no record tells whose {several(self.untold)} {'is' if len(self.untold) == 1 else 'are'}"
            return f"{self.heading} by their records: {which}{no if self.untold else ''}. Ask about each alone."
        which = "; ".join(f"{several(group.pictures)} nearer to {group.model}" for group in self.groups)
        return (
            f"{self.heading} by their style: {which}. Of sets by one model {percent(WRONGLY)} look so, too, in a test "
            "on the gallery's own pictures. Ask about each alone."
        )


_NUMBERS = {2: "two", 3: "three", 4: "four"}


def by_records(
    asked: Sequence[OpenedQuery], told: Sequence[Sequence[Evidence]], known: Sequence[KnownModel]
) -> Apart | None:
    """The models that the pictures' records name; `told` is what each record says. None where they are one."""
    found: list[list[int]] = []
    named = [i for i, each in enumerate(asked) if _named(each) and _agrees(told[i])]
    for i in named:
        same = next((group for group in found if not _differ(asked, told, (group[0], i), known)), None)
        found.append([i]) if same is None else same.append(i)
    if len(found) < 2:
        return None
    groups = []
    for group in found:
        pieces = [piece for i in group for piece in told[i] if piece.model and piece.certainty is not None]
        surest = max(pieces, key=lambda piece: piece.certainty or 0.0, default=None)
        name = surest.model if surest is not None and surest.model else str(_named(asked[group[0]])[0])
        groups.append(Group(name, surest.key if surest else None, tuple(asked[i].name for i in group)))
    return Apart(tuple(groups), "record", tuple(each.name for i, each in enumerate(asked) if i not in named))


def by_style(names: Sequence[str], vectors: Vectors, learned: Learned) -> Apart | None:
    """The two models whose styles the pictures of these names have; None where that cannot be told from one model."""
    search = learned.search
    if search is None or search.test is None or search.calibration is None or len(names) < 2:
        return None
    found = two_styles(search.ranking.scores(vectors), search.test, search.calibration, len(VIEWS))
    if found is None:
        return None
    groups = []
    for place, part in ((found.first, found.of_first), (found.second, ~found.of_first)):
        key = search.examples.models[place]
        groups.append(Group(learned.names[key], key, tuple(names[i] for i in np.flatnonzero(part))))
    return Apart(tuple(groups), "style")


def as_one(count: int) -> str:
    """What is said of several pictures that nothing tells apart."""
    return f"All {counted(count, 'picture')} are taken as by one model."


def _named(asked: OpenedQuery) -> list[Named]:
    """The models that drew it, by its records."""
    return [each for record in asked.records.records for each in record.checkpoints]


def _agrees(told: Sequence[Evidence]) -> bool:
    """Whether a picture's own records name one model."""
    return not any(piece.model is None for piece in told)


def _differ(
    asked: Sequence[OpenedQuery],
    told: Sequence[Sequence[Evidence]],
    two: tuple[int, int],
    known: Sequence[KnownModel],
) -> bool:
    """Whether two pictures' records cannot mean one model."""
    a, b = two
    keys = [{piece.key for piece in told[i] if piece.key and piece.certainty is not None} for i in two]
    if keys[0] & keys[1]:
        return False
    return all(are_different(x, y, known) for x in _named(asked[a]) for y in _named(asked[b]))
