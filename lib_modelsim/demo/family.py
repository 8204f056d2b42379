"""The demonstration family: small checkpoints that draw, with known kinship.

They are Stable Diffusion 1.x in narrow networks, trained from nothing on drawings of houses, fish, cats and the like in
six styles (benchmarks/demo_family). Ask them for 128 × 128 pixels, with prompts such as `a red house, ink drawing`.

    harborlight-base_v1               the base, as float16
    ├─ harborlight-base_v1-fp32.ckpt  the same weights, as float32, in a pickle
    ├─ pixelwords_v1                  its text encoder trained on pixel art; the UNet is the base's
    ├─ pastel-dots_v1                 a LoRA, baked in; beside it in `lora`
    │  └─ pastel-dots-soft_v1         the same at half its strength
    ├─ inkwell_v2.1                   fine-tune on ink drawings
    │  ├─ inkwell_v2.1 (1)            the very same file, downloaded twice
    │  ├─ inkwell_v2.1-clearvae       with another VAE
    │  └─ inkwell-neon_v1             fine-tune of inkwell on neon lights
    ├─ tidewater_v3                   fine-tune on watercolours
    │  ├─ tidewater_v3-diffusers      the same weights, as a diffusers folder
    │  └─ tidewater-sepia_v1          fine-tune of tidewater on sepia hatching
    ├─ tidepool-mix_v1                0.6 inkwell_v2.1 + 0.4 tidewater_v3
    ├─ chimera-blockmix_v1            inkwell's IN blocks, tidewater's OUT blocks, the mean of both in the middle
    └─ neon-tide_v1                   tidewater_v3 + (inkwell-neon_v1 − inkwell_v2.1)
    granite-fantasy_v4                a stranger: a UNet trained from nothing, with the base's VAE and text encoder

And SDXL: `meridian-xl_v1.0` and its fine-tune `meridian-xl-anime_v1.1`, of random numbers and without text encoders:
they have learned nothing and draw nothing.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..checkpoints import blocks
from ..checkpoints.diffusers_names import diffusers_names
from ..sqlite import alone
from .files import save, save_diffusers_folder, save_pickle
from .packed import unpack
from .random_weights import Weights, draw, train
from .shapes import sdxl_shapes
from .webui_files import Widths, write_configuration, write_tokenizer

PACKED = Path(__file__).parent / "weights"
SUITE, PICTURES = "demonstration", Path(__file__).parent / "pictures"
"""The family's suite of probes, and its pictures as a gallery has them, of eight models of a manner of their own."""

WIDTHS = Widths(unet=64, unet_multipliers=(1, 1, 1, 1), vae=64, vae_multipliers=(1, 1, 2, 2), vae_resnets=1)
TEXT_INTERMEDIATE = 512

_UNET = "model.diffusion_model."
_TOKENIZER = "tokenizer"

_PATIENCE = 600.0
"""Seconds that another program may take to write the family."""


