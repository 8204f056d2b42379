"""A family of checkpoints small enough to be written in seconds, and whole enough for a real WebUI to draw with.

    harbor-base        the base
    ├─ lantern-tune    fine-tune of the base
    ├─ velvet-tune     another one
    └─ tide-merge      0.7 lantern-tune + 0.3 velvet-tune
    granite-stranger   trained from scratch

A1111 takes the network's widths from a `.yaml` beside the file: 32 channels, one layer of text encoder, 30 MB. Forge
has no such files; the smallest that it recognises as SD 1.x has 320 channels at each level and the real text encoder
and VAE: 0.6 GB. Both draw 64 × 64 noise in a second. Nothing is downloaded: the tokenizer is one of 514 bytes that is
written beside the checkpoints; Forge has its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from lib_modelsim import demo
from lib_modelsim.demo.shapes import Shapes, UnetLayout, clip_shapes, unet_shapes, vae_shapes
from lib_modelsim.demo.webui_files import CONTEXT, Widths, write_configuration, write_tokenizer

NAMES = ("harbor-base", "lantern-tune", "velvet-tune", "tide-merge", "granite-stranger")

WIDTHS = Widths(32, (1, 2, 4, 4), 32, (1, 2, 4, 4), vae_resnets=2)

BARE = "bare-network"
FEW_BITS = {"few-fp8": "fp8 scaled, old", "few-int8": "int8", "few-nvfp4": "nvfp4", "few-gguf": "Q8_0"}
"""Name → in which form its weights are kept, as tests/checkpoints/quantised_files.py calls it."""

MODULES = ("harbor-vae.safetensors", "harbor-clip.safetensors")

_UNET = "model.diffusion_model."
_VAE = "first_stage_model."
_TEXT = "cond_stage_model.transformer."
_BYTES = 2 * 256 + 2  # a token for each byte, inside a word and at its end; begin and end of the text


def write_for_a1111(folder: Path) -> None:
    """The family, with a configuration beside each file; `folder` exists."""
    shapes = unet_shapes(UnetLayout(32, CONTEXT)) | vae_shapes(32) | clip_shapes(_TEXT, CONTEXT, 1, _BYTES)
    tokenizer = folder.parent / "tiny-clip"
    write_tokenizer(tokenizer, 4 * CONTEXT)
    _write_family(folder, shapes)
    for name in NAMES:
        write_configuration(folder / f"{name}.safetensors", WIDTHS, tokenizer)


def write_for_forge(folder: Path) -> None:
    """The family in the smallest shape that Forge recognises; `folder` exists."""
    layout = UnetLayout(320, CONTEXT, multipliers=(1, 1, 1, 1))
    _write_family(folder, unet_shapes(layout) | vae_shapes(128) | clip_shapes(_TEXT, CONTEXT, 12, 49408))


def write_parts(models: Path, data: Path) -> None:
    """What Forge generates with besides: the base's network alone as BARE, and its VAE and text encoder as modules in
    the folders of the --data-dir `data`."""
    parts: dict[str, dict[str, np.ndarray]] = {_UNET: {}, _VAE: {}, _TEXT: {}}
    with safe_open(models / f"{NAMES[0]}.safetensors", "numpy") as file:
        for key in file.keys():  # noqa: SIM118 - no dict
            prefix = next(prefix for prefix in parts if key.startswith(prefix))
            parts[prefix][key if prefix == _UNET else key.removeprefix(prefix)] = file.get_tensor(key)
    places = {
        _UNET: models / f"{BARE}.safetensors",
        _VAE: data / "models" / "VAE" / MODULES[0],
        _TEXT: data / "models" / "text_encoder" / MODULES[1],
    }
    for prefix, path in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(parts[prefix], path)


def write_few_bits(models: Path) -> None:
    """The network of BARE as FEW_BITS: a part of its matrices so stored. Its first use imports torch."""
    from safetensors.torch import load_file
    from safetensors.torch import save_file as save_tensors

    from tests.checkpoints.quantised_files import quantised, write_gguf

    network = load_file(models / f"{BARE}.safetensors")
    some = {key: network[key] for key in network if ".ff.net." in key and key.endswith("weight")}
    for name, scheme in FEW_BITS.items():
        mark = {f"{_UNET}scaled_fp8": some[next(iter(some))].new_zeros(2).float()} if "old" in scheme else {}
        if scheme == "Q8_0":
            write_gguf(models / f"{name}.gguf", network, scheme, "sd1")
        else:
            save_tensors(network | quantised(scheme, some) | mark, models / f"{name}.safetensors")


def _write_family(folder: Path, shapes: Shapes) -> None:
    base = demo.draw(shapes, seed=1)
    lantern, velvet = _tune(base, seed=2), _tune(base, seed=3)
    merge = {key: np.float32(0.7) * lantern[key] + np.float32(0.3) * velvet[key] for key in lantern}
    stranger = demo.draw({key: shapes[key] for key in base if key.startswith(_UNET)}, seed=4)
    for name, changed in zip(NAMES, ({}, lantern, velvet, merge, stranger), strict=True):
        demo.save(folder / f"{name}.safetensors", base | changed)


def _tune(base: demo.Weights, seed: int) -> demo.Weights:
    return demo.train({key: values for key, values in base.items() if key.startswith(_UNET)}, seed, size=0.15)
