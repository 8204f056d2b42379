"""The self-attention layers that the attention probe looks at: which, in what order, and where their bytes are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..checkpoints.layout import Layout
from ..checkpoints.reader import Weight

_U = r"model\.diffusion_model\."
_SEPARATE = re.compile(
    _U + r"(?:input_blocks\.\d+\.1|middle_block\.1|output_blocks\.\d+\.1)\.transformer_blocks\.0\.attn1\.to_q\.weight"
)
_FUSED = re.compile(
    _U
    + r"(?:joint_blocks\.\d+\.x_block\.attn\.qkv|double_blocks\.\d+\.img_attn\.qkv|single_blocks\.\d+\.linear1)\.weight"
)


@dataclass(frozen=True)
class Variant:
    """One published form of the score: the generator's seed, the `nn.Linear` layers its author creates per block."""

    seed: int
    linears: int
    decoder_only: bool


def attention_keys(layout: Layout, variant: Variant) -> dict[str, str]:
    """Block → the key of its (first) self-attention's query or fused matrix, in network order."""
    found: dict[str, str] = {}
    for key, place in layout.places.items():
        if _SEPARATE.fullmatch(key) or _FUSED.fullmatch(key):
            found.setdefault(place.block, key)
    if variant.decoder_only:
        decoder = [block for block in found if block.startswith("OUT")] or list(found)[len(found) // 2 :]
        return {block: found[block] for block in decoder[:-1]}
    return found


def projections(weights: Mapping[str, Weight], key: str) -> tuple[Weight, Weight, Weight]:
    """The query, key and value matrices of a self-attention; of a fused one, its parts where they lie on disk."""
    fused = weights[key]
    if key.endswith("to_q.weight"):
        stem = key.removesuffix("to_q.weight")
        return fused, weights[stem + "to_k.weight"], weights[stem + "to_v.weight"]
    width = fused.shape[1]
    q, k, v = (replace(fused, stored=fused.stored.rows(i * width, (i + 1) * width)) for i in range(3))
    return q, k, v
