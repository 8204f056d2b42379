"""What changes a file's pictures without being a weight, told from its headers: markers of how it samples, an EMA
copy, and whether CLIP's `position_ids` are what they must be. Of values only those few are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from .content_hash import piece_digests, raw_digests
from .extras import EMA_PREFIX, LONGEST_POSITIONS, counts_from_zero
from .folder import SCHEDULER
from .reader import Checkpoint
from .stored import FLOATS, StoredTensor

MARKERS = {
    "v_pred": "v-prediction",
    "ztsnr": "zero-terminal SNR",
    "edm_vpred.sigma_max": "EDM v-prediction, as CosXL",
    "edm_mean": "EDM, as Playground v2.5",
}
"""The last words of a key → what it says of the sampling (Comfy-Org/ComfyUI comfy/supported_models.py, `SDXL`)."""

PREDICTION = {"modelspec.prediction_type": "metadata", f"{SCHEDULER}.prediction_type": "scheduler"}
"""Where kohya-ss/sd-scripts and others, and diffusers, say how a model predicts → what that is called."""

ZERO_SNR = f"{SCHEDULER}.rescale_betas_zero_snr"

_TABLE, _IDS = ".embeddings.position_embedding.weight", ".embeddings.position_ids"


class Positions(Enum):
    """What CLIP's `position_ids` are: 0, 1, 2, …; something else, which loses parts of the prompt (a merge that took
    them for weights); or not in the file, where programs make the good ones."""

    GOOD = "good"
    BROKEN = "broken"
    ABSENT = "absent"


class Ema(Enum):
    """Whether a file holds the average of a training's weights, beside the weights themselves or alone."""

    BESIDE = "beside"
    ONLY = "only"


@dataclass(frozen=True)
class Facts:
    """`markers` are keys of `MARKERS`, `said` is what the metadata or a folder's scheduler say of the sampling, `ema`
    None where there is no EMA copy, `positions` by text encoder of CLIP's kind."""

    markers: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    ema: Ema | None = None
    positions: Mapping[str, Positions] = field(default_factory=dict)

    @property
    def sampling(self) -> tuple[str, ...]:
        """How it says that it samples: "v-prediction (v_pred)"; nothing where it says nothing."""
        return (*(f"{MARKERS[marker]} ({marker})" for marker in self.markers), *self.said)

    @property
    def damaged(self) -> tuple[str, ...]:
        """The text encoders whose `position_ids` are broken."""
        return tuple(name for name, positions in self.positions.items() if positions is Positions.BROKEN)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        positions = {name: value.value for name, value in self.positions.items()}
        ema = None if self.ema is None else self.ema.value
        return {"markers": list(self.markers), "said": list(self.said), "ema": ema, "positions": positions}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Facts:
        """The facts that `to_dict` was made of."""
        positions = {name: Positions(value) for name, value in found["positions"].items()}
        ema = None if found["ema"] is None else Ema(found["ema"])
        return cls(tuple(found["markers"]), tuple(found.get("said", ())), ema, positions)


def facts_of(checkpoint: Checkpoint) -> Facts:
    """The facts of an opened checkpoint. Reads the values of `position_ids`, some hundred bytes."""
    keys = [key for key in (*checkpoint.extras, *checkpoint.weights) if key.endswith(tuple(MARKERS))]
    markers = tuple(marker for marker in MARKERS if any(key == marker or key.endswith(f".{marker}") for key in keys))
    has_ema = any(tensor.key.startswith(EMA_PREFIX) for tensor in checkpoint.tensors)
    network = any(weight.component == "unet" for weight in checkpoint.weights.values())
    ema = (Ema.BESIDE if network else Ema.ONLY) if has_ema else None
    return Facts(markers, _said(checkpoint.metadata), ema, _positions(checkpoint))


def _said(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """What the metadata, or a folder's scheduler, say where it is not what everybody takes for granted."""
    found = []
    for field_name, who in PREDICTION.items():
        said = metadata.get(field_name, "").strip().lower().removesuffix("_prediction")
        if re.fullmatch(r"[a-z0-9_]{1,20}", said) and said != "epsilon":
            found.append(f"{said}-prediction by its {who}")
    if metadata.get(ZERO_SNR, "").lower() == "true":
        found.append("zero-terminal SNR by its scheduler")
    return tuple(found)


def _positions(checkpoint: Checkpoint) -> dict[str, Positions]:
    found: dict[str, Positions] = {}
    for key, weight in checkpoint.weights.items():
        if key.endswith(_TABLE) and weight.component.startswith("te"):
            ids = checkpoint.extras.get(key.removesuffix(_TABLE) + _IDS)
            found[weight.component] = Positions.ABSENT if ids is None else _judged(ids)
    return dict(sorted(found.items()))


def _judged(ids: StoredTensor) -> Positions:
    if not 0 < ids.count <= LONGEST_POSITIONS:
        return Positions.BROKEN
    raw = np.ndarray(ids.shape, f"V{ids.item_bytes}", ids.raw(), strides=_bytes_apart(ids))
    values = np.ascontiguousarray(raw).reshape(-1).view(np.uint8)
    digests = piece_digests(values, ids.dtype) if ids.dtype in FLOATS else raw_digests(values, ids.dtype)
    return Positions.GOOD if counts_from_zero(ids, [digests]) else Positions.BROKEN


def _bytes_apart(stored: StoredTensor) -> list[int] | None:
    return None if stored.strides is None else [step * stored.item_bytes for step in stored.strides]


def differences(a: Facts, b: Facts, first: str, second: str) -> list[str]:
    """In words, what of these facts only one of two files has: "v-prediction (v_pred) only in noob-vpred"."""
    found = [f"{said} only in {second}" for said in b.sampling if said not in a.sampling]
    found = [f"{said} only in {first}" for said in a.sampling if said not in b.sampling] + found
    return [*found, *_broken(a, b, first), *_broken(b, a, second)]


def _broken(one: Facts, other: Facts, name: str) -> Iterable[str]:
    if one.damaged and not other.damaged:
        yield f"broken position_ids in {name}"
