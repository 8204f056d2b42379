"""What a WebUI is asked to generate: its own words for our Parameters, the same from inside and by HTTP."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..checkpoints.networks import find
from ..probes.engine import PictureFailed
from ..probes.parameters import OPTIONS, OWN_VAE, Parameters

CHECKPOINT = "sd_model_checkpoint"

LOADER = Parameters(width=64, height=64, steps=1)
"""The picture that loads a checkpoint and shows whether it can generate; tiny, and never kept."""

_ALWAYS: Mapping[str, object] = {
    "samples_format": "png",
    "sd_lora": "None",
    "sd_vae_overrides_per_model_preferences": True,
}
"""The API answers in the format of saved samples; the Lora extension can add a network to every prompt; a VAE can be
preferred for a checkpoint."""


def request(batch: Sequence[Parameters]) -> dict[str, Any]:
    """The fields of a picture that are no options, for `txt2img` and for StableDiffusionProcessingTxt2Img alike."""
    first = batch[0]
    return {
        "prompt": first.prompt,
        "negative_prompt": first.negative_prompt,
        "styles": [],
        "sampler_name": first.sampler,
        "scheduler": first.scheduler,
        "steps": first.steps,
        "cfg_scale": first.cfg_scale,
        "seed": first.seed,
        "width": first.width,
        "height": first.height,
        "batch_size": len(batch),
        "n_iter": 1,
    }


def overridden(
    parameters: Parameters,
    title: str,
    architecture: str | None,
    options: Mapping[str, Any],
    vaes: Mapping[str, str],
) -> dict[str, Any]:
    """Option → value for the time of one picture. `options` are those that this WebUI has; `vaes` the file of each VAE
    by name. Raises PictureFailed for an option or a VAE that it lacks."""
    missing = [name for name in parameters.options if name not in options]
    if missing:
        raise PictureFailed("this WebUI has no such option", missing[0], "remove it from the suite")
    wanted = {**OPTIONS, **parameters.options, **_ALWAYS, **_vae(parameters.vae, architecture, options, vaes)}
    wanted |= {"CLIP_stop_at_last_layers": parameters.clip_skip, "randn_source": parameters.noise}
    return {name: value for name, value in wanted.items() if name in options} | {CHECKPOINT: title}


def _vae(name: str, architecture: str | None, options: Mapping[str, Any], vaes: Mapping[str, str]) -> dict[str, object]:
    """Forge manages VAEs, text encoders and so on together as modules. The files of some networks may lack them; those
    keep the modules that are set."""
    own = name == OWN_VAE
    if not own and name not in vaes:
        raise PictureFailed("this WebUI has no such VAE", name, f"use own{''.join(f', {each}' for each in vaes)}")
    if "forge_additional_modules" not in options:
        return {"sd_vae": "None" if own else name}
    network = find(architecture or "")
    if own and network is not None and network.drawing.modules:
        return {}
    return {"forge_additional_modules": [] if own else [vaes[name]]}


def plain_names(titles: Sequence[str], files: Sequence[str]) -> list[str]:
    """A name for each checkpoint, none twice: its file's without the ending; where two have the same, its title's
    before the hash, which is its path in the folder of models."""
    stems = [stem(file) for file in files]
    return [name if stems.count(name) == 1 else without_hash(title) for name, title in zip(stems, titles, strict=True)]


def stem(file: str) -> str:
    """The name of a file, on whatever system, that stands in infotexts."""
    return ntpath.splitext(ntpath.basename(file))[0]  # takes both kinds of slashes


def without_hash(title: str) -> str:
    """`foo.safetensors [1a2b3c]` was called `foo.safetensors` before it was hashed."""
    return re.sub(r" \[[0-9a-f]+\]$", "", title)


def is_out_of_memory(kind: str, words: str) -> bool:
    """Whether an exception's name and text tell of it."""
    return "OutOfMemory" in kind or "out of memory" in words.lower() or "DefaultCPUAllocator" in words
