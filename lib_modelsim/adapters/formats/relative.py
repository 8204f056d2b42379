"""Kinds that change a layer in proportion to its weights, so that the change is unknown without them.

OFT and BOFT turn rows, IA³ multiplies rows or columns, GLoRA does both (KohakuBlueleaf/LyCORIS, kohya-ss/sd-scripts
networks/oft.py, huggingface/peft)."""

from __future__ import annotations

from .form import LayerFormat

_ROTATES = "it turns the rows of each weight, so its change depends on the checkpoint"

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
        needs_base=_ROTATES,
    ),
    LayerFormat(
        name="IA³",
        endings=((r"\.on_input", "on_input"), (r"\.ia3_l(?:\.\w+)?", "ia3")),
        complete=lambda roles: "on_input" in roles or "ia3" in roles,
        needs_base="it multiplies rows or columns of each weight, so its change depends on the checkpoint",
    ),
    LayerFormat(
        name="GLoRA",
        endings=tuple((rf"\.{word}\.weight", f"glora_{word}") for word in ("a1", "a2", "b1", "b2")),
        complete=lambda roles: {"glora_a1", "glora_a2", "glora_b1", "glora_b2"} <= set(roles),
        rank=lambda tensors: tensors["glora_a2"].shape[0],
        needs_base="a part of its change is a product with the weight, so the change depends on the checkpoint",
    ),
)
