"""Weights → the files that people have: safetensors, pickles, diffusers folders."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ..checkpoints.diffusers_names import diffusers_names
from .random_weights import Weights


def save(path: Path, weights: Weights, dtype: str = "float16", metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file; `dtype` is NumPy's name of the dtype to round to."""
    rounded = {key: np.ascontiguousarray(values, dtype=dtype) for key, values in weights.items()}
    save_file(rounded, path, metadata=metadata)


def save_pickle(path: Path, weights: Weights, dtype: str = "float32") -> None:
    """Write a PyTorch pickle as trainers do, with `state_dict` inside and some of the trainer's own state beside it.

    Without the records `.format_version` and `.storage_alignment`, which today's PyTorch (2.13) writes and
    does not need: AUTOMATIC1111 refuses a file that has them as malicious (modules/safe.py, `allowed_zip_names_re`).
    """
    import torch  # the one place here that needs it, and it takes seconds to import

    tensors = {key: torch.from_numpy(np.array(values, dtype=dtype)) for key, values in weights.items()}
    written = io.BytesIO()
    torch.save({"epoch": 12, "global_step": 470_000, "state_dict": tensors}, written)
    with zipfile.ZipFile(written) as new, zipfile.ZipFile(path, "w") as old:
        for name in new.namelist():
            if name.rpartition("/")[2] not in _NEW_RECORDS:
                old.writestr(name, new.read(name))


_NEW_RECORDS = (".format_version", ".storage_alignment")


_FOLDERS = {
    "model.diffusion_model.": ("unet", "unet"),
    "first_stage_model.": ("vae", "vae"),
    "cond_stage_model.transformer.": ("text_encoder", "clip"),
    "cond_stage_model.model.": ("text_encoder", "openclip"),
    "conditioner.embedders.0.transformer.": ("text_encoder", "clip"),
    "conditioner.embedders.1.model.": ("text_encoder_2", "openclip"),
}
"""Prefix of a part in single files → its sub-folder, and the vocabulary of what follows it."""


def save_diffusers_folder(path: Path, weights: Weights, dtype: str = "float16") -> None:
    """Write the weights of a single file (SD 1.x, SD 2.x, SDXL) as a diffusers folder, without its configurations."""
    path.mkdir(parents=True)
    for prefix, (folder, kind) in _FOLDERS.items():
        part = {key[len(prefix) :]: values for key, values in weights.items() if key.startswith(prefix)}
        if part:
            (path / folder).mkdir()
            file = "model" if folder.startswith("text_encoder") else "diffusion_pytorch_model"
            save(path / folder / f"{file}.safetensors", _as_diffusers(kind, part), dtype, {"format": "pt"})
    pipeline = "StableDiffusionXLPipeline" if (path / "text_encoder_2").exists() else "StableDiffusionPipeline"
    (path / "model_index.json").write_text(json.dumps({"_class_name": pipeline}, indent=2), encoding="utf-8")


def _as_diffusers(kind: str, part: Weights) -> Weights:
    """One part with diffusers' names, and the shapes that diffusers gives its weights."""
    if kind == "clip":
        return part
    if kind == "openclip":
        part = _split_attention(part)
    names = diffusers_names(kind, part.keys())
    renamed = {names[key]: values for key, values in part.items()}
    for key, values in renamed.items():
        if key == "text_projection.weight":
            renamed[key] = values.T
        elif kind == "vae" and ".attentions." in key and values.ndim == 4:
            renamed[key] = values[:, :, 0, 0]  # 1×1 convolutions in the original, linear layers there
    return renamed


def _split_attention(part: Weights) -> Weights:
    """OpenCLIP's weights with query, key and value apart, and without `logit_scale`, which diffusers does not keep."""
    split = {}
    for key, values in part.items():
        module, fused, kind = key.rpartition(".attn.in_proj_")
        if fused:
            for name, rows in zip("qkv", np.split(values, 3), strict=True):
                split[f"{module}.attn.{name}_proj.{kind}"] = rows
        elif key != "logit_scale":
            split[key] = values
    return split
