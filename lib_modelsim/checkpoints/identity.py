"""What a checkpoint is, and what two checkpoints are to each other, told by hashes alone: facts, not guesses.

The hashes are made by `hashing.identify`, which reads whole files; nothing here reads one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from .networks import known_models


@dataclass(frozen=True)
class Content:
    """Hashes of a component's values, whatever the format, the key layout and the precision they are stored in.

    `exact` agrees where every value does; `float16` where every value rounded to float16 does. The two are equal
    where float16 holds every value. 64 hexadecimal digits each; `content_hash` defines them.
    """

    exact: str
    float16: str


@dataclass(frozen=True)
class Identity:
    """The hashes of a checkpoint, in lower-case hexadecimal digits.

    `sha256` is that of the whole file; for a diffusers folder, and for shards, that of the lines which `sha256sum`
    prints for its weight files ("<sha256>  unet/diffusion_pytorch_model.safetensors"), sorted by path. `legacy_hash`
    (8 digits) is the WebUI's hash of 2022, `autov3` the SHA-256 of a safetensors file without its header; each is None
    where the format has none. `content` is by component, `extras` by group of the tensors that are no weights (see
    `extras`); `unplaced` is the share of the network that has no known place, 0 … 1. `ema` is the EMA copy in the file
    and `as_ema` the UNet as such a copy would hold it, so that the two can be met; None where there is none.
    `not_finite` is how many numbers of a component, or of the EMA copy, are NaN and how many infinite; only those that
    have some.
    """

    sha256: str
    legacy_hash: str | None
    autov3: str | None
    content: dict[str, Content]
    extras: dict[str, Content] = field(default_factory=dict)
    unplaced: float = 0.0
    ema: Content | None = None
    as_ema: Content | None = None
    not_finite: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def short_hash(self) -> str:
        """The first 10 digits, as the WebUI and the texts in pictures write it."""
        return self.sha256[:10]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the fields, and `short_hash` beside them."""
        return {**asdict(self), "short_hash": self.short_hash}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Identity:
        """The identity that `to_dict` was made of."""
        content, extras = (
            {name: Content(**hashes) for name, hashes in found.get(part, {}).items()} for part in ("content", "extras")
        )
        ema, as_ema = (None if found.get(part) is None else Content(**found[part]) for part in ("ema", "as_ema"))
        return cls(
            found["sha256"],
            found["legacy_hash"],
            found["autov3"],
            content,
            extras,
            found.get("unplaced", 0.0),
            ema,
            as_ema,
            {name: (nans, infinities) for name, (nans, infinities) in found.get("not_finite", {}).items()},
        )


def known_name(identity: Identity) -> str | None:
    """The name of a well-known base model that this very file is; None for all others.

    Only by the whole file's SHA-256: a legacy hash covers 64 KB, which many files share.
    """
    known = known_models().get(identity.sha256)
    return None if known is None else known.name


UNUSED = "unused text encoder weights"
"""The group of `Identity.extras` that diffusers folders have no place for: nothing is lost where one file lacks it."""


SCALES = ("alpha", "scalar")
"""Groups of `Identity.extras` that an adapter's change is multiplied by: with others, the same factors are not the same
weights."""

MOST_UNPLACED = 0.1
"""Share of a network up to which it is known although some of it has no place."""


class Sameness(Enum):
    """What a component of one checkpoint is to that of another."""

    EXACT = "same {}"
    PRECISION = "same {} in another precision"
    """One is the other rounded to float16."""
    ROUNDED = "same {} when rounded to float16"
    """Both hold more than float16 does, and differ only there: a float64 file and its float32 copy, or a tiny step."""
    OTHER = "other {}"
    ONLY_FIRST = "{} in the first only"
    ONLY_SECOND = "{} in the second only"

    @property
    def agrees(self) -> bool:
        """Whether the two are the same, but perhaps for their precision."""
        return self in AGREEING


AGREEING = (Sameness.EXACT, Sameness.PRECISION, Sameness.ROUNDED)
"""The strictest first."""


