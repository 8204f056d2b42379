"""cloneofsimo's LoRAs: factors by number, in the order in which the network has its modules, without their names.

The order is that of `named_modules` of diffusers in 2023 (cloneofsimo/lora lora_diffusion/lora.py, `_find_modules`):
the way down, the way up, the middle; in each layer self-attention, the feed-forward's first matrix where it is changed,
cross-attention; where the feed-forward comes last, diffusers was newer. Shapes say which it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ..checkpoints.stored import StoredTensor
from .spelling import Module

_KEY = re.compile(r"(?:(unet|text_encoder):)?([0-9]{1,4})(?::(up|down))?")

_ATTENTIONS = (
    *(f"down_blocks.{level}.attentions.{i}" for level in range(3) for i in range(2)),
    *(f"up_blocks.{level}.attentions.{i}" for level in (1, 2, 3) for i in range(3)),
    "mid_block.attentions.0",
)

_ORDERS = (
    ("attn1", "attn2"),
    ("attn1", "ff.net.0.proj", "attn2"),
    ("attn1", "attn2", "ff.net.0.proj"),
)


def numbered_modules(tensors: Sequence[StoredTensor]) -> list[Module] | None:
    """The modules of such a file; None where it is none, or its shapes are not in an order that is known."""
    pairs: dict[str, dict[int, dict[str, StoredTensor]]] = defaultdict(lambda: defaultdict(dict))
    for tensor in tensors:
        match = _KEY.fullmatch(tensor.key)
        if match is None or len(tensor.shape) != 2:
            if match is None and not tensor.key.startswith("<"):  # learned tokens beside
                return None
            continue
        side, number, role = match.groups()
        n = int(number)
        if role is None:  # a pickled list: up and down in turn
            n, role = n // 2, ("up", "down")[n % 2]
        pairs[side or ""][n][role] = tensor
    if not pairs or not all(set(pair) == {"up", "down"} for side in pairs.values() for pair in side.values()):
        return None
    found: list[Module] = []
    for side, numbered in pairs.items():
        modules = _named(side, [numbered[n] for n in sorted(numbered)])
        if modules is None:
            return None
        found += modules
    return found


def _named(side: str, pairs: Sequence[dict[str, StoredTensor]]) -> list[Module] | None:
    shapes = [(pair["up"].shape[0], pair["down"].shape[1]) for pair in pairs]
    if side != "text_encoder":
        for order in _ORDERS:
            names = [f"{at}.transformer_blocks.0.{name}" for at in _ATTENTIONS for name in _modules(order)]
            if len(names) == len(shapes) and all(map(_fits, names, shapes)):
                return [Module("unet", name, False, dict(pair)) for name, pair in zip(names, pairs, strict=True)]
    if side != "unet" and len(pairs) % 4 == 0 and len(set(shapes)) == 1 and shapes[0][0] == shapes[0][1]:
        names = [
            f"text_model.encoder.layers.{layer}.self_attn.{name}"
            for layer in range(len(pairs) // 4)
            for name in ("k_proj", "v_proj", "q_proj", "out_proj")
        ]
        return [Module("te0", name, False, dict(pair)) for name, pair in zip(names, pairs, strict=True)]
    return None


def _modules(order: Sequence[str]) -> list[str]:
    found = []
    for name in order:
        parts = [f".{part}" for part in ("to_q", "to_k", "to_v", "to_out.0")] if name.startswith("attn") else [""]
        found += [name + part for part in parts]
    return found


def _fits(name: str, shape: tuple[int, int]) -> bool:
    """Whether a module can have this shape: keys and values of the cross-attention take in the prompt."""
    rows, columns = shape
    if ".ff." in name:
        return rows == 8 * columns
    if ".attn2.to_k" in name or ".attn2.to_v" in name:
        return columns in (768, 1024)
    return rows == columns
