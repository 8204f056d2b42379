"""What is known of how a checkpoint was made: the answer that every face shows, and nothing that was not looked at.

A share is signed and may be above 1: in an add-difference A has 1, B α and C −α. It is None where the method has no
constant one (TIES takes each number from somebody). Shares of a block of which several models are the same there stand
with the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Shares = Mapping[str, float]
"""Model → its signed share."""


def place_of(block: str | None, component: str) -> str:
    """The name under which a recipe's shares by block stand."""
    return block or component.upper()


@dataclass(frozen=True)
class ParentShare:
    """A model that a checkpoint was made from. `share` is its overall share, between `low` and `high` with 95 %
    confidence, None where the method has no constant one; `role` is its letter in the method's formula ("A", "B",
    "C"); `same_as` are models that would explain as much (copies, casts, epochs that cannot be told apart)."""

    model: str
    share: float | None = None
    low: float | None = None
    high: float | None = None
    role: str | None = None
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundMethod:
    """How it was made. `residual_in_roundings` is what the method's formula leaves, as a multiple of the rounding of
    the stored precision (root mean square): below 2 the method is proven, None where nothing was replayed. `why` says
    in a sentence how that is known."""

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    residual_in_roundings: float | None = None
    why: str = ""


@dataclass(frozen=True)
class ComponentOrigin:
    """Where the UNet, a text encoder or the VAE is from. `kind` is "same" (its numbers are those of `source`),
    "merged" (as the recipe says), "changed" (of `source`, with changes), "unknown"; `same_as` are further parents that
    have the same."""

    kind: Literal["same", "merged", "changed", "unknown"]
    source: str | None = None
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class BakedLora:
    """A change of low rank that was added: its rank, and which adapter of the library it is (None: none of them), how
    many times its ΔW is in it."""

    rank: int | None
    name: str | None = None
    strength: float | None = None


@dataclass(frozen=True)
class MissingParent:
    """That something is in it which no candidate has. `unexplained` is its share, 0 … 1, of the distance to the
    nearest parent; `why` says how one knows that it is a parent and no training."""

    unexplained: float
    why: str


@dataclass(frozen=True)
class Claim:
    """What the file says of itself. `agrees` None: it says nothing that could be checked."""

    text: str
    parents: tuple[str, ...] = ()
    agrees: bool | None = None
    why: str = ""


@dataclass(frozen=True)
class Recipe:
    """What `target` is made of.

    `kind` is a word of `kinds`; "unknown" where nothing explains it, "unrelated" where nothing here is even its kin.
    `blocks` has the shares by block in network order, empty where the method has none; `components` where each
    component is from; `keys` single weights that were changed apart from the rest; `residual` what is not explained,
    0 … 1, relative to the distance to the nearest parent; `trained_after` the size of a training after the merge,
    relative to the weights; `coverage` the share of the network's parameters that was looked at, 0 … 1. `sure` False:
    the best that was found, not proven. `remarks` are sentences that a person has to know. `stored` is the dtype of the
    network itself in the target, as safetensors spells it.
    """

    target: str
    network: str
    kind: str
    method: FoundMethod | None = None
    parents: tuple[ParentShare, ...] = ()
    blocks: Mapping[str, Shares] = field(default_factory=dict)
    components: Mapping[str, ComponentOrigin] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    residual: float | None = None
    missing: MissingParent | None = None
    trained_after: float | None = None
    lora: tuple[BakedLora, ...] = ()
    claim: Claim | None = None
    coverage: float = 0.0
    base: str | None = None
    sure: bool = False
    remarks: tuple[str, ...] = ()
    stored: str = ""
