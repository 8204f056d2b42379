"""ComfyUI: a graph in the format of its API, which its page loads, too.

Source: Comfy-Org/ComfyUI comfy_extras/nodes_model_merging.py (a ratio is the share of the first model; a merge takes
in the network alone, CLIPMergeSimple the text encoder, and no node the VAE),
nodes_model_merging_model_specific.py (the names of the blocks of SD 1.x and SDXL), nodes.py (the loaders).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...text import printable, readable
from .. import kinds
from ..recipe import BakedLora, Recipe
from ..wording import words
from ..wording.apart import difference_of
from .program import CannotRepeat, MergeFiles, MergeProgram, doubts, path_of, require_repeatable, shares, taken_whole

_NAME = "ComfyUI"

Link = list

_BLOCKS = {
    "SD 1.x": ("ModelMergeSD1", ".", 12, 12),
    "SDXL": ("ModelMergeSDXL", "", 9, 9),
}
"""Network → its node, what stands behind a block's number, and how many blocks go in and out."""


class _Graph:
    """Nodes by number, as they are added."""

    def __init__(self, files: MergeFiles) -> None:
        self._files = files
        self.nodes: dict[str, dict[str, Any]] = {}
        self._loaders: dict[str, str] = {}

    def add(self, kind: str, title: str = "", **inputs: object) -> str:
        key = str(len(self.nodes) + 1)
        self.nodes[key] = {"class_type": kind, "inputs": inputs} | ({"_meta": {"title": title}} if title else {})
        return key

    def loaded(self, model: str) -> str:
        """The node that loads a checkpoint: network, text encoder and VAE are its outputs 0, 1 and 2."""
        if model not in self._loaders:
            name = readable(path_of(model, self._files).name)
            self._loaders[model] = self.add("CheckpointLoaderSimple", ckpt_name=name)
        return self._loaders[model]


def write(recipe: Recipe, files: MergeFiles) -> str:
    """The graph as JSON."""
    require_repeatable(recipe)
    whole = taken_whole(recipe)
    graph = _Graph(files)
    if recipe.kind not in (kinds.LORA, kinds.SWAP, kinds.CAST, kinds.COPY, *kinds.SUMS):
        raise CannotRepeat(f"{_NAME}'s own nodes have no such method ({recipe.kind})")
    network = _part(graph, recipe, 0, whole.get("unet"))
    encoders = {whole.get(name) for name in recipe.components if name.startswith("te")} or {None}
    if len(encoders) > 1:
        raise CannotRepeat(f"{_NAME} takes the text encoders of {recipe.target} from one checkpoint alone")
    clip = _part(graph, recipe, 1, encoders.pop())
    vae = [graph.loaded(_vae_of(recipe, whole)), 2]
    for lora in recipe.lora:
        network, clip = _with_lora(graph, lora, network, clip)
    title = printable("; ".join([*doubts(recipe), words.sentence(recipe)]))
    graph.add("CheckpointSave", title, model=network, clip=clip, vae=vae, filename_prefix="checkpoints/repeated")
    if doubts(recipe):
        first = next(iter(graph.nodes.values()))
        first["_meta"] = {"title": doubts(recipe)[0]}
    return json.dumps(graph.nodes, indent=1) + "\n"


_NODES = (("Model", "model"), ("CLIP", "clip"))
"""By a loader's output: how its merging nodes begin, and their inputs."""


def _vae_of(recipe: Recipe, whole: dict[str, str]) -> str:
    """No node merges a VAE: it must be one model's. Raises CannotRepeat where it was merged."""
    origin = recipe.components.get("vae")
    if "vae" in whole:
        return whole["vae"]
    if origin is not None and origin.kind == "merged":
        raise CannotRepeat(f"{_NAME}'s own nodes merge no VAE, and that of {recipe.target} was merged")
    return recipe.parents[0].model


