"""A key of an adapter → the module that it changes, and the tensor's role there.

Trainers write one module in many ways: "lora_unet_down_blocks_0_attentions_0_proj_in" (kohya), "unet.down_blocks.0…"
(diffusers), "base_model.model.down_blocks.0…" (PEFT), "diffusion_model.double_blocks.0…" (ComfyUI, ai-toolkit). Here
they become a side ("unet", "te0", "te1", …) and a path; with dots where the file has them, else with underscores.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..checkpoints.stored import StoredTensor
from .formats.registry import Ending, endings

_WORDS = frozenset(json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))["words"])

_LONGEST_WORD = 6
"""Pieces between underscores in one word at most."""

_UNET, _TEXT = (
    re.compile(r"(?:(?:lora|lycoris|loha|lokr|oft|boft|ia3)_(?:unet|transformer|prior_unet)[._]_?|lycoris_|"
               r"(?:model\.diffusion_model|diffusion_model|unet|transformer|model|prior|net)[./])"),
    re.compile(r"(?:(?:lora|lycoris|loha|lokr|oft|boft|ia3)_te([1-9]?)_?[._]|(?:lora_)?prior_te_|te([1-9]?)[._]|"
               r"text_encoders?(?:_([1-9]))?[./])"),
)  # fmt: skip
"""What stands before a module of the UNet or transformer, and before one of a text encoder, with its number."""

_WRAPPED = re.compile(r"(?:base_model\.model\.|_orig_mod\.|module\.)+")
"""What PEFT, torch.compile and parallel training put before every name, and sometimes between two others."""


_XLABS = re.compile(r"(double_blocks\.\d+)\.processor\.(qkv|proj)_lora([12])\.(down|up)")
_STREAMS = {"1": "img", "2": "txt"}
"""XLabs counts the attention of picture and text (XLabs-AI/x-flux src/flux/modules/layers.py)."""


@dataclass(frozen=True)
class Module:
    """One module that an adapter changes: `side` is "unet" or "te0", "te1", …; `path` the module's name there, with
    dots, or with underscores for them where `flat` says so; `tensors` by role."""

    side: str
    path: str
    flat: bool
    tensors: dict[str, StoredTensor] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> str:
        """Side and path, with underscores for all dots: one spelling for all."""
        return f"{self.side}/{self.path.replace('.', '_')}"


def modules_of(tensors: Iterable[StoredTensor]) -> tuple[list[Module], list[StoredTensor]]:
    """The modules that the tensors change, in file order, and the tensors that are of none."""
    found: dict[str, Module] = {}
    others = []
    spelled = [(_spelled(tensor.key), tensor) for tensor in tensors]
    text = "\n".join(key for key, _ in spelled)
    present = [ending for ending in endings() if ending.literal in text]
    for key, tensor in spelled:
        name, role = _role(key, present)
        if role is None:
            others.append(tensor)
        else:
            module = found.setdefault(name, _module(name))
            module.tensors[role] = tensor
    left = []
    for tensor in others:  # IA³ of LyCORIS calls its factors `weight`, as networks do
        module = found.get(tensor.key.removesuffix(".weight"))
        if module is not None and "on_input" in module.tensors:
            module.tensors["weight"] = tensor
        else:
            left.append(tensor)
    return list(found.values()), left


def _spelled(key: str) -> str:
    """A key of XLabs' as others write it; any other as it is."""
    return _XLABS.sub(lambda found: f"{found[1]}.{_STREAMS[found[3]]}_attn.{found[2]}.lora.{found[4]}", key)


def _role(key: str, endings: Sequence[Ending]) -> tuple[str, str | None]:
    """The module's name as the file has it, and the role; no role of a key that is of no module."""
    for literal, pattern, role in endings:
        if literal in key and (match := pattern.fullmatch(key)):
            return match[1], role
    return key, None


def _module(name: str) -> Module:
    name = _WRAPPED.sub("", name, count=1) if _WRAPPED.match(name) else name
    text = _TEXT.match(name)
    if text:
        side, path = f"te{int(next(filter(None, text.groups()), '1')) - 1}", name[text.end() :]
    else:
        unet = _UNET.match(name)
        side, path = "unet", name[unet.end() :] if unet else name
        if path.startswith(("text_model", "encoder_layers", "encoder.layers")):
            side = "te0"  # LyCORIS around a text encoder alone
    path = _WRAPPED.sub("", path)
    path = _UNET.sub("", path, count=1) if side == "unet" and path.startswith("diffusion_model.") else path
    path = re.sub(r"\.processor(?=\.)", "", path)
    path = re.sub(r"(attn[12]?)\.to_out$", r"\1.to_out.0", path)
    return Module(side, path, "." not in path)


def with_dots(path: str, words: Mapping[str, object] | frozenset[str] = frozenset()) -> str:
    """A name with underscores for its dots → with dots again, the longest known word first.

    `words` are further words with underscores, which the network has and others must not.
    """
    pieces, found, i = path.split("_"), [], 0
    while i < len(pieces):
        for length in range(min(_LONGEST_WORD, len(pieces) - i), 0, -1):
            word = "_".join(pieces[i : i + length])
            if length == 1 or word in _WORDS or word in words:
                found.append(word)
                i += length
                break
    return ".".join(found)
