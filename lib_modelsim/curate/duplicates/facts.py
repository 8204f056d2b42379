"""What was found of two pictures, in a form that is kept and told, whichever of the two was compared with the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...pictures.confirming import WHOLE, CopyMatch
from ...text import percent
from .pairs import ConfirmedPair, PairKind

Matrix = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class PairFacts:
    """Two contents, a < b, and what they are to each other. `similarity` 0 … 1 is the share of the places compared that
    are the same; `of_a` and `of_b` are the shares of the two pictures' areas that show the same, `edited` the share of
    that which does not; `colours`, `details`: whether these differ; `moves`: one has more frames or pages
    than the first, which alone was compared. `where` is the place of a's points in b, both as `alignment.prepare` makes
    them."""

    a: str
    b: str
    kind: PairKind
    similarity: float
    of_a: float = 1.0
    of_b: float = 1.0
    edited: float = 0.0
    where: Matrix | None = None
    colours: bool = False
    details: bool = False
    moves: bool = False

    @property
    def told(self) -> str:
        """What was done to it, in words: "mirrored, the first shows 74 % of the second"; empty of a pair that we do not
        claim to be one picture."""
        if not self.kind.claimed:
            return ""
        mirrored, angle = self.turned
        said = [
            "mirrored" if mirrored else "",
            f"turned by {abs(angle)}°" if angle else "",
            f"the first shows {percent(self.of_b)} of the second" if self.of_b < WHOLE else "",
            f"the second shows {percent(self.of_a)} of the first" if self.of_a < WHOLE else "",
            f"{_share(self.edited)} of it edited" if self.edited else "",
            "other colours" if self.colours else "",
            "fine details are not the same" if self.details else "",
            "of what moves or has pages the first picture alone was compared" if self.moves else "",
        ]
        return ", ".join(filter(None, said)) or "no difference seen but in size, brightness or compression"

    @property
    def turned(self) -> tuple[bool, int]:
        """Whether one is mirrored, and by how many degrees it is turned."""
        if self.where is None:
            return False, 0
        where = np.array(self.where)
        mirrored = bool(np.linalg.det(where[:2, :2]) < 0)
        across = where[:2, :2] @ [-1 if mirrored else 1, 0]
        return mirrored, round(float(np.degrees(np.arctan2(across[1], across[0]))))

    def to_json(self) -> str:
        """All but the contents."""
        said = [self.kind.value, self.similarity, self.of_a, self.of_b, self.edited, self.where]
        return json.dumps([*said, self.colours, self.details, self.moves])

    @classmethod
    def from_json(cls, a: str, b: str, text: str) -> PairFacts:
        """The facts that `to_json` wrote of these contents."""
        kind, similarity, of_a, of_b, edited, where, *others = json.loads(text)
        place = None if where is None else tuple(tuple(row) for row in where)
        return cls(a, b, PairKind(kind), similarity, of_a, of_b, edited, place, *others)


def facts_of(pair: ConfirmedPair) -> PairFacts:
    """The facts of a confirmed pair."""
    match: CopyMatch = pair.match
    where = None if match.where is None else np.asarray(match.where, np.float64)
    found = PairFacts(
        pair.a,
        pair.b,
        pair.kind,
        round(float(pair.similarity), 4),
        round(float(match.of_query), 4),
        round(float(match.of_stored), 4),
        round(float(match.edited or (max(pair.differ.spot, 0.0001) if pair.differ.spot else 0.0)), 4),
        _matrix(where),
        pair.differ.colours,
        pair.differ.details,
        pair.moves,
    )
    if pair.a < pair.b:
        return found
    back = None if where is None else np.linalg.inv(where)
    return replace(found, a=found.b, b=found.a, of_a=found.of_b, of_b=found.of_a, where=_matrix(back))


def _share(edited: float) -> str:
    return percent(edited) if edited >= 0.01 else "less than 1 %"


def _matrix(where: Any) -> Matrix | None:  # noqa: ANN401 - an array or None
    return None if where is None else tuple(tuple(float(value) for value in row) for row in where)
