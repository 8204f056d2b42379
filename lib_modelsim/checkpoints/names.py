"""One name for one weight: the layouts that tools write, mapped to the names of the original checkpoints.

The common names are those of CompVis' and Stability's single files (`model.diffusion_model.…`,
`cond_stage_model.…`, `conditioner.embedders.N.…`, `first_stage_model.…`). A name is first given its home, the prefix
of the part it belongs to; then what stands after the prefix is turned from diffusers' words into the original ones.
Which prefixes and which words there are, the definitions in `networks` say. One thing follows diffusers: fused query,
key and value matrices are three weights wherever a layout keeps them apart (OpenCLIP, Z-Image), because three separate
tensors on disk cannot be seen as one, while one can be seen as three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from .architecture import is_lora
from .diffusers_names import original_names
from .networks import KeyLayout, Registry, Role, Split, networks, registry
from .networks.keys import Keys
from .quantised.registry import decoded
from .stored import FLOATS, StoredTensor

_BARE_TEXT = re.compile(r"(text_model|text_projection|embeddings|encoder\.layers|final_layer_norm)\.")

_MARK = "nai."
"""mega_cmp marks the keys of NovelAI's file so; the data published with it kept the mark."""

_HEADLESS = re.compile(r"(embeddings|encoder\.layers|final_layer_norm)\.")
"""NovelAI's leaked file leaves `text_model.`, the inner module's name, out of its text encoder; so does transformers
from 5.6 on (huggingface/transformers#44431)."""


class _Home(NamedTuple):
    """Where a key of a file belongs: the layout that told it (None: nobody knows), and its name inside the part."""

    layout: KeyLayout | None
    name: str


def common_names(tensors: Iterable[StoredTensor]) -> list[tuple[str, StoredTensor]]:
    """Each tensor with its common name, in the same order; a LoRA's tensors keep theirs.

    A quantised weight is one float32 tensor under its own name (`quantised`), without those that it is made of. A fused
    matrix (OpenCLIP's `attn.in_proj_weight`, what a layout says is `split`) becomes its parts, and a projection
    that diffusers transposed is turned back: the returned tensors say where those lie. Where a file holds the same part
    twice, the tensor that has the common name in the file has it here; the other's own name follows in brackets.
    """
    tensors = decoded(tensors)
    forms = tuple((tensor.key, tensor.dtype, tensor.shape, tensor.strides) for tensor in tensors)
    return [(name, tensors[i] if part is None else part.of(tensors[i])) for name, i, part in _named(forms, registry())]


_Form = tuple[str, str, tuple[int, ...], tuple[int, ...] | None]
"""Key, dtype, shape and strides of a tensor."""

_UNREAD: Any = None
"""The source of a tensor that stands for all of one form."""


class _PartOf(NamedTuple):
    """Where a part of a tensor lies: so many bytes behind the tensor's own place, in this shape."""

    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None

    def of(self, tensor: StoredTensor) -> StoredTensor:
        return replace(tensor, offset=tensor.offset + self.offset, shape=self.shape, strides=self.strides)


@lru_cache(maxsize=16)
def _named(forms: tuple[_Form, ...], known: Registry) -> list[tuple[str, int, _PartOf | None]]:  # noqa: ARG001
    """The common names, each with the position of the tensor that it is or is a part of; by the networks `known` now.
    Cached, as most files of a library have the tensors of another one."""
    if is_lora("\n".join(key for key, *_ in forms)):
        return [(key, i, None) for i, (key, *_) in enumerate(forms)]
    tensors = [StoredTensor(key, dtype, shape, _UNREAD, 0, strides) for key, dtype, shape, strides in forms]
    shapes = {tensor.key.removeprefix(_MARK): tensor.shape for tensor in tensors}
    homes = _homes(shapes)
    names = _original_names(homes)
    own = {tensor.key for tensor in tensors}
    common = {names[key]: shape for key, shape in shapes.items()}
    found: dict[str, tuple[int, _PartOf | None]] = {}
    for i, tensor in enumerate(tensors):
        key = tensor.key.removeprefix(_MARK)
        for name, part in _parts(names[key], tensor, homes[key].layout, common):
            taken = name != tensor.key and (name in own or name in found)
            place = None if part is tensor else _PartOf(part.offset, part.shape, part.strides)
            found[f"{name} ({tensor.key})" if taken else name] = i, place
    return [(name, *place) for name, place in found.items()]


