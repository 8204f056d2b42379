"""A VAE or text encoder alone in a file beside checkpoints: found inside them, compared with its like alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ..command import run

Weights = dict[str, np.ndarray]


def drawn(shapes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    draw = np.random.default_rng(seed)
    return {key: draw.standard_normal(shape).astype(np.float16) for key, shape in shapes.items()}


def vae(seed: int, channels: int = 16, further: dict[str, tuple[int, ...]] | None = None) -> Weights:
    shapes = {f"{half}.mid.attn_1.{part}.weight": (8, 8, 1, 1) for half in ("encoder", "decoder") for part in "qkv"}
    shapes |= {"decoder.conv_in.weight": (8, channels, 3, 3), "decoder.up.0.block.0.conv1.weight": (8, 8, 3, 3)}
    return drawn(shapes | (further or {}), seed)


def flux(seed: int) -> Weights:
    names = (f"double_blocks.{n}.{part}.weight" for n in range(2) for part in ("img_mod.lin", "img_mlp.0", "txt_mlp.0"))
    return drawn({f"model.diffusion_model.{name}": (16, 16) for name in names}, seed)


def save(folder: Path, name: str, weights: Weights) -> None:
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / f"{name}.safetensors")


def under(prefix: str, weights: Weights) -> Weights:
    return {prefix + key: values for key, values in weights.items()}


def rows(folder: Path) -> dict[str, str]:
    lines = run("scan", folder, "--no-library").out.splitlines()
    return {line.split()[0]: line for line in lines if line.strip()}


def test_a_vae_alone_is_found_inside_a_checkpoint_and_the_other_way_round(tmp_path):
    folder = tmp_path / "models"
    save(folder, "ae", vae(1))
    save(folder, "with", flux(2) | under("vae.", vae(1)))
    save(folder, "without", flux(2) | under("vae.", vae(3)))
    found = rows(folder)
    assert "same VAE as with" in found["ae"]
    assert "same VAE as ae" in found["with"]
    assert "VAE as ae" not in found["without"]
    documents = run("scan", folder, "--no-library", "--json").document["checkpoints"]
    assert {row["name"]: row["same_as"] for row in documents} == {
        "ae": ["same VAE as with"],
        "with": ["same UNet as without (other VAE)", "same VAE as ae"],
        "without": ["same UNet as with (other VAE)"],
    }


def test_a_text_encoder_alone_is_found_inside_a_checkpoint_by_any_name(tmp_path):
    clip = drawn({f"text_model.encoder.layers.{n}.mlp.fc1.weight": (16, 16) for n in range(3)}, 5)
    clip |= drawn({"text_model.final_layer_norm.weight": (768,)}, 6)
    folder = tmp_path / "models"
    save(folder, "clip_l", clip)
    save(folder, "aio", flux(2) | under("text_encoders.clip_l.transformer.", clip))
    found = rows(folder)
    assert "text encoder CLIP-L" in found["clip_l"]
    assert "same text encoder as aio" in found["clip_l"]
    assert "same text encoder as clip_l" in found["aio"]


def test_a_vae_in_another_precision_is_called_that(tmp_path):
    folder = tmp_path / "models"
    draw = np.random.default_rng(9)
    single = {key: draw.standard_normal(values.shape).astype(np.float32) for key, values in vae(1).items()}
    save(folder, "ae", single)
    save(folder, "with", flux(2) | under("vae.", {key: values.astype(np.float16) for key, values in single.items()}))
    assert "same VAE in another precision as with" in rows(folder)["ae"]


def test_two_kinds_of_vae_are_never_compared(tmp_path):
    folder = tmp_path / "models"
    save(folder, "flux", vae(1))
    save(folder, "sd", vae(1, channels=4))
    save(folder, "flux2", vae(1, channels=32, further={"bn.running_mean": (8,)}))
    document = run("compare", folder, "--no-library", "--json").document
    numbers = [document["overall"][a][b] for a in range(3) for b in range(a)]
    assert numbers == [None] * 3
    reasons = {reason["reason"] for reason in document["reasons"]}
    assert "different networks: VAE of Flux.1 or SD3 and VAE of SD or SDXL" in reasons
