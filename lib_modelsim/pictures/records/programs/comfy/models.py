"""Which models a link of a graph carries: followed back through LoRAs, patches, guiders, pipes, switches and merges to
the nodes that load them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .graph import Graph, Node, fits, has
from .loaders import LoadedModel, is_loader, loaded
from .values import number, switched

MODEL = re.compile(
    r"model|unet|dit|guider|transformer|(base|opt|optional|any|diffusion)_model|model_opt(ional)?|model_in|pipeline|"
    r"model_?override|model_[a-c]_override",
    re.IGNORECASE,
)
"""Inputs that take the model itself."""

PIPE = re.compile(r".*(pipe|tuple|ctx|context|bus)(_?\d+)?|model_stack", re.IGNORECASE)
"""Inputs that take it among other things."""

_ANY = re.compile(r"|\*|any(thing|_input|_?\d+)?|value\d*|input\d*|data|source|passthrough|in|obj(ect)?", re.IGNORECASE)
_NOT_MODEL = re.compile(
    r"^(clip|vae|positive|negative|cond|latent|image|pixels|mask|control|lora|seed|text|prompt|noise|sigmas|sampler|"
    r"scheduler|width|height|steps|cfg|ip_?adapter|refiner|upscale|embed|hook|bbox|sam_|segm|script)",
    re.IGNORECASE,
)
_MERGE = re.compile(r"(?<!context )merge|merging|mixer|blend ?model|model ?(blend|mix)", re.IGNORECASE)
_REFINER_OUTPUTS = {
    "Unpack SDXL Tuple": (4, 5, 6, 7),
    "FromDetailerPipeSDXL": (10, 11, 12, 13),
    "ttN pipeLoaderSDXL": (6,),
    "ttN pipeLoaderSDXL_v2": (6,),
}
"""Outputs of nodes that give out the refiner of a pair."""


@dataclass
class Carried:
    """What a link carries.

    `models` in the order found; `merged` is the kind of a node that merges several into one; `unsure` says what chooses
    among several in a way that cannot be read; `through` are the nodes on the way.
    """

    models: list[LoadedModel] = field(default_factory=list)
    merged: str = ""
    unsure: str = ""
    through: list[Node] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names of those that draw, each once."""
        return list(dict.fromkeys(each.name for each in self.models if each.name and not each.role))


def carried(graph: Graph, node: Node) -> Carried:
    """What comes to this node by its inputs for models."""
    found = Carried()
    seen: set[tuple[str, int, bool]] = set()
    waiting = [(link, False) for link in reversed(list(_ways(graph, node, found, False)))]
    while waiting and graph.step():
        link, refiner = waiting.pop()
        source = graph.source(link)
        if source is None:
            continue
        here, output = source
        refiner = refiner or output in _REFINER_OUTPUTS.get(here.kind, ())
        if (here.key, output, refiner) in seen:
            continue
        seen.add((here.key, output, refiner))
        found.through.append(here)
        waiting += [(way, refiner) for way in reversed(_before(graph, here, output, refiner, found))]
    return found


def _before(graph: Graph, node: Node, output: int, refiner: bool, found: Carried) -> list[list]:
    """The links to follow from a node; what it loads itself is put among the models."""
    ways = switched(graph, node)
    if ways is not None:
        if len(ways) > 1:
            found.unsure = f"{node.kind}, a switch whose setting cannot be read"
        return ways
    links = dict(graph.links(node))
    override = next((link for name, link in links.items() if "override" in name and "model" in name), None)
    passes = [link for name, link in links.items() if fits(MODEL, name)]
    if is_loader(node):
        if override is not None:
            return [override]
        models = loaded(graph, node, output)
        found.models += [_turned(each) for each in models] if refiner else models
        return [links["model_stack"]] if "model_stack" in links else passes if not models else []
    ways = list(_ways(graph, node, found, refiner))
    merges = has(_MERGE, node.kind)
    models = loaded(graph, node, output) if merges or not passes else []
    found.models += models
    if merges and models:
        found.merged = node.kind
    return ways if merges or not models else []


def _turned(model: LoadedModel) -> LoadedModel:
    """A pair's model, seen from the output for the refiner: that is the one that draws there."""
    role = {"refiner": "", "": "base"}.get(model.role, model.role)
    return LoadedModel(model.name, model.node, role, model.known)


def _ways(graph: Graph, node: Node, found: Carried, refiner: bool) -> Iterator[list]:
    """The links by which a model comes to a node: those for models, else a pipe, else what takes anything."""
    links = dict(graph.links(node))
    if refiner and "refiner_model" in links:
        yield links["refiner_model"]
        return
    if has(_MERGE, node.kind):
        yield from _merged(graph, node, links, found)
        return
    for wanted in (MODEL, PIPE, _ANY):
        ways = [link for name, link in links.items() if fits(wanted, name) and "refiner" not in name]
        if ways:
            yield from ways if wanted is not MODEL else ways[:1]
            return
    ways = [link for name, link in links.items() if not has(_NOT_MODEL, name)]
    if len(ways) > 1:
        found.unsure = found.unsure or f"{node.kind}, a node that is not known here"
    yield from ways


def _merged(graph: Graph, node: Node, links: dict[str, list], found: Carried) -> Iterator[list]:
    """The models that are merged; of ModelMergeSimple with a ratio of 1 or 0 the one that is left.

    Source: ComfyUI, comfy_extras/nodes_model_merging.py (`ModelMergeSimple`: model1 · ratio + model2 · (1 − ratio)).
    """
    models = {name: link for name, link in links.items() if re.match(r"model|unet|ckpt|base|dit", name, re.IGNORECASE)}
    ratio = number(graph, node.inputs.get("ratio")) if node.kind == "ModelMergeSimple" else None
    if ratio in (0.0, 1.0) and len(models) == 2:
        yield models[min(models) if ratio else max(models)]
        return
    found.merged = node.kind
    yield from models.values()
