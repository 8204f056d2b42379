"""What a file holds besides weights, in groups that a person knows by name: `v_pred`, `noise schedule`, `EMA copy`.

None of it counts in a comparison, yet two files are not called the same while it differs: an empty tensor `v_pred`
alone tells a program how to sample, and damaged `position_ids` lose parts of the prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from .content_hash import PieceDigests, component_content, piece_digests, raw_digests
from .identity import UNUSED, Content
from .names import in_every_layout
from .reader import Weight
from .stored import FLOATS, StoredTensor

EMA = "EMA copy"
EMA_PREFIX = "model_ema."
"""Before the names of an EMA copy (CompVis/latent-diffusion ldm/modules/ema.py, `LitEma`): those of the model without
dots, `model_ema.diffusion_modelinput_blocks00weight`."""
SCHEDULE = "noise schedule"
DAMAGED_POSITIONS = "damaged position_ids"
FURTHER = "further tensors"
"""Groups beyond `MOST_GROUPS`."""

MOST_GROUPS = 40
"""A file can name its tensors as it likes; what is remembered of it stays small."""

LONGEST_NAME = 60

LONGEST_POSITIONS = 1024
"""`position_ids` with more numbers are no CLIP's."""

_SCHEDULE = frozenset(
    {
        "betas",
        "alphas_cumprod",
        "alphas_cumprod_prev",
        "sqrt_alphas_cumprod",
        "sqrt_one_minus_alphas_cumprod",
        "log_one_minus_alphas_cumprod",
        "sqrt_recip_alphas_cumprod",
        "sqrt_recipm1_alphas_cumprod",
        "posterior_variance",
        "posterior_log_variance_clipped",
        "posterior_mean_coef1",
        "posterior_mean_coef2",
        "lvlb_weights",
        "logvar",
        "denoiser.sigmas",
    }
)
"""The buffers of CompVis/stable-diffusion ldm/models/diffusion/ddpm.py (`register_schedule`) and of
Stability-AI/generative-models sgm/modules/diffusionmodules/denoiser.py. Tools keep or drop them as they like."""


def is_schedule(key: str) -> bool:
    """Whether a tensor is a buffer of the noise schedule rather than a weight that no rule places."""
    return key in _SCHEDULE


def group_name(key: str, stored: StoredTensor) -> str:
    """The group of a tensor that is no weight: by what it is, else by the last word of its name."""
    if key.startswith(EMA_PREFIX):
        return EMA
    if not in_every_layout(key):
        return UNUSED
    if is_schedule(key):
        return SCHEDULE
    word = key.rpartition(".")[2][:LONGEST_NAME]
    if word == "position_ids":
        return DAMAGED_POSITIONS
    return word if stored.dtype in FLOATS or stored.count <= 1 else f"{word} ({stored.dtype})"


def extra_contents(extras: Iterable[Weight], digests: Mapping[str, Sequence[PieceDigests]]) -> dict[str, Content]:
    """Group → content hashes, of tensors that are no weights, from the digests of their pieces.

    `position_ids` that count from 0 on are left out: a program that finds none makes the same.
    """
    groups: dict[str, list[Weight]] = {}
    for extra in extras:
        name = group_name(extra.key, extra.stored)
        if name != DAMAGED_POSITIONS or not counts_from_zero(extra.stored, digests[extra.key]):
            groups.setdefault(name, []).append(extra)
    for name in sorted(groups)[MOST_GROUPS:]:
        groups.setdefault(FURTHER, []).extend(groups.pop(name))
    return {name: component_content(members, digests) for name, members in sorted(groups.items())}


def ema_content(weights: Iterable[Weight], digests: Mapping[str, Sequence[PieceDigests]]) -> Content | None:
    """The content hashes of an EMA copy, or of the weights that such a copy would be made of: by the names that the
    copy has, so that the two agree where the numbers do. None where there are none; single numbers do not count."""
    named = {ema_name(weight.key): weight for weight in weights if weight.stored.count > 1}
    return component_content(named.values(), digests, ema_name) if named else None


def ema_name(key: str) -> str:
    """What a weight is called in an EMA copy, without its prefix: "diffusion_modelinput_blocks00weight"."""
    return key.removeprefix(EMA_PREFIX if key.startswith(EMA_PREFIX) else "model.").replace(".", "")


def counts_from_zero(stored: StoredTensor, digests: Sequence[PieceDigests]) -> bool:
    """Whether a tensor with these digests holds 0, 1, 2, …"""
    return len(digests) == 1 and 0 < stored.count <= LONGEST_POSITIONS and digests[0].exact in _counting(stored.count)


@cache
def _counting(count: int) -> frozenset[str]:
    """The digests of 0, 1, …, count − 1 in every dtype that such numbers are stored in."""
    whole = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "I8": "i1"}
    found = {
        raw_digests(np.arange(count).astype(numpy_name).view(np.uint8), dtype).exact
        for dtype, numpy_name in whole.items()
        if count - 1 <= np.iinfo(numpy_name).max
    }
    floats = np.arange(count, dtype="<f4").view(np.uint8)
    return frozenset(found | {piece_digests(floats, "F32").exact})