def _part(graph: _Graph, recipe: Recipe, output: int, donor: str | None) -> Link:
    """The network (0) or the text encoder (1): a donor's own, or merged as the recipe says."""
    if donor is not None:
        return [graph.loaded(donor), output]
    parents = [parent.model for parent in recipe.parents]
    if recipe.kind in (kinds.LORA, kinds.SWAP, kinds.CAST, kinds.COPY):
        return [graph.loaded(parents[0]), output]
    found = shares(recipe)
    if recipe.kind == kinds.ADD_DIFFERENCE:
        return _difference(graph, recipe, output, found)
    if found is None and output == 0:
        return _by_block(graph, recipe)
    held = found or recipe.blocks.get("BASE")
    if held is None:
        raise CannotRepeat(f"the shares of the text encoder in {recipe.target} are not known")
    return _chained(graph, {model: share for model, share in held.items() if abs(share) > 0.0005}, output)


def _chained(graph: _Graph, held: dict[str, float], output: int) -> Link:
    """A weighted sum, two after two: each ratio is the share of what is there already."""
    _require_ratios(held.values())
    (first, total), *others = held.items()
    made: Link = [graph.loaded(first), output]
    begin, name = _NODES[output]
    for model, share in others:
        ratio = round(total / (total + share), 4)
        inputs = {f"{name}1": made, f"{name}2": [graph.loaded(model), output], "ratio": ratio}
        made, total = [graph.add(f"{begin}MergeSimple", **inputs), 0], total + share
    return made


def _require_ratios(held: Sequence[float]) -> None:
    if any(not 0 <= share <= 1 for share in held):
        raise CannotRepeat(f"{_NAME}'s merging nodes take a ratio from 0 to 1, and this has others")


def _difference(graph: _Graph, recipe: Recipe, output: int, found: dict[str, float] | None) -> Link:
    difference = difference_of(recipe)
    if difference is None or found is None:
        raise CannotRepeat(f"{_NAME}'s own nodes add one difference, with one factor for all blocks")
    a, b, c = ([graph.loaded(model), output] for model in difference[:3])
    begin, name = _NODES[output]
    kind = "ModelMerge" if output == 0 else begin
    taken = graph.add(f"{kind}Subtract", **{f"{name}1": b, f"{name}2": c, "multiplier": round(difference[3], 4)})
    return [graph.add(f"{kind}Add", **{f"{name}1": a, f"{name}2": [taken, 0]}), 0]


def _by_block(graph: _Graph, recipe: Recipe) -> Link:
    """The network of two models, with a ratio for each block."""
    inner = [held for block, held in recipe.blocks.items() if block not in ("BASE", "VAE")]
    taking = [p.model for p in recipe.parents if any(abs(held.get(p.model, 0.0)) > 0.0005 for held in inner)]
    if recipe.network not in _BLOCKS or len(taking) != 2:
        raise CannotRepeat(f"{_NAME}'s nodes merge two models of SD 1.x or SDXL by block, and this is another merge")
    kind, behind, ins, outs = _BLOCKS[recipe.network]
    ratio = {block: round(held.get(taking[0], 0.0), 4) for block, held in recipe.blocks.items()}
    _require_ratios(ratio.values())
    of = lambda block, part: ratio.get(f"{block} {part}", ratio.get(block, 1.0))  # noqa: E731
    inputs = {f"{part}.": of("IN00", part) for part in ("time_embed", "label_emb")}
    inputs |= {f"input_blocks.{i}{behind}": of(f"IN{i:02}", "input_blocks") for i in range(ins)}
    inputs |= {f"middle_block.{i}{behind}": of("M00", "middle_block") for i in range(3)}
    inputs |= {f"output_blocks.{i}{behind}": of(f"OUT{i:02}", "output_blocks") for i in range(outs)}
    inputs["out."] = of(f"OUT{outs - 1:02}", "out")
    models = {f"model{i}": [graph.loaded(model), 0] for i, model in enumerate(taking, 1)}
    return [graph.add(kind, **models, **inputs), 0]


def _with_lora(graph: _Graph, lora: BakedLora, network: Link, clip: Link) -> tuple[Link, Link]:
    if lora.name is None or lora.strength is None:
        raise CannotRepeat("the LoRA that is baked in is none of those here")
    name = readable(path_of(lora.name, graph._files).name)
    strength = round(lora.strength, 4)
    node = graph.add("LoraLoader", model=network, clip=clip, lora_name=name, strength_model=strength,
                     strength_clip=strength)  # fmt: skip
    return [node, 0], [node, 1]


PROGRAM = MergeProgram(_NAME, "comfyui", ".json", write)
