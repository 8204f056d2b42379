"""The demonstration family: small checkpoints with real key layout and known kinship, drawn from random numbers.

Who comes from whom (SD 1.x):

    harborlight-v1                    the base, as float16
    ├─ harborlight-v1-fp32.ckpt       the same weights, as float32, in a pickle
    ├─ inkwell_anime_v2.1             fine-tune of the base
    │  ├─ inkwell_anime_v2.1 (1)      the very same file, downloaded twice
    │  ├─ inkwell_anime_v2.1-clearvae the same UNet and text encoder with another VAE
    │  └─ inkwell_anime_v2.5          inkwell trained on a little
    ├─ velvet-portrait_v3             another fine-tune of the base
    │  └─ velvet-portrait_v3-diffusers  the same weights, as a diffusers folder
    ├─ tidepool-mix_v1                0.7 inkwell_anime_v2.1 + 0.3 velvet-portrait_v3
    └─ chimera-blockmix_v1            inkwell's IN blocks, velvet's OUT blocks, the mean of both in the middle
    granite-fantasy_v4                a stranger, trained from scratch

Training and merging leave the VAE as it is, so that all have the base's but two: `-clearvae` and the stranger.
And SDXL: `meridian-xl_v1.0` and its fine-tune `meridian-xl-anime_v1.1`. Both architectures have narrow networks and
short text encoders: a file has 13 to 27 MB instead of 2 to 7 GB, and draws no picture.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from .checkpoints import blocks
from .checkpoints.diffusers_names import diffusers_names
from .demo_shapes import Shapes, sd1_shapes, sd2_shapes, sdxl_shapes

__all__ = [
    "draw",
    "save",
    "save_diffusers_folder",
    "save_pickle",
    "sd1_shapes",
    "sd2_shapes",
    "sdxl_shapes",
    "train",
    "write_demo_family",
]

Weights = dict[str, np.ndarray]
"""Common key → float32 array of the shape that single files have."""


def write_demo_family(folder: Path, progress: Callable[[str], None]) -> None:
    """Write the family into a new folder; `progress` is told each member's name before it is written.

    The folder appears whole or not at all: it is written under another name beside its place and then renamed. What
    an interrupted run left there is removed first. Does nothing where the folder exists.
    """
    if folder.exists():
        return
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    _write_sd1(partial, progress)
    _write_sdxl(partial, progress)
    partial.replace(folder)


def _write_sd1(folder: Path, progress: Callable[[str], None]) -> None:
    shapes = sd1_shapes(channels=24)
    base = draw(shapes, seed=1)
    inkwell = train(base, seed=2, size=0.15)
    velvet = train(base, seed=3, size=0.15)
    mix, blockmix = _weighted(inkwell, velvet, lambda _: 0.3), _weighted(inkwell, velvet, _share_by_block)

    def write(name: str, weights: Weights, metadata: dict[str, str] | None = None) -> None:
        progress(name)
        save(folder / f"{name}.safetensors", weights, metadata=metadata)

    write("harborlight-v1", base, {"modelspec.title": "Harborlight v1"})
    progress("harborlight-v1-fp32")
    save_pickle(folder / "harborlight-v1-fp32.ckpt", base)
    write("inkwell_anime_v2.1", inkwell, {"modelspec.title": "Inkwell Anime v2.1"})
    progress("inkwell_anime_v2.1 (1)")
    shutil.copyfile(folder / "inkwell_anime_v2.1.safetensors", folder / "inkwell_anime_v2.1 (1).safetensors")
    write("inkwell_anime_v2.1-clearvae", inkwell | _vae(draw(shapes, seed=8)))
    write("inkwell_anime_v2.5", train(inkwell, seed=4, size=0.05))
    write("velvet-portrait_v3", velvet)
    progress("velvet-portrait_v3-diffusers")
    save_diffusers_folder(folder / "velvet-portrait_v3-diffusers", velvet)
    write("tidepool-mix_v1", mix, _recipe("tidepool-mix_v1", multiplier=0.3))
    write("chimera-blockmix_v1", blockmix)
    write("granite-fantasy_v4", draw(shapes, seed=5))


def _write_sdxl(folder: Path, progress: Callable[[str], None]) -> None:
    base = draw(sdxl_shapes(channels=20), seed=6)
    for name, weights in (("meridian-xl_v1.0", base), ("meridian-xl-anime_v1.1", train(base, seed=7, size=0.1))):
        progress(name)
        save(folder / f"{name}.safetensors", weights)


def draw(shapes: Shapes, seed: int) -> Weights:
    """Random weights of a network fresh from training: norms near 1, matrices scaled by their inputs.

    The numbers come from NumPy's PCG64, key by key in sorted order, so they are the same on every machine.
    """
    noise = _noise(shapes, seed)
    norms = {key: 1 + values for key, values in noise.items() if values.ndim == 1 and key.endswith(".weight")}
    return noise | norms


def train(weights: Weights, seed: int, size: float) -> Weights:
    """A fine-tune: every weight but the VAE's moved at random by `size` of its own spread."""
    steps = _noise({key: values.shape for key, values in weights.items()}, seed)
    return {key: values + np.float32(size) * steps[key] for key, values in weights.items()} | _vae(weights)


def _vae(weights: Weights) -> Weights:
    return {key: values for key, values in weights.items() if key.startswith("first_stage_model.")}


def _noise(shapes: Shapes, seed: int) -> Weights:
    generator = np.random.Generator(np.random.PCG64(seed))
    noise = {}
    for key, shape in sorted(shapes.items()):
        inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 100  # norms and biases spread by a tenth
        noise[key] = np.asarray(generator.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(inputs)))
    return noise


def _weighted(a: Weights, b: Weights, share: Callable[[str], float]) -> Weights:
    """(1 − share) · a + share · b, key by key, with the VAE of a."""
    return {key: np.float32(1 - share(key)) * a[key] + np.float32(share(key)) * b[key] for key in a} | _vae(a)


def _share_by_block(key: str) -> float:
    _, block = blocks.place("SD 1.x", key)
    return {"IN": 0.0, "M": 0.5, "OUT": 1.0}.get((block or "").rstrip("0123456789"), 0.5)


def _recipe(name: str, multiplier: float) -> dict[str, str]:
    """What the WebUI's checkpoint merger writes into the metadata (modules/extras.py, `run_modelmerger`)."""
    recipe = {
        "type": "webui",
        "primary_model_name": "inkwell_anime_v2.1",
        "secondary_model_name": "velvet-portrait_v3",
        "interp_method": "Weighted sum",
        "multiplier": multiplier,
        "custom_name": name,
    }
    return {"format": "pt", "sd_merge_recipe": json.dumps(recipe)}


def save(path: Path, weights: Weights, dtype: str = "float16", metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file; `dtype` is NumPy's name of the dtype to round to."""
    rounded = {key: np.ascontiguousarray(values, dtype=dtype) for key, values in weights.items()}
    save_file(rounded, path, metadata=metadata)


def save_pickle(path: Path, weights: Weights, dtype: str = "float32") -> None:
    """Write a PyTorch pickle as trainers do, with `state_dict` inside and some of the trainer's own state beside it."""
    import torch  # the one place here that needs it, and it takes seconds to import

    tensors = {key: torch.from_numpy(np.array(values, dtype=dtype)) for key, values in weights.items()}
    torch.save({"epoch": 12, "global_step": 470_000, "state_dict": tensors}, path)


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