@dataclass(frozen=True)
class Relation:
    """What two checkpoints are to each other: whether they are one file, how each component compares, and how each
    group of tensors that are no weights does (`Identity.extras`). `network_known` is False where tensors differ that no
    rule places, and they are so many that they may be the network itself."""

    same_file: bool
    components: dict[str, Sameness]
    extras: dict[str, Sameness] = field(default_factory=dict)
    network_known: bool = True

    @property
    def same_weights(self) -> bool:
        """Whether everything that the two hold agrees, to the last digit, whatever the files look like."""
        found = {*self.components.values(), *self.extras.values()}
        return self.same_file or (bool(self.components) and found == {Sameness.EXACT})

    @property
    def all_weights_agree(self) -> bool:
        """Whether the two hold the same components and all agree, but perhaps for their precision; tensors that are no
        weights may differ."""
        return bool(self.components) and all(sameness.agrees for sameness in self.components.values())

    @property
    def text(self) -> str:
        """The relation in plain words: "same file", "same weights", "same UNet, other VAE", "same weights; differs in:
        position_ids; v_pred in one only". The same for both orders."""
        return self._told("in one only", "in one only")

    def told(self, first: str, second: str) -> str:
        """As `text`, with what to call the two: "same UNet, VAE only in base"."""
        return self._told(f"only in {first}", f"only in {second}")

    def differences(self, first: str, second: str) -> list[str]:
        """What keeps the two from being the same: "other VAE", "text encoder only in base", "differs in: v_pred"."""
        only = f"only in {first}", f"only in {second}"
        parts = [_part(name, sameness, *only) for name, sameness in self.components.items() if not sameness.agrees]
        return [*parts, *self._notes(*only)]

    def _told(self, only_first: str, only_second: str) -> str:
        if self.same_file:
            return "same file"
        if not any(sameness.agrees for sameness in self.components.values()):
            return "different weights"
        if self.all_weights_agree:
            found = {*self.components.values(), *(s for s in self.extras.values() if s.agrees)}
            count = next(n for n in range(1, len(AGREEING) + 1) if found <= set(AGREEING[:n]))
            scaled = any(not self.extras.get(name, Sameness.EXACT).agrees for name in SCALES)
            parts = [AGREEING[count - 1].value.format("factors" if scaled else "weights")]
        else:
            parts = [_part(name, sameness, only_first, only_second) for name, sameness in self.components.items()]
        return "; ".join([", ".join(parts), *self._notes(only_first, only_second)])

    def _notes(self, only_first: str, only_second: str) -> list[str]:
        """What besides weights differs."""
        by_kind: dict[str, list[str]] = {}
        for name, sameness in self.extras.items():
            words = {Sameness.ONLY_FIRST: only_first, Sameness.ONLY_SECOND: only_second}.get(sameness, "")
            if not sameness.agrees:
                by_kind.setdefault(words, []).append(name)
        return [
            f"{', '.join(names)} {words}" if words else f"differs in: {', '.join(names)}"
            for words, names in by_kind.items()
        ]


def relation(a: Identity, b: Identity) -> Relation:
    """Compare two identities: every component, and every group of tensors that are no weights."""
    extras = {
        name: sameness
        for name, sameness in _samenesses(a.extras, b.extras).items()
        if name != UNUSED or (name in a.extras and name in b.extras)
    }
    components = _samenesses(a.content, b.content)
    known = max(a.unplaced, b.unplaced) <= MOST_UNPLACED or components.get("other", Sameness.EXACT).agrees
    return Relation(a.sha256 == b.sha256, components, extras, known)


def _samenesses(a: Mapping[str, Content], b: Mapping[str, Content]) -> dict[str, Sameness]:
    return {name: same_content(a.get(name), b.get(name)) for name in sorted(a.keys() | b.keys(), key=network_order)}


def same_content(a: Content | None, b: Content | None) -> Sameness:
    """What one component of two checkpoints is to the other; None where one lacks it."""
    if a is None or b is None:
        return Sameness.ONLY_SECOND if a is None else Sameness.ONLY_FIRST
    if a.exact == b.exact:
        return Sameness.EXACT
    if a.float16 != b.float16:
        return Sameness.OTHER
    return Sameness.PRECISION if a.float16 in (a.exact, b.exact) else Sameness.ROUNDED


def _part(component: str, sameness: Sameness, only_first: str, only_second: str) -> str:
    label = component_label(component)
    if sameness in (Sameness.ONLY_FIRST, Sameness.ONLY_SECOND):
        return f"{label} {only_first if sameness is Sameness.ONLY_FIRST else only_second}"
    return sameness.value.format(label)


def network_order(component: str) -> tuple[int, str]:
    """Sorts components: the UNet or transformer, text encoders, VAE, what no rule places."""
    return {"unet": 0, "vae": 2, "other": 3}.get(component, 1), component


def component_label(component: str) -> str:
    """What a person calls a component."""
    if component.startswith("te"):
        return f"text encoder {component[2:]}".rstrip()
    return {"unet": "UNet", "vae": "VAE", "other": "unplaced tensors"}[component]
