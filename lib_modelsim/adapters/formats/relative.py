"""Kinds that change a layer in proportion to its weights, so that the change is unknown without them.

OFT and BOFT turn rows, IA³ multiplies rows or columns, GLoRA does both (KohakuBlueleaf/LyCORIS, kohya-ss/sd-scripts
networks/oft.py, huggingface/peft)."""

from __future__ import annotations

import math
from collections.abc import Collection

from .form import LayerFormat, Tensors, require

_ROTATES = "it turns the rows of each weight, so its change depends on the checkpoint"

_UNKNOWN = 0
"""Of a width that the tensors do not tell."""


def _turned(tensors: Tensors) -> tuple[int, ...]:
    """Blocks [n, b, b] turn n · b outputs; PEFT's [n, b(b − 1)/2] turn so many inputs."""
    blocks = tensors.get("oft_blocks")
    if blocks is None or len(blocks.shape) not in (2, 3):
        return ()
    if len(blocks.shape) == 3:
        return blocks.shape[0] * blocks.shape[1], _UNKNOWN
    size = (1 + math.isqrt(1 + 8 * blocks.shape[1])) // 2
    return _UNKNOWN, blocks.shape[0] * size


def _multiplied(tensors: Tensors) -> tuple[int, ...]:
    factors = tensors.get("weight") or tensors.get("ia3")
    return () if factors is None else (factors.count, _UNKNOWN)


_GLORA = ("a1", "a2", "b1", "b2")


def _of_glora(tensors: Tensors) -> tuple[int, ...]:
    first, second = tensors["glora_b1"].shape, tensors["glora_b2"].shape
    require(len(first) > 1 and len(second) > 1, "a factor is no matrix")
    return (first[0], *second[1:])


def _has_all(roles: Collection[str]) -> bool:
    return {f"glora_{word}" for word in _GLORA} <= set(roles)


FORMATS = (
    LayerFormat(
        name="OFT",
        endings=(
            (r"\.oft_blocks", "oft_blocks"),
            (r"\.oft_diag", "oft_blocks"),
            (r"\.oft_R(?:\.\w+)?(?:\.weight)?", "oft_blocks"),
            (r"\.oft_r", "oft_blocks"),
            (r"\.boft_(?:R|s)(?:\.\w+)?", "boft"),
            (r"\.rescale", "rescale"),
        ),
        complete=lambda roles: "oft_blocks" in roles or "boft" in roles,
        shape=_turned,
        needs_base=_ROTATES,
    ),
    LayerFormat(
        name="IA³",
        endings=((r"\.on_input", "on_input"), (r"\.ia3_l(?:\.\w+)?", "ia3")),
        complete=lambda roles: "on_input" in roles or "ia3" in roles,
        shape=_multiplied,
        needs_base="it multiplies rows or columns of each weight, so its change depends on the checkpoint",
    ),
    LayerFormat(
        name="GLoRA",
        endings=tuple((rf"\.{word}\.weight", f"glora_{word}") for word in _GLORA),
        complete=_has_all,
        shape=_of_glora,
        rank=lambda tensors: tensors["glora_a2"].shape[0],
        needs_base="a part of its change is a product with the weight, so the change depends on the checkpoint",
    ),
)
