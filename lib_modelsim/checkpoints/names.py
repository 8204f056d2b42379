"""One name for one weight: the layouts that tools write, mapped to the names of the original checkpoints.

The common names are those of CompVis' and Stability's single files (`model.diffusion_model.…`,
`cond_stage_model.…`, `conditioner.embedders.N.…`, `first_stage_model.…`). A name is first given its home, the prefix
of the part it belongs to; then what stands after the prefix is turned from diffusers' words into the original ones.
One thing follows diffusers: OpenCLIP's fused query, key and value matrices are three weights, because three separate
tensors on disk cannot be seen as one, while one can be seen as three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .architecture import is_lora
from .diffusers_names import original_names
from .stored import FLOATS, StoredTensor

_LAYOUTS = json.loads((Path(__file__).parent / "tables" / "layouts.json").read_text(encoding="utf-8"))

_PARTS: dict[str, str] = _LAYOUTS["parts"]
"""Prefix of a part in the common names → the vocabulary of what follows it."""

_BARE = [(re.compile(layout["signature"]), re.compile(layout["keys"]), layout["prefix"]) for layout in _LAYOUTS["bare"]]

_BARE_TEXT = re.compile(r"(text_model|text_projection|embeddings|encoder\.layers|final_layer_norm)\.")

_MARK = "nai."
"""mega_cmp marks the keys of NovelAI's file so; the data published with it kept the mark."""

_HEADLESS = re.compile(r"(embeddings|encoder\.layers|final_layer_norm)\.")
"""NovelAI's leaked file leaves `text_model.`, the inner module's name, out of its text encoder; so does transformers
from 5.6 on (huggingface/transformers#44431)."""

_ONLY_IN_SINGLE_FILES = re.compile("|".join(_LAYOUTS["only_in_single_files"]))


def common_names(tensors: Iterable[StoredTensor]) -> list[tuple[str, StoredTensor]]:
    """Each tensor with its common name, in the same order; a LoRA's tensors keep theirs.

    A fused matrix of OpenCLIP's text encoder (`attn.in_proj_weight`) becomes its three parts, and a projection that
    diffusers transposed is turned back: the returned tensors say where those lie. Where a file holds the same part
    twice, the tensor that has the common name in the file has it here; the other's own name follows in brackets.
    """
    tensors = list(tensors)
    if any(is_lora(tensor.key) for tensor in tensors):
        return [(tensor.key, tensor) for tensor in tensors]
    shapes = {tensor.key.removeprefix(_MARK): tensor.shape for tensor in tensors}
    names = _original_names(_homes(shapes))
    own = {tensor.key for tensor in tensors}
    found: dict[str, StoredTensor] = {}
    for tensor in tensors:
        for key, part in _parts(names[tensor.key.removeprefix(_MARK)], tensor):
            taken = key != tensor.key and (key in own or key in found)
            found[f"{key} ({tensor.key})" if taken else key] = part
    return list(found.items())


def in_every_layout(key: str) -> bool:
    """Whether a weight with this common name stands in single files and in diffusers folders alike.

    What a folder has no place for is of no use to the pictures either: two layouts of the same weights are told as
    such by what they both hold.
    """
    return _ONLY_IN_SINGLE_FILES.match(key) is None


def _homes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, str]]:
    """Key of the file → (prefix of its part, name inside the part); an empty prefix where the part is not known."""
    prefixes = {prefix: prefix for prefix in _PARTS} | _LAYOUTS["aliases"] | _folder_text_encoders(shapes)
    homes, homeless = {}, []
    for key in shapes:
        prefix = next((prefix for prefix in prefixes if key.startswith(prefix)), None)
        if prefix is None:
            homeless.append(key)
        else:
            homes[key] = prefixes[prefix], key[len(prefix) :]
    bare = _bare_home(homeless, shapes)
    return homes | {key: (bare(key), key) for key in homeless}


def _folder_text_encoders(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Sub-folder of a text encoder in a diffusers folder → prefix of the part that it is in single files."""
    first, second = (any(key.startswith(folder) for key in shapes) for folder in ("text_encoder/", "text_encoder_2/"))
    if second:
        place = 1 if first else 0  # SDXL's refiner has OpenCLIP's alone, still as its second
        return {
            "text_encoder/": "conditioner.embedders.0.transformer.",
            "text_encoder_2/": f"conditioner.embedders.{place}.model.",
        }
    if not first:
        return {}
    contexts = (shape[1] for key, shape in shapes.items() if key.endswith("attn2.to_k.weight") and len(shape) > 1)
    width = next(contexts, _text_width("text_encoder/", shapes))
    return {"text_encoder/": "cond_stage_model.model." if width == 1024 else "cond_stage_model.transformer."}


def _bare_home(keys: list[str], shapes: Mapping[str, tuple[int, ...]]) -> Callable[[str], str]:
    """Key without a prefix → the prefix that it has in whole checkpoints, for a file that holds one part alone."""
    layouts = [(words, prefix) for signature, words, prefix in _BARE if any(map(signature.match, keys))]
    width = _text_width("", shapes)
    if width is not None:
        by_width = _LAYOUTS["bare_text_encoder_by_width"]
        layouts.append((_BARE_TEXT, by_width.get(str(width), by_width["768"])))
    return lambda key: next((prefix for words, prefix in layouts if words.match(key)), "")


def _text_width(prefix: str, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Width of the CLIP text encoder behind this prefix, None where there is none."""
    norms = (prefix + head + "final_layer_norm.weight" for head in ("text_model.", ""))
    return next((shapes[norm][0] for norm in norms if shapes.get(norm)), None)


def _original_names(homes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Key of the file → common name."""
    inside: dict[str, set[str]] = {}
    for prefix, name in homes.values():
        inside.setdefault(prefix, set()).add(name)
    originals = {prefix: _vocabulary(_PARTS.get(prefix, "as it is"), names) for prefix, names in inside.items()}
    return {key: prefix + originals[prefix][name] for key, (prefix, name) in homes.items()}


def _vocabulary(kind: str, names: set[str]) -> dict[str, str]:
    if kind in ("unet", "vae"):
        return original_names(kind, names)
    if kind == "clip":
        return {name: _with_head(name) for name in names}
    if kind == "openclip":
        headed = {name: _with_head(name) for name in names}
        originals = original_names(kind, headed.values())
        return {name: originals[head] for name, head in headed.items()}
    return {name: name for name in names}


def _with_head(name: str) -> str:
    """transformers' name of a weight of CLIP, whichever of its outer modules a file leaves out or puts before."""
    return "text_model." + name if _HEADLESS.match(name) else re.sub(r"^transformer\.(?=text_)", "", name)


def _parts(key: str, tensor: StoredTensor) -> list[tuple[str, StoredTensor]]:
    """What one stored tensor is by common names: itself, nearly always."""
    if tensor.dtype not in FLOATS:  # its rows may not begin at a byte
        return [(key, tensor)]
    if tensor.key.endswith("text_projection.weight") and key.endswith(".text_projection") and len(tensor.shape) == 2:
        return [(key, tensor.transposed())]
    module, fused, kind = key.rpartition(".attn.in_proj_")
    if not fused or kind not in ("weight", "bias") or not tensor.shape or tensor.shape[0] % 3:
        return [(key, tensor)]
    rows = tensor.shape[0] // 3
    return [
        (f"{module}.attn.{part}_proj.{kind}", tensor.rows(i * rows, (i + 1) * rows)) for i, part in enumerate("qkv")
    ]
