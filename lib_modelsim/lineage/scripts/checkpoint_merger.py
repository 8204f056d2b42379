"""The WebUI's own tab Checkpoint Merger: what goes into its fields.

Source: AUTOMATIC1111/stable-diffusion-webui 1.10.1, modules/ui_checkpoint_merger.py (the fields and their ranges) and
modules/extras.py, run_modelmerger (one multiplier for all weights, text encoders and VAE with them; a VAE baked in
from a file of its own).
"""

from __future__ import annotations

from ...checkpoints.identity import component_label
from ...text import printable, readable
from .. import kinds
from ..recipe import Recipe
from ..wording.apart import difference_of
from .program import (
    CannotRepeat,
    MergeFiles,
    MergeProgram,
    doubts,
    path_of,
    require_repeatable,
    shares,
    taken_whole,
)

_NAME = "the WebUI's Checkpoint Merger"


def write(recipe: Recipe, files: MergeFiles) -> str:
    """The fields, a line each."""
    require_repeatable(recipe)
    fields = fields_of(recipe, files)
    made = f"What repeats {printable(recipe.target)} in the tab Checkpoint Merger:"
    return "\n".join([*doubts(recipe), made, *(f"{label}: {printable(text)}" for label, text in fields.items())]) + "\n"


def fields_of(recipe: Recipe, files: MergeFiles) -> dict[str, str]:
    """Label → what goes in. Raises CannotRepeat for what the tab cannot do."""
    whole = taken_whole(recipe)
    apart = [name for name in whole if name != "vae"]
    if apart:
        raise CannotRepeat(f"{_NAME} takes no {component_label(apart[0])} from another model")
    if recipe.lora:
        raise CannotRepeat(f"{_NAME} bakes in no LoRA")
    models, method, multiplier = _interpolation(recipe)
    letters = ("Primary model (A)", "Secondary model (B)", "Tertiary model (C)")
    found = {label: readable(path_of(model, files).name) for label, model in zip(letters, models, strict=False)}
    found["Interpolation Method"] = method
    if multiplier is not None:
        found["Multiplier (M)"] = f"{multiplier:.4f}".rstrip("0").rstrip(".")
    found["Save as float16"] = "on" if files.dtype == "F16" else "off"
    if "vae" in whole:
        found["Bake in VAE"] = f"the VAE of {whole['vae']}, as a file of its own in the folder models/VAE"
    return found


def _interpolation(recipe: Recipe) -> tuple[list[str], str, float | None]:
    """The models in order, the interpolation's name, the multiplier."""
    names = [parent.model for parent in recipe.parents]
    if recipe.kind in (kinds.COPY, kinds.CAST, kinds.SWAP):
        return names[:1], "No interpolation", None
    found = shares(recipe)
    if recipe.kind not in (kinds.WEIGHTED_SUM, kinds.ADD_DIFFERENCE, kinds.BLOCK_WEIGHTED) or found is None:
        how = "one multiplier for all weights" if recipe.kind == kinds.BLOCK_WEIGHTED else "no such method"
        raise CannotRepeat(f"{_NAME} cannot make it again ({recipe.kind}): it has {how}")
    if recipe.kind == kinds.ADD_DIFFERENCE:
        difference = difference_of(recipe)
        if difference is None:
            raise CannotRepeat(f"{_NAME} adds the difference of two models alone")
        *names, multiplier = difference
    elif len(found) != 2:
        raise CannotRepeat(f"{_NAME} takes two models for a weighted sum, and this has {len(found)}")
    else:
        names = list(found)
        multiplier = found[names[1]]
    if not 0 <= multiplier <= 1:
        raise CannotRepeat(f"{_NAME} takes a multiplier from 0 to 1, and this has {multiplier:.2f}")
    return names, "Add difference" if recipe.kind == kinds.ADD_DIFFERENCE else "Weighted sum", multiplier


PROGRAM = MergeProgram(_NAME, "checkpoint-merger", ".txt", write)