_TEXT_ENCODER = re.compile(
    r"(?:(?:cond_stage_model|conditioner\.embedders\.[0-9]|text_encoders\.[^.]+)\.|text_encoder(?:_[0-9])?/)"
    r"(?:(?:transformer|model)\.)?"
)


def inside_text_encoder(key: str) -> str:
    """A text encoder's common name without what stands for its place in the checkpoint; every other key as it is.

    "cond_stage_model.transformer.text_model.…", "conditioner.embedders.0.transformer.text_model.…" and
    "text_encoders.clip_l.transformer.text_model.…" are one text encoder's "text_model.…".
    """
    return _TEXT_ENCODER.sub("", key, count=1) if key.startswith(("cond", "text_encoder")) else key


def named_by(
    layout: KeyLayout, tensors: Iterable[StoredTensor], beside: Iterable[str] = ()
) -> list[tuple[StoredTensor, list[tuple[str, StoredTensor]]]]:
    """Each tensor with what it is by common names, were all of them named in this layout, without a prefix.

    `beside` are names of weights that the whole network would have and these tensors lack: they tell its form.
    """
    tensors = list(tensors)
    homes = {name: _Home(layout, name) for name in (*beside, *(tensor.key for tensor in tensors))}
    found = _original_names(homes)
    shapes = {found[tensor.key]: tensor.shape for tensor in tensors}
    return [(tensor, list(_parts(found[tensor.key], tensor, layout, shapes))) for tensor in tensors]


def in_every_layout(key: str, architecture: str | None = None) -> bool:
    """Whether a weight with this common name stands in single files and in diffusers folders alike; of one network, or
    of every one.

    What a folder has no place for is of no use to the pictures either: two layouts of the same weights are told as
    such by what they both hold.
    """
    return not any(pattern.match(key) for pattern in _only_in_single_files(architecture, registry()))


@lru_cache(maxsize=64)
def _only_in_single_files(architecture: str | None, known: Registry) -> list[re.Pattern[str]]:
    asked = (one for one in known.networks if architecture in (None, one.name) or one.role is Role.PART)
    return [pattern for network in asked for pattern in network.only_in_single_files]


def _homes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, _Home]:
    """Key of the file → its home: first by the layouts whose markers hold, then by prefix."""
    homes = _by_markers(Keys(shapes))
    prefixes = registry().layouts_by_prefix | _folder_text_encoders(shapes)
    known = re.compile("|".join(map(re.escape, prefixes)))
    homeless = []
    for key in shapes.keys() - homes.keys():
        prefix = known.match(key)
        if prefix is None:
            homeless.append(key)
        else:
            homes[key] = _Home(prefixes[prefix[0]], key[prefix.end() :])
    bare = _bare_text_encoder(shapes)
    return homes | {key: _Home(bare(key), key) for key in homeless}


def _by_markers(keys: Keys) -> dict[str, _Home]:
    homes: dict[str, _Home] = {}
    behind: dict[str, Keys] = {}
    for layout in registry().conditional_layouts:
        for prefix in layout.prefixes:
            inner = behind[prefix] = behind.get(prefix) or keys.behind(prefix)
            if layout.markers.hold(inner):
                for name in inner.shapes:
                    if layout.keys is None or layout.keys.match(name):
                        homes.setdefault(prefix + name, _Home(layout, name))
    return homes


def _folder_text_encoders(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, KeyLayout]:
    """Sub-folder of a text encoder in a diffusers folder → layout of the part that it is in single files."""
    folders = [folder for folder in _TEXT_FOLDERS if any(key.startswith(folder) for key in shapes)]
    layouts = registry().layouts_by_prefix
    if any(key.startswith(_TRANSFORMER_FOLDERS) for key in shapes):
        told = {folder: _beside_transformer(folder, shapes) for folder in folders}
        return {folder: layouts[prefix] for folder, prefix in told.items() if prefix is not None}
    if "text_encoder_2/" in folders:
        place = 1 if "text_encoder/" in folders else 0  # SDXL's refiner has OpenCLIP's alone, still as its second
        return {
            "text_encoder/": layouts["conditioner.embedders.0.transformer."],
            "text_encoder_2/": layouts[f"conditioner.embedders.{place}.model."],
        }
    if "text_encoder/" not in folders:
        return {}
    contexts = (shape[1] for key, shape in shapes.items() if key.endswith("attn2.to_k.weight") and len(shape) > 1)
    width = next(contexts, _text_width("text_encoder/", shapes))
    return {"text_encoder/": layouts[f"cond_stage_model.{'model' if width == 1024 else 'transformer'}."]}


