"""One name for one weight: the layouts that tools write, mapped to the names of the original checkpoints.

The common names are those of CompVis' and Stability's single files (`model.diffusion_model.…`,
`cond_stage_model.…`, `conditioner.embedders.N.…`, `first_stage_model.…`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .stored import StoredTensor

_RENAMES = [
    # mega_cmp marks the keys of NovelAI's file so; the data published with it kept the mark
    (re.compile(r"^nai\."), ""),
    # NovelAI's leaked file leaves the inner module's name out of its text encoder
    (re.compile(r"^cond_stage_model\.transformer\.(embeddings|encoder|final_layer_norm)\."), r"cond_stage_model.transformer.text_model.\1."),
]


def common_names(tensors: Iterable[StoredTensor]) -> list[tuple[str, StoredTensor]]:
    """Each tensor with its common name, in the same order.

    A fused matrix of OpenCLIP's text encoder (`attn.in_proj_weight`) becomes its three parts, a transposed matrix
    is turned: the returned tensors say where those parts lie.
    """
    found = []
    for tensor in tensors:
        key = tensor.key
        for pattern, replacement in _RENAMES:
            key = pattern.sub(replacement, key)
        found.append((key, tensor))
    return found
