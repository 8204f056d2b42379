"""What a checkpoint is, and what two checkpoints are to each other, told by hashes alone: facts, not guesses.

The hashes are made by `hashing.identify`, which reads whole files; nothing here reads one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

_KNOWN = Path(__file__).parent / "tables" / "known_models.json"


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

    `sha256` is that of the whole file; for a diffusers folder that of the lines which `sha256sum` prints for its
    weight files ("<sha256>  unet/diffusion_pytorch_model.safetensors"), sorted by path. `legacy_hash` (8 digits) is
    the WebUI's hash of 2022, `autov3` the SHA-256 of a safetensors file without its header; each is None where the
    format has none. `content` is by component.
    """

    sha256: str
    legacy_hash: str | None
    autov3: str | None
    content: dict[str, Content]

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
        content = {component: Content(**hashes) for component, hashes in found["content"].items()}
        return cls(found["sha256"], found["legacy_hash"], found["autov3"], content)


def known_name(identity: Identity) -> str | None:
    """The name of a well-known base model that this very file is; None for all others.

    Only by the whole file's SHA-256: a legacy hash covers 64 KB, which many files share.
    """
    return _known_models().get(identity.sha256)


@cache
def _known_models() -> dict[str, str]:
    return {row["sha256"]: row["name"] for row in json.loads(_KNOWN.read_text(encoding="utf-8"))["models"]}


class Sameness(Enum):
    """What a component of one checkpoint is to that of another."""

    EXACT = "same {}"
    PRECISION = "same {} in another precision"
    """One is the other rounded to float16."""
    ROUNDED = "same {} when rounded to float16"
    """Both hold more than float16 does, and differ only there: a float64 file and its float32 copy, or a tiny step."""
    OTHER = "other {}"
    ONE_SIDED = "{} in one only"


@dataclass(frozen=True)
class Relation:
    """What two checkpoints are to each other: whether they are one file, and how each component compares."""

    same_file: bool
    components: dict[str, Sameness]

    @property
    def same_weights(self) -> bool:
        """Whether all values of the network agree, whatever the files look like."""
        return self.same_file or self._network() == {Sameness.EXACT}

    @property
    def text(self) -> str:
        """The relation in plain words: "same file", "same weights", "same UNet, other VAE"."""
        found = self._network()
        if self.same_file:
            return "same file"
        if not found or found <= {Sameness.OTHER, Sameness.ONE_SIDED}:
            return "different weights"
        agreeing = (Sameness.EXACT, Sameness.PRECISION, Sameness.ROUNDED)
        for count, loosest in enumerate(agreeing, start=1):
            if found <= set(agreeing[:count]):
                return loosest.value.format("weights")
        return ", ".join(sameness.value.format(_label(name)) for name, sameness in self.components.items())

    def _network(self) -> set[Sameness]:
        """The samenesses that count: noise schedules and the like (`other`) come and go with the tool that saved a
        file, so they only count where there is nothing else."""
        return {s for name, s in self.components.items() if name != "other"} or set(self.components.values())


def relation(a: Identity, b: Identity) -> Relation:
    """Compare two identities, component by component."""
    names = [*a.content, *(name for name in b.content if name not in a.content)]
    return Relation(a.sha256 == b.sha256, {name: _sameness(a.content.get(name), b.content.get(name)) for name in names})


def _sameness(a: Content | None, b: Content | None) -> Sameness:
    if a is None or b is None:
        return Sameness.ONE_SIDED
    if a.exact == b.exact:
        return Sameness.EXACT
    if a.float16 != b.float16:
        return Sameness.OTHER
    return Sameness.PRECISION if a.float16 in (a.exact, b.exact) else Sameness.ROUNDED


def _label(component: str) -> str:
    if component.startswith("te"):
        return f"text encoder {component[2:]}".rstrip()
    return {"unet": "UNet", "vae": "VAE", "other": "other tensors"}[component]