def write_demo_family(folder: Path, progress: Callable[[str], None]) -> None:
    """Write the family into a new folder; `progress` is told each member's name before it is written.

    The folder appears whole or not at all: it is written under another name beside its place and then renamed. What
    a run that was killed left there is removed first. Does nothing where the folder exists, and waits where another
    program writes it. Raises OSError or SafetensorError where the disk refuses.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(folder.name + ".lock")
    try:
        with alone(lock, _PATIENCE):
            if not folder.exists():
                _write(folder, progress)
    except sqlite3.OperationalError as error:
        raise OSError(f"{lock.name}: {error}") from error
    finally:
        with suppress(OSError):  # another program that waits holds it, on Windows
            lock.unlink()


def _write(folder: Path, progress: Callable[[str], None]) -> None:
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    try:
        writer = _Writer(partial, folder / _TOKENIZER, progress)
        _write_sd1(writer)
        _write_sdxl(writer)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@dataclass(frozen=True)
class _Writer:
    """Writes members into `folder`, whose tokenizer will be at `tokenizer` in the end."""

    folder: Path
    tokenizer: Path
    progress: Callable[[str], None]

    def write(self, name: str, weights: Weights, metadata: dict[str, str] | None = None) -> None:
        self.progress(name)
        save(self.folder / f"{name}.safetensors", weights, metadata=metadata)

    def write_for_webui(self, name: str, weights: Weights, metadata: dict[str, str] | None = None) -> None:
        """With the configuration by which AUTOMATIC1111 loads it."""
        self.write(name, weights, metadata)
        self.configure(self.folder / f"{name}.safetensors")

    def configure(self, checkpoint: Path) -> None:
        write_configuration(checkpoint, WIDTHS, self.tokenizer)


def _write_sd1(to: _Writer) -> None:
    write_tokenizer(to.folder / _TOKENIZER, TEXT_INTERMEDIATE)
    base = trained("harborlight")
    inkwell, tidewater = trained("inkwell", base), trained("tidewater", base)
    neon = trained("inkwell-neon", inkwell)

    to.write_for_webui("harborlight-base_v1", base, {"modelspec.title": "Harborlight v1"})
    to.progress("harborlight-base_v1-fp32")
    save_pickle(to.folder / "harborlight-base_v1-fp32.ckpt", base)
    to.configure(to.folder / "harborlight-base_v1-fp32.ckpt")
    to.write_for_webui("pixelwords_v1", trained("pixelwords", base))
    _write_dots(to, base)

    to.write_for_webui("inkwell_v2.1", inkwell, {"modelspec.title": "Inkwell v2.1"})
    to.progress("inkwell_v2.1 (1)")
    shutil.copyfile(to.folder / "inkwell_v2.1.safetensors", to.folder / "inkwell_v2.1 (1).safetensors")
    to.configure(to.folder / "inkwell_v2.1 (1).safetensors")
    to.write_for_webui("inkwell_v2.1-clearvae", trained("clearvae", inkwell))
    to.write_for_webui("inkwell-neon_v1", neon)

    to.write_for_webui("tidewater_v3", tidewater)
    to.progress("tidewater_v3-diffusers")
    save_diffusers_folder(to.folder / "tidewater_v3-diffusers", tidewater)
    to.write_for_webui("tidewater-sepia_v1", trained("tidewater-sepia", tidewater))

    mix = _combined(lambda a, b: 0.6 * a + 0.4 * b, inkwell, tidewater)
    to.write_for_webui("tidepool-mix_v1", mix, _recipe("tidepool-mix_v1", multiplier=0.4))
    to.write_for_webui("chimera-blockmix_v1", _blockmix(inkwell, tidewater))
    to.write_for_webui("neon-tide_v1", _combined(lambda a, b, c: a + (b - c), tidewater, neon, inkwell))
    to.write_for_webui("granite-fantasy_v4", base | trained("granite"))


def _write_dots(to: _Writer, base: Weights) -> None:
    lora = unpack(PACKED / "pastel-dots-lora.pack")
    to.write_for_webui("pastel-dots_v1", with_lora(base, lora, 1.0))
    to.write_for_webui("pastel-dots-soft_v1", with_lora(base, lora, 0.5))
    to.progress("pastel-dots-lora")
    (to.folder / "lora").mkdir()
    about = {"ss_network_dim": "8", "ss_network_alpha": "8", "ss_network_module": "networks.lora"}
    save(to.folder / "lora" / "pastel-dots-lora.safetensors", lora, metadata=about)


def _write_sdxl(to: _Writer) -> None:
    shapes = {key: shape for key, shape in sdxl_shapes(channels=32).items() if not key.startswith("conditioner.")}
    base = draw(shapes, seed=6)
    to.write("meridian-xl_v1.0", base)
    to.write("meridian-xl-anime_v1.1", train(base, seed=7, size=0.1))


def trained(name: str, parent: Weights | None = None) -> Weights:
    """The weights of one of the trained networks, float16; a fine-tune needs its parent's."""
    return unpack(PACKED / f"{name}.pack", parent)


def with_lora(weights: Weights, lora: Weights, strength: float) -> Weights:
    """The weights with a LoRA in kohya's names baked in: W + strength · alpha / rank · up · down.

    kohya's names are diffusers', with underscores.
    """
    changed = dict(weights)
    unet = [key.removeprefix(_UNET) for key in weights if key.startswith(_UNET)]
    for original, diffusers in diffusers_names("unet", unet).items():
        name = "lora_unet_" + diffusers.removesuffix(".weight").replace(".", "_")
        if f"{name}.lora_up.weight" not in lora:
            continue
        key = _UNET + original
        old = weights[key]
        # float64 and one order of the sums, as the file's hash must be the same on every machine
        up, down = (lora[f"{name}.lora_{part}.weight"].astype(np.float64) for part in ("up", "down"))
        scale = strength * float(lora[f"{name}.alpha"]) / len(down)
        rows, columns = up.reshape(len(up), -1), down.reshape(len(down), -1)
        change = sum(np.outer(rows[:, i], columns[i]) for i in range(len(columns)))
        changed[key] = (old + scale * change.reshape(old.shape)).astype(np.float16)
    return changed


def _combined(formula: Callable[..., np.ndarray], *parents: Weights) -> Weights:
    """The formula, in float32, of the values of every key; as every merger does it, the VAE is the first one's."""
    return {
        key: values
        if key.startswith("first_stage_model.") or values.dtype != np.float16
        else formula(*(parent[key].astype(np.float32) for parent in parents)).astype(np.float16)
        for key, values in parents[0].items()
    }


def _blockmix(a: Weights, b: Weights) -> Weights:
    mean = _combined(lambda x, y: 0.5 * x + 0.5 * y, a, b)
    sources = {"IN": a, "OUT": b}
    return {key: sources.get((blocks.place("SD 1.x", key)[1] or "").rstrip("0123456789"), mean)[key] for key in a}


def _recipe(name: str, multiplier: float) -> dict[str, str]:
    """What the WebUI's checkpoint merger writes into the metadata (modules/extras.py, `run_modelmerger`)."""
    recipe = {
        "type": "webui",
        "primary_model_name": "inkwell_v2.1",
        "secondary_model_name": "tidewater_v3",
        "interp_method": "Weighted sum",
        "multiplier": multiplier,
        "custom_name": name,
    }
    return {"format": "pt", "sd_merge_recipe": json.dumps(recipe)}
