"""One network's definition: what the fields of its JSON file mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from .keys import Keys, Markers

NETWORK = "model.diffusion_model."
"""What the common names of every UNet and transformer begin with. `~` at the beginning of a pattern stands for it."""


class DefinitionError(ValueError):
    """A definition that cannot be used: which file, which field, and what is wrong with it."""


class Role(Enum):
    """What a file holds that this definition tells; the order in which definitions are asked."""

    ADAPTER = 0
    NETWORK = 1
    PART = 2
    """A text encoder or VAE alone: only where it is all that the file holds."""
    UNKNOWN = 3


@dataclass(frozen=True)
class Split:
    """Rows of one stored matrix that are several weights: the names they have, and each one's share of the rows.

    Where a share is 0, the others are multiples of the matrix' columns, and those of 0 have the rest in equal parts.
    Not split where the file has the weight `unless`, whose name is made from the match as those of `into` are.
    """

    key: re.Pattern
    into: tuple[str, ...]
    shares: tuple[int, ...]
    unless: str | None = None

    def rows(self, rows: int, columns: int) -> tuple[int, ...]:
        """How many rows each part has; empty where they do not come out even."""
        unit, odd = (columns, 0) if 0 in self.shares else divmod(rows, sum(self.shares))
        rest, left = divmod(rows - unit * sum(self.shares), self.shares.count(0) or 1)
        found = tuple(share * unit or rest for share in self.shares)
        return found if unit and not odd and not left and min(found) > 0 else ()


@dataclass(frozen=True)
class KeyLayout:
    """How one kind of file names the keys of a part, and how those become the common names.

    Keys behind one of `prefixes` (where it has none: what tools put before a transformer) belong to it; with `markers`
    (`must`, `must_not`) only where these hold for what stands behind the prefix, and then only the keys that match
    `keys`. With keys and without markers of its own, a layout has those that the network is recognised by, without `~`.
    A common name is `to` (the first prefix, where the file does not say), then what stands behind the prefix, turned by
    a `vocabulary` of `diffusers_names` ("unet", "vae", "wan_vae", "clip", "openclip"; None leaves it) and by `rename`:
    the first pattern that matches the whole of it and what it becomes. `split` says which of the stored matrices are
    several weights, `flat` which are one row of numbers in other layouts. `also` has a prefix of its own for a second
    network with the same names, and the beginning of its common names.
    """

    prefixes: tuple[str, ...]
    to: str
    markers: Markers = field(default_factory=Markers)
    keys: re.Pattern | None = None
    vocabulary: str | None = None
    rename: tuple[tuple[re.Pattern, str], ...] = ()
    split: tuple[Split, ...] = ()
    flat: tuple[re.Pattern, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether more than a prefix tells it."""
        return bool(self.markers.must)

    def renamed(self, name: str) -> str:
        """The name inside the part in the network's own words."""
        for pattern, replacement in self.rename:
            if pattern.match(name):
                return pattern.sub(replacement, name, count=1)  # unlike `expand`, reads the replacement once
        return name


@dataclass(frozen=True)
class NetworkVariant:
    """A form of the network that takes other inputs or predicts otherwise, told by keys and shapes."""

    name: str
    markers: Markers


@dataclass(frozen=True)
class PublishedModel:
    """A published model, known by the SHA-256 of its whole file; `starts_families` where others are trained from it."""

    name: str
    sha256: str
    starts_families: bool


@dataclass(frozen=True)
class DiffusersFacts:
    """What diffusers needs to know and no shape tells. `text_encoders` are kinds and prefixes, in their order."""

    text_encoders: tuple[tuple[str, str], ...]
    latent_scaling: float
    heads: int | None
    """Attention heads of every level; None for one per 64 channels."""
    hidden_state: str
    """Which of the text encoder's layers is fed: "clip skip", "last but one, normalised" or "last but one"."""
    pooled: bool
    """Whether the last text encoder's vector of the whole prompt, and the size, go in too."""
    tells_prediction: bool
    """Whether the file's keys tell what it predicts; where not, one step is generated to find out."""


@dataclass(frozen=True)
class Generation:
    """Generating with it: pixels of a picture in its native size, and diffusers' facts where the diffusers engine
    can."""

    area: int | None = None
    diffusers: DiffusersFacts | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """One network. `rules` are (pattern of a common name, component, block or None), the first that matches counts;
    behind a network's own stand those of text encoders and VAE, which are the same for all (`unknown.json`). `order`
    are the blocks' names without their numbers, between the text encoders' BASE and VAE; `attention` the self-attention
    layers that the attention score reads, as (pattern of the query's or the fused matrix's common name, names of query,
    key and value, where heads share keys also that of the norm whose length is a head's; or None)."""

    file: Path
    name: str
    role: Role
    markers: Markers
    layouts: tuple[KeyLayout, ...]
    rules: tuple[tuple[re.Pattern, str, str | None], ...]
    order: tuple[str, ...]
    by_group: bool
    attention: tuple[tuple[re.Pattern, tuple[str, ...] | None], ...]
    variants: tuple[NetworkVariant, ...]
    drawing: Generation
    known_models: tuple[PublishedModel, ...]
    only_in_single_files: tuple[re.Pattern, ...]
    prefix_by_width: dict[int, str]
    sub_blocks: tuple[tuple[re.Pattern, str], ...]
    r"""A finer level beside the blocks, as the network's mergers number it: (pattern of a common name, name of the
    sub-block, with `\1` for what a group matched), the first that matches counts, and in the order of the network."""
    variants_are_kinds: bool
    """Whether its variants have nothing in common but their kind of part ("VAE of Flux.1"): compared with their like
    alone."""

    @property
    def generates(self) -> bool:
        """Whether a file of it can make pictures, as far as anybody knows."""
        return self.role in (Role.NETWORK, Role.UNKNOWN)

    @property
    def components(self) -> tuple[str, ...]:
        """The components that its rules name."""
        return tuple(dict.fromkeys(component for _, component, _ in self.rules))

    def variant(self, keys: Keys) -> str | None:
        """The variant that a file with these common names and shapes is; None for the plain network."""
        return next(iter(self._variants(keys)), None)

    def kind(self, keys: Keys) -> str:
        """What a file is compared as: the network's name, with its variants where these are kinds of their own."""
        found = self._variants(keys) if self.variants_are_kinds else []
        return f"{self.name} {' + '.join(found)}".rstrip()

    def _variants(self, keys: Keys) -> list[str]:
        return [variant.name for variant in self.variants if variant.markers.hold(keys)]
