"""What is where in a network, without the bytes: enough to plan a comparison, and the same for most models."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property

from . import blocks
from .networks import find, public_name
from .networks.keys import Keys

OTHER = "other"
"""The component of what no rule places."""

_TRAINING = re.compile(r"loss\.")
"""What a VAE's training leaves in its file beside the VAE: the discriminator and the perceptual loss
(CompVis/latent-diffusion ldm/modules/losses/contperceptual.py)."""


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

    @cached_property
    def variant(self) -> str | None:
        """The variant of its network ("inpainting", "tiny", …); None for the plain one, and where the name says it."""
        network = find(public_name(self.architecture))
        if network is None or network.variants_are_kinds:
            return None
        return network.variant(Keys({key: place.shape for key, place in self.places.items()}))

    @property
    def name(self) -> str:
        """The network with its variant: "SDXL inpainting", "SD3.5 large"; of an unknown one with its pattern."""
        variant = self.variant or ""
        return variant if variant.startswith(self.architecture) else f"{self.architecture} {variant}".rstrip()

    def parameters(self, component: str | None) -> dict[tuple[str, tuple[int, ...]], int]:
        """(key, shape) → number of parameters, of one component. Of what no rule places, matrices alone count: vectors
        are noise schedules and the like."""
        return {
            (key, place.shape): math.prod(place.shape)
            for key, place in self.places.items()
            if place.component == component
            and (component != OTHER or (len(place.shape) > 1 and _TRAINING.match(key) is None))
        }

    def unplaced(self, unread: int = 0) -> float:
        """How much of the network has no known place, 0 … 1; in a file without one, how much of the file. `unread` are
        numbers of matrices that are not weights as they stand (`Checkpoint.unread`)."""
        unplaced = sum(self.parameters(OTHER).values()) + unread
        network = sum(self.parameters("unet").values()) or sum(
            math.prod(place.shape) for place in self.places.values() if place.component != OTHER
        )
        return unplaced / (unplaced + network) if unplaced else 0.0

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back, the same for the same layout."""
        return self._json

    @cached_property
    def _json(self) -> str:
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
