"""What a WebUI is asked to generate: its own words for our Parameters, the same from inside and by HTTP."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from ..errors import ModelsimError
from ..probes.engine import EngineCheckpoint, PictureFailed
from ..probes.parameters import OPTIONS, OWN_VAE, Parameters

CHECKPOINT = "sd_model_checkpoint"

MODULES = "forge_additional_modules"
"""Forge's and Forge Neo's: the files of text encoders and VAEs that are chosen."""

STORAGE = "forge_unet_storage_dtype"
"""Theirs: in how many bits the network's weights are kept, from when they are loaded on."""

LOADER = Parameters(width=64, height=64, steps=1)
"""The picture that loads a checkpoint and shows whether it can generate; tiny, and never kept."""

_ALWAYS: Mapping[str, object] = {
    "samples_format": "png",
    "sd_lora": "None",
    "sd_vae_overrides_per_model_preferences": True,
}
"""The API answers in the format of saved samples; the Lora extension can add a network to every prompt; a VAE can be
preferred for a checkpoint."""

_CACHE = "persistent_cond_cache"
_UNSEEN_BY_CACHE = frozenset({"sdxl_zero_neg", "neta_template_positive", "neta_template_negative"})
"""Options that change what a prompt becomes, and that Forge Neo does not look at when it takes that from its cache."""


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
    parameters: Parameters, checkpoint: EngineCheckpoint, options: Mapping[str, Any], vaes: Mapping[str, str]
) -> dict[str, Any]:
    """Option → value for the time of one picture. `options` are those that this WebUI has, as they are set; `vaes` the
    file of each VAE, or of each module, by name. Raises PictureFailed for what it lacks of the picture's."""
    missing = [name for name in parameters.options if name not in options]
    if missing:
        raise PictureFailed("this WebUI has no such option", missing[0], "remove it from the suite")
    vae = _modules(parameters, checkpoint, options, vaes) if MODULES in options else _vae(parameters.vae, vaes)
    wanted = {**OPTIONS, **parameters.options, **_ALWAYS, **vae}
    wanted |= {"CLIP_stop_at_last_layers": parameters.clip_skip, "randn_source": parameters.noise}
    if not _UNSEEN_BY_CACHE.isdisjoint(parameters.options):
        wanted[_CACHE] = False
    return {name: value for name, value in wanted.items() if name in options} | {CHECKPOINT: checkpoint.title}


def _vae(name: str, vaes: Mapping[str, str]) -> dict[str, object]:
    if name == OWN_VAE:
        return {"sd_vae": "None"}
    _require("VAE", name, vaes)
    return {"sd_vae": name}


def _modules(
    parameters: Parameters, checkpoint: EngineCheckpoint, options: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, object]:
    """Forge manages VAEs, text encoders and so on together. What a checkpoint lacks comes from those that are chosen:
    those of when the picture was planned, else of now. One VAE takes another's place, which lies in the same folder."""
    kept = list(options[MODULES] or ()) if checkpoint.bare else []
    if parameters.modules:
        by_name = {file_name(file): file for file in kept} | dict(files)
        for name in parameters.modules:
            _require("text encoder or VAE", name, by_name)
        kept = [by_name[name] for name in parameters.modules]
    if parameters.vae != OWN_VAE:
        _require("VAE", parameters.vae, files)
        vae = files[parameters.vae]
        kept = [file for file in kept if ntpath.dirname(file) != ntpath.dirname(vae)] + [vae]
    return {MODULES: sorted(kept)}


def _require(kind: str, name: str, known: Mapping[str, str]) -> None:
    if name not in known:
        raise PictureFailed(f"this WebUI has no such {kind}", name, f"use own{''.join(f', {each}' for each in known)}")


def chosen_modules(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the text encoders and VAEs that a person has chosen, sorted."""
    return tuple(sorted(file_name(file) for file in options.get(MODULES) or ()))


def keeps_alike(storage: object, other: object) -> bool:
    """Whether two values of STORAGE keep the network's weights the same way; they may treat LoRAs differently."""
    return _weights(storage) == _weights(other)


def _weights(storage: object) -> str:
    return str(storage).removesuffix(" (fp16 LoRA)")


def refuse_remote(options: Mapping[str, Any]) -> None:
    """Raises ModelsimError where the WebUI hands prompts on to a service, whatever checkpoint is asked for: a mode of
    some of Forge Neo's forks."""
    mode = options.get("forge_model_mode", "local")
    if mode != "local":
        fix = "switch it to its own checkpoints (the first menu of its page), then start again"
        raise ModelsimError("this WebUI does not generate with its checkpoints but with a service", mode, fix)


def refuse_resized(picture: Image.Image, parameters: Parameters) -> None:
    """Raises PictureFailed where the WebUI has rounded the size: Forge Neo takes multiples of 64."""
    if picture.size != (parameters.width, parameters.height):
        made, asked = (f"{width} × {height}" for width, height in (picture.size, (parameters.width, parameters.height)))
        raise PictureFailed("the WebUI generates another size", f"{made} for {asked}", f"use {made} in the suite")


def plain_names(titles: Sequence[str], files: Sequence[str]) -> list[str]:
    """A name for each checkpoint, none twice: its file's without the ending; where two have the same, its title's
    before the hash, which is its path in the folder of models."""
    stems = [stem(file) for file in files]
    return [name if stems.count(name) == 1 else without_hash(title) for name, title in zip(stems, titles, strict=True)]


def stem(file: str) -> str:
    """The name of a file, on whatever system, that stands in infotexts."""
    return ntpath.splitext(file_name(file))[0]


def file_name(file: str) -> str:
    """The last part of a path, on whatever system."""
    return ntpath.basename(file)  # takes both kinds of slashes


def without_hash(title: str) -> str:
    """`foo.safetensors [1a2b3c]` was called `foo.safetensors` before it was hashed."""
    return re.sub(r" \[[0-9a-f]+\]$", "", title)


def is_out_of_memory(kind: str, words: str) -> bool:
    """Whether an exception's name and text tell of it."""
    return "OutOfMemory" in kind or "out of memory" in words.lower() or "DefaultCPUAllocator" in words