_TEXT_FOLDERS = ("text_encoder/", "text_encoder_2/", "text_encoder_3/", "text_encoder_4/")
_TRANSFORMER_FOLDERS = ("transformer/", "prior/", "decoder/")


def _beside_transformer(folder: str, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """What CLIP's text encoder in this sub-folder is called in single files of transformers; None for another encoder.
    The wider of two is bigG."""
    widths = {each: width for each in _TEXT_FOLDERS if (width := _text_width(each, shapes)) is not None}
    if folder not in widths:
        return None
    widest = max(widths, key=lambda each: (widths[each], each))
    second = folder == widest and (len(widths) > 1 or widths[folder] == 1280)
    return f"text_encoders.{'clip_g' if second else 'clip_l'}.transformer."


def _bare_text_encoder(shapes: Mapping[str, tuple[int, ...]]) -> Callable[[str], KeyLayout | None]:
    """Key without a prefix → the layout of CLIP's text encoder, which its width tells, where it is one of its keys."""
    width = _text_width("", shapes)
    if width is None:
        return lambda key: None
    by_width = next(network.prefix_by_width for network in networks() if network.prefix_by_width)
    layout = registry().layouts_by_prefix[by_width.get(width, by_width[768])]
    return lambda key: layout if _BARE_TEXT.match(key) else None


def _text_width(prefix: str, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Width of the CLIP text encoder behind this prefix, None where there is none."""
    norms = (prefix + head + "final_layer_norm.weight" for head in ("text_model.", ""))
    return next((shapes[norm][0] for norm in norms if shapes.get(norm)), None)


def _original_names(homes: Mapping[str, _Home]) -> dict[str, str]:
    """Key of the file → common name."""
    inside: dict[tuple[str, str | None], set[str]] = {}
    for home in homes.values():
        if home.layout is not None:
            inside.setdefault((home.layout.to, home.layout.vocabulary), set()).add(home.name)
    originals = {part: _vocabulary(part[1], names) for part, names in inside.items()}
    found = {}
    for key, (layout, name) in homes.items():
        if layout is None:
            found[key] = key
        else:
            original = originals[layout.to, layout.vocabulary][name]
            found[key] = layout.to + (layout.renamed(original) if layout.rename else original)
    return found


def _vocabulary(kind: str | None, names: set[str]) -> dict[str, str]:
    if kind in ("unet", "vae", "wan_vae"):
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


def _parts(
    key: str, tensor: StoredTensor, layout: KeyLayout | None, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, StoredTensor]]:
    """What one stored tensor is by common names: itself, nearly always. `shapes` are those of all common names."""
    if tensor.dtype not in FLOATS:  # its rows may not begin at a byte
        yield key, tensor
        return
    if tensor.key.endswith("text_projection.weight") and key.endswith(".text_projection") and len(tensor.shape) == 2:
        yield key, tensor.transposed()
        return
    if layout is not None and layout.flat and any(pattern.fullmatch(key[len(layout.to) :]) for pattern in layout.flat):
        yield key, tensor.flattened()
        return
    names, rows = _split(key, tensor.shape, layout, shapes)
    if not names:
        yield key, tensor
    first = 0
    for name, count in zip(names, rows, strict=True):
        yield name, tensor.rows(first, first + count)
        first += count


_PARTS = tuple(rf"\1.{part}_proj.\2" for part in "qkv")
_FUSED = Split(re.compile(r"(.*\.attn)\.in_proj_(weight|bias)"), _PARTS, (1, 1, 1))
"""PyTorch's own attention, which OpenCLIP uses, is the same in every network."""


def _split(
    key: str, shape: tuple[int, ...], layout: KeyLayout | None, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The names of the weights that one matrix holds row after row, and how many rows each has; nothing where it is
    one."""
    splits = [(split, layout.to) for split in layout.split] if layout is not None else []
    if ".in_proj_" in key:
        splits.append((_FUSED, ""))
    for split, home in splits:
        match = split.key.fullmatch(key[len(home) :])
        if match and not (split.unless and home + match.expand(split.unless) in shapes):
            matrix = shapes.get(key.removesuffix("bias") + "weight", ()) if key.endswith("bias") else shape
            rows = split.rows(shape[0], matrix[1] if len(matrix) > 1 else 0) if shape else ()
            return (tuple(home + match.expand(name) for name in split.into), rows) if rows else ((), ())
    return (), ()
