"""What is where in a network, without the bytes: enough to plan a comparison, and the same for most models."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from . import blocks


@dataclass(frozen=True)
class Place:
    """One weight's component, block (None for `other`) and shape without trailing ones."""

    component: str
    block: str | None
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Common key → `Place` of every weight, in network order of the blocks, then by key."""

    architecture: str
    places: dict[str, Place]

    @classmethod
    def of(cls, architecture: str, places: dict[str, Place]) -> Layout:
        """The layout with its keys put in order."""
        rank = {block: i for i, block in enumerate(blocks.order(p.block for p in places.values() if p.block))}
        ordered = sorted(places, key=lambda key: (rank.get(places[key].block, len(rank)), key))
        return cls(architecture, {key: places[key] for key in ordered})

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The blocks in network order."""
        return tuple(dict.fromkeys(place.block for place in self.places.values() if place.block))

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back, the same for the same layout."""
        rows = [[key, p.component, p.block, p.shape] for key, p in self.places.items()]
        return json.dumps([self.architecture, rows], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Layout:
        """The layout that `to_json` wrote."""
        architecture, rows = json.loads(text)
        return cls(architecture, {key: Place(component, block, tuple(shape)) for key, component, block, shape in rows})

    @cached_property
    def digest(self) -> str:
        """A short name of this layout: equal for equal layouts."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:32]
