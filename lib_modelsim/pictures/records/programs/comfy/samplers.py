"""The nodes of a graph that draw, and which of them worked on from which.

A node draws where it takes a model and is called a sampler, a detailer or an upscaler that samples, or where it takes a
model and prompts. It works on from another where its latent or its picture comes from that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .graph import Graph, Node, fits, has
from .models import MODEL, PIPE
from .values import number, switched, value

_DRAWS = re.compile(r"sampler|detailer|ultimatesdupscale|samp\w*upscaler|segsupscaler|supir|_refiner\b", re.IGNORECASE)
_PREPARES = re.compile(
    r"^(to|from|edit|basicpipeto|detailerpipeto|anypipeto)\w*pipe|hookprovider|modelsampl|presampl|pipe2|guider|patch|"
    r"sampler ?(select|load)|pre(mask)?detailerfix|\bxy|plot",
    re.IGNORECASE,
)
_NO_SAMPLER = re.compile(
    r"pipe|context|ctx|tuple|pack|bus|conditioning|control|ip.?adapter|apply|encode|load", re.IGNORECASE
)
_DETAILER = re.compile(r"detailer", re.IGNORECASE)
_UPSCALER = re.compile(r"upscale|supir", re.IGNORECASE)
_CORE = re.compile(r"KSampler(Advanced)?|SamplerCustom(Advanced)?")
"""ComfyUI's own: they are run only where something that is saved needs them."""

_NOT_PICTURE = re.compile(
    r"^(model|clip|vae|positive|negative|cond|conditioning|guider|sigmas|noise|control|seed|text|prompt|lora|ip_?adapter|"
    r"upscale_model|filename|mask|ref|hook|width|height|steps|cfg|bbox|sam_|segm|scheduler|style|image_embeds)",
    re.IGNORECASE,
)
"""Beginnings of inputs by which no picture and no latent comes that is worked on."""

_SAVES = re.compile(
    r"save|preview|output|display|show|viewer|send|upload|export|combine|websocket|compar", re.IGNORECASE
)
_LOADS_PICTURE = re.compile(r"load ?(image|latent|video)|image ?(load|from)|loadimage|clipspace", re.IGNORECASE)
_MASKS = re.compile(r"inpaint|outpaint|noise ?mask|pad ?image|imagepad", re.IGNORECASE)
_COMPARES = re.compile(r"compar", re.IGNORECASE)
_SCALES = re.compile(r"upscale|scale|resize|hires", re.IGNORECASE)


