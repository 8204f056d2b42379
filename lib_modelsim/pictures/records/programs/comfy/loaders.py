"""The nodes that load a model, and what they load: `loaders.json` by the custom nodes' own sources, others by a rule.

The rule for nodes that nobody listed: an input that ComfyUI's nodes give checkpoints by, or one whose value is a
model's file where the input or the node is called so; never what is called like a LoRA, VAE, text encoder or the like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...form import ENDINGS
from .graph import Graph, Node, fits, has, is_link
from .values import value

NOTHING = ("", "none", "(use same)", "undefined", "no model", "baked")
"""How a picker says that no model is chosen."""

_SURE = re.compile(r"((base|refiner|hires)_)?ckpt_?name(_?\d+)?|ckpt_[a-z]_name|unet_?name|checkpoint(_name)?|ckpt|"
                   r"gguf_name|diffusion_model(_name)?", re.IGNORECASE)  # fmt: skip
_LIKELY = re.compile(
    r"model|unet|checkpoint|ckpt|\bdit|dit(_|$|loader|model)|transformer|diffusion|gguf", re.IGNORECASE
)
_OTHER = re.compile(
    r"lora|lycoris|locon|vae|clip|control|upscal|ip.?adapter|embed|style|motion|animate|\bade_|patch|pulid|insight|face|"
    r"\bsam|sams|yolo|detect|bbox|segm|text.?enc|t5|llm|vision|audio|hyper.?net|gligen|photomaker|depth|caption|ella|"
    r"esrgan|rife|extra_model|hook|instantid|redux|brush|teacache|connector|config",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LoadedModel:
    """A model that a node loads: `name` as it stands there, None where it cannot be followed; `role` where it is not
    the one that draws; `known` whether the node is one of `loaders.json`."""

    name: str | None
    node: Node
    role: str = ""
    known: bool = True


@cache
def listed() -> Mapping[str, list[dict[str, Any]]]:
    """Kind of node → what it loads: `input`, the `outputs` that give it where not all do, its `role`, and the input
    (`where`) that must have a value (`is`)."""
    packs = json.loads((Path(__file__).parent / "loaders.json").read_text("utf-8"))
    return {kind: loads for pack in packs.values() for kind, loads in pack.items()}


def is_loader(node: Node) -> bool:
    """Whether the node is a listed one."""
    return node.kind in listed()


def loaded(graph: Graph, node: Node, output: int | None) -> list[LoadedModel]:
    """The models that a node loads and gives out here; `output` None for any of its outputs."""
    if is_loader(node):
        return list(_listed(graph, node, output))
    return list(_by_rule(graph, node))


def _listed(graph: Graph, node: Node, output: int | None) -> Iterator[LoadedModel]:
    for load in listed()[node.kind]:
        given = node.inputs.get(load["input"])
        if given is None or (output is not None and output not in load.get("outputs", (output,))):
            continue
        wanted = value(graph, node.inputs.get(load["where"])) if "where" in load else None
        if wanted is not None and wanted != load["is"]:
            continue
        name = value(graph, given)
        if not _is_nothing(name):
            yield LoadedModel(name if isinstance(name, str) else None, node, load.get("role", ""))


def _by_rule(graph: Graph, node: Node) -> Iterator[LoadedModel]:
    """What a node loads that is not listed."""
    for called, given in node.inputs.items():
        if has(_OTHER, called):
            continue
        sure = fits(_SURE, called)
        if not sure and (has(_OTHER, node.kind) or not (has(_LIKELY, called) or has(_LIKELY, node.kind))):
            continue
        name = given if is_link(given) and not sure else value(graph, given)  # by such a link a model itself may come
        if isinstance(name, str) and not _is_nothing(name) and (sure or name.lower().endswith(ENDINGS)):
            yield LoadedModel(name, node, "refiner" if "refiner" in called.lower() else "", known=False)


def _is_nothing(name: object) -> bool:
    return isinstance(name, str) and name.strip().lower() in NOTHING