class Samplers:
    """The drawing nodes of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = [node for node in graph.nodes.values() if draws(graph, node)]
        self._keys = {node.key for node in self.nodes}
        self._before: dict[str, tuple[list[Node], list[Node]]] = {}

    def before(self, node: Node) -> tuple[list[Node], list[Node]]:
        """The drawing nodes from whose picture this one works on, the nearest, and the other nodes on the way."""
        if node.key not in self._before:
            self._before[node.key] = self._walk(node)
        return self._before[node.key]

    def _walk(self, start: Node) -> tuple[list[Node], list[Node]]:
        found: dict[str, Node] = {}
        way: dict[str, Node] = {}
        waiting = [link for name, link in self.graph.links(start) if not has(_NOT_PICTURE, name)]
        waiting += _first_stage(self.graph, start) if start.key in self._keys else []
        while waiting and self.graph.step():
            source = self.graph.source(waiting.pop())
            if source is None or source[0].key in way or source[0].key in found or source[0] is start:
                continue
            node = source[0]
            if node.key in self._keys:
                found[node.key] = node
                continue
            way[node.key] = node
            ways = switched(self.graph, node)
            waiting += ways or [link for name, link in self.graph.links(node) if not has(_NOT_PICTURE, name)]
        return list(found.values()), list(way.values())

    def ends(self) -> list[list[Node]]:
        """For each picture that the graph gives out, the drawing nodes that did the last work on it."""
        graph = self.graph
        ends = [last for node in self._savers() if (last := self.before(node)[0])]
        ends += [[node] for node in self.nodes if node.key not in graph.consumed and not fits(_CORE, node.kind)]
        if ends:
            return ends
        worked_on = {earlier.key for node in self.nodes for earlier in self.before(node)[0]}
        return [[node] for node in self.nodes if node.key not in worked_on] or [[node] for node in self.nodes[:1]]

    def _savers(self) -> list[Node]:
        """The nodes that give out pictures, as far as can be told: those that say so, and the last ones."""
        return [
            node
            for node in self.graph.nodes.values()
            if node.key not in self._keys and (node.key not in self.graph.consumed or has(_SAVES, node.kind))
        ]

    def sources(self) -> list[str]:
        """The kinds of the nodes at the beginning of what is saved, where nothing draws."""
        found = [
            each.kind
            for node in self.graph.nodes.values()
            if node.key not in self.graph.consumed
            for each in self.before(node)[1]
            if not any(not has(_NOT_PICTURE, name) for name, _ in self.graph.links(each))
        ]
        return list(dict.fromkeys(found))

    def from_picture(self, node: Node) -> bool:
        """Whether the node works on a picture that was loaded from a file."""
        return any(has(_LOADS_PICTURE, each.kind) for each in self.before(node)[1])

    def keeps(self, node: Node) -> bool:
        """Whether something of the picture that comes to the node is left: of its noise, or around a mask."""
        return self.goes_on(node) or any(has(_MASKS, each.kind) for each in self.before(node)[1])

    def put_in(self) -> str:
        """That a picture from a file came in behind the samplers: by a face swap, a composition."""
        for saver in self._savers():
            last, way = self.before(saver)
            if last and not has(_COMPARES, saver.kind) and any(has(_LOADS_PICTURE, each.kind) for each in way):
                return "a picture that was loaded may have gone into it, too"
        return ""

    def saved(self) -> list[Node] | None:
        """The nodes that have a part in what is saved; None where no node is known to save."""
        waiting = [node for node in self._savers() if has(_SAVES, node.kind)]
        found = {node.key: node for node in waiting}
        while waiting and self.graph.step():
            for _, link in self.graph.links(waiting.pop()):
                source = self.graph.source(link)
                if source is not None and source[0].key not in found:
                    found[source[0].key] = source[0]
                    waiting.append(source[0])
        return list(found.values()) or None

    def role(self, node: Node) -> str:
        """What a node that works on from another did, in a person's words."""
        if has(_DETAILER, node.kind):
            return "detailer's checkpoint"
        if has(_UPSCALER, node.kind):
            return "upscaler's checkpoint"
        if _first_stage(self.graph, node):
            return "stage B"
        return "hires checkpoint" if any(has(_SCALES, each.kind) for each in self.before(node)[1]) else "refiner"

    def only_works_over(self, node: Node) -> bool:
        """Whether the node is a detailer or an upscaler, which never draws a picture from nothing."""
        return bool(has(_DETAILER, node.kind) or has(_UPSCALER, node.kind))

    def goes_on(self, node: Node) -> bool:
        """Whether the node keeps something of the picture that it is given; where it cannot be read, it does."""
        if self.only_works_over(node) or _first_stage(self.graph, node):
            return True
        if "start_at_step" in node.inputs:
            if value(self.graph, node.inputs.get("add_noise")) in ("disable", False):
                return True
            return number(self.graph, node.inputs["start_at_step"]) != 0
        if value(self.graph, node.inputs.get("add_noise")) is False:
            return True
        left = _noise(self.graph, node)
        return left is None or left < 1


def draws(graph: Graph, node: Node) -> bool:
    """Whether the node makes a picture or a latent with a model."""
    names = {name for name, _ in graph.links(node)}
    if not any(fits(MODEL, name) or fits(PIPE, name) for name in names):
        return False
    if has(_PREPARES, node.kind):
        return False
    if has(_DRAWS, node.kind):
        return True
    return {"model", "positive", "negative"} <= names and not has(_NO_SAMPLER, node.kind)


def _first_stage(graph: Graph, node: Node) -> list[list]:
    """Stable Cascade's stage B gets what stage C drew among its prompts. Source: ComfyUI,
    comfy_extras/nodes_stable_cascade.py."""
    return [
        before.inputs["stage_c"]
        for name, link in graph.links(node)
        if name == "positive" and (source := graph.source(link)) and "stage_c" in (before := source[0]).inputs
    ]


def _noise(graph: Graph, node: Node) -> float | None:
    """The share of noise from which a node starts, its own or that of the scheduler or settings before it; None where
    none is told."""
    for each in _settings(graph, node):
        if "SplitSigmas" in each.kind or each.kind == "DisableNoise":
            return 0.0
        if "denoise" in each.inputs:
            return number(graph, each.inputs["denoise"])
    return None


def _settings(graph: Graph, node: Node) -> Iterator[Node]:
    """The node, and those before it that settle how it samples."""
    yield node
    seen = {node.key}
    waiting = [node]
    while waiting and graph.step():
        for name, link in graph.links(waiting.pop()):
            source = graph.source(link)
            if name in ("sigmas", "noise", "pipe", "settings") and source and source[0].key not in seen:
                seen.add(source[0].key)
                waiting.append(source[0])
                yield source[0]
