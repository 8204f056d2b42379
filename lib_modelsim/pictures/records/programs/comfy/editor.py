"""The editor's workflow turned into a graph as it would be run: what is bypassed or muted left out, subgraphs laid
open, values by the names of their inputs.

A node of the editor has its values in a list without names; links are numbers. Reroutes, primitives and the Get and Set
nodes of KJNodes exist in the editor alone. Source: ComfyUI_frontend, src/utils/executionUtil.ts (`graphToPrompt`),
src/lib/litegraph (serialisation), and KJNodes, web/js/setgetnodes.js.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...form import ENDINGS
from .graph import MOST, Graph, of_nodes
from .loaders import listed

_MUTED, _BYPASSED = 2, 4
_ENTRY, _EXIT = "-10", "-20"
"""The nodes that stand for a subgraph's inputs and outputs."""

_DEEPEST = 12
"""Subgraphs within subgraphs."""

_WIDGETS: Mapping[str, tuple[str, ...]] = {
    "KSampler": ("seed", "control_after_generate", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", "control_after_generate", "steps", "cfg", "sampler_name", "scheduler",
        "start_at_step", "end_at_step", "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", "control_after_generate", "cfg"),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CheckpointLoader": ("config_name", "ckpt_name"),
    "Checkpoint Loader": ("config_name", "ckpt_name"),
    "ModelMergeSimple": ("ratio",),
    "CLIPTextEncode": ("text",),
    "PrimitiveNode": ("value",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "Eff. Loader SDXL": ("base_ckpt_name", "base_clip_skip", "refiner_ckpt_name"),
    "CR Select Model": ("ckpt_name1", "ckpt_name2", "ckpt_name3", "ckpt_name4", "ckpt_name5", "select_model"),
    "ImpactSwitch": ("select",),
    "CR Model Input Switch": ("Input",),
    "Model Input Switch": ("boolean",),
    "easy anythingIndexSwitch": ("index",),
}  # fmt: skip
"""Names of the values of nodes whose places matter, by ComfyUI's and the packs' sources."""

_CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_SETTERS, _GETTERS = ("SetNode", "easy setNode"), ("GetNode", "easy getNode")
_EDITOR_ALONE = ("Reroute", "Reroute (rgthree)", *_SETTERS, *_GETTERS)
_BROADCASTS = "Anything Everywhere"


def of_workflow(document: object) -> Graph | None:
    """The graph of what the editor showed; None where the document is none. InvokeAI's has `edges` for its links."""
    if not isinstance(document, dict) or not isinstance(document.get("nodes"), list) or "edges" in document:
        return None
    if any(isinstance(node, dict) and isinstance(node.get("data"), dict) for node in document["nodes"]):
        return None  # another editor's (React Flow: InvokeAI)
    flat = _Flat(document)
    flat.lay_open(document, "", {}, 0)
    return of_nodes(flat.run())


class _Flat:
    """All nodes of a workflow in one level, with the links into each by the input's name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        definitions = document.get("definitions")
        subgraphs = definitions.get("subgraphs") if isinstance(definitions, dict) else None
        self.subgraphs = {
            each["id"]: each
            for each in (subgraphs if isinstance(subgraphs, list) else [])
            if isinstance(each, dict) and isinstance(each.get("id"), str)
        }
        self.nodes: dict[str, dict[str, Any]] = {}
        self.into: dict[str, dict[str, tuple[str, int]]] = {}
        self.exits: dict[tuple[str, int], tuple[str, int]] = {}
        self.typed: dict[str, dict[str, Any]] = {}
        self.named: dict[str, str] = {}
        self.origins: dict[tuple[str, int], tuple[str, int] | None] = {}

    def lay_open(
        self, level: Mapping[str, Any], prefix: str, outer: Mapping[int, tuple[str, int]], depth: int,
        values: Mapping[int, Any] | None = None,
    ) -> None:  # fmt: skip
        """Add the nodes of one level; `outer` are the links and `values` the values into a subgraph by their slot."""
        links = dict(_links(level.get("links")))
        inner = [node for node in _objects(level.get("nodes")) if isinstance(node.get("type"), str)]
        for place, node in enumerate(inner):
            key = f"{prefix}{node.get('id', f'#{place}')}"
            if len(self.nodes) >= MOST:
                return
            self.nodes[key] = node
            self.into[key] = {}
            self.typed[key] = {}
            for name, number in _wired(node):
                origin, slot = links.get(number, ("", 0))
                if origin != _ENTRY:
                    self.into[key][name] = (f"{prefix}{origin}", slot)
                elif slot in outer:
                    self.into[key][name] = outer[slot]
                elif values and slot in values:
                    self.typed[key][name] = values[slot]
            if node["type"] in _SETTERS and (name := _first_text(node)):
                self.named[name] = key
            if node["type"] in self.subgraphs and depth < _DEEPEST:
                self._lay_open_subgraph(key, node, depth)
        for target, slot, origin, output in _exits(level.get("links")):
            if target == _EXIT:
                self.exits[prefix.removesuffix(":"), slot] = (f"{prefix}{origin}", output)

    def _lay_open_subgraph(self, key: str, node: Mapping[str, Any], depth: int) -> None:
        slots = [str(each.get("name")) for each in _objects(node.get("inputs"))]
        outer = {slot: self.into[key][name] for slot, name in enumerate(slots) if name in self.into[key]}
        given = _values(node)
        values = {slot: given[name] for slot, name in enumerate(slots) if name in given}
        if node.get("mode") in (_MUTED, _BYPASSED):
            return
        self.lay_open(self.subgraphs[node["type"]], f"{key}:", outer, depth + 1, values)

    def run(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """The nodes that would be run, with their values and links."""
        broadcast = self._broadcast()
        for key, node in self.nodes.items():
            if node.get("mode") in (_MUTED, _BYPASSED) or node["type"] in (*self.subgraphs, *_EDITOR_ALONE):
                continue
            inputs: dict[str, Any] = {**_values(node), **self.typed[key]}
            for name, link in self.into[key].items():
                origin = self._origin(link)
                if origin is not None:
                    inputs[name] = list(origin)
                elif name not in inputs:
                    inputs[name] = list(link)
            for name, kind in _open_inputs(node):
                if kind in broadcast and name not in inputs and not node["type"].startswith(_BROADCASTS):
                    inputs[name] = list(broadcast[kind])
            yield key, node["type"], inputs

    def _origin(self, link: tuple[str, int]) -> tuple[str, int] | None:
        """The node that is run at the beginning of a link, past what exists in the editor alone."""
        way: list[tuple[str, int]] = []
        found = self._follow(link, way)
        self.origins.update(dict.fromkeys(way, found))
        return found

    def _follow(self, link: tuple[str, int], way: list[tuple[str, int]]) -> tuple[str, int] | None:
        """The same, with what lies on the way to it."""
        seen: set[tuple[str, int]] = set()
        while link not in seen:
            if link in self.origins:
                return self.origins[link]
            seen.add(link)
            way.append(link)
            key, slot = link
            node = self.nodes.get(key)
            if node is None or node.get("mode") == _MUTED:
                return None
            before: tuple[str, int] | None
            if node["type"] in _GETTERS:
                before = next(iter(self.into.get(self.named.get(_first_text(node), ""), {}).values()), None)
            elif node["type"] in self.subgraphs and node.get("mode") != _BYPASSED:
                before = self.exits.get((key, slot))
            elif node.get("mode") == _BYPASSED:
                before = self._bypass(key, node, slot)
            elif node["type"] in _EDITOR_ALONE:
                before = next(iter(self.into[key].values()), None)
            else:
                return link
            if before is None:
                return None
            link = before
        return None

    def _bypass(self, key: str, node: Mapping[str, Any], slot: int) -> tuple[str, int] | None:
        """What a bypassed node lets through: the input of the same place if it is of the same type, else the first."""
        outputs, inputs = _objects(node.get("outputs")), _objects(node.get("inputs"))
        kind = outputs[slot].get("type") if slot < len(outputs) else None
        same = [each for each in inputs[slot : slot + 1] + inputs if each.get("type") == kind]
        ways = [self.into[key][each["name"]] for each in same if each.get("name") in self.into[key]]
        return ways[0] if ways else None

    def _broadcast(self) -> dict[str, tuple[str, int]]:
        """Type → what is sent to all open inputs of it (cg-use-everywhere), where only one is."""
        found: dict[str, set[tuple[str, int]]] = {}
        for key, node in self.nodes.items():
            if node["type"].startswith(_BROADCASTS) and node.get("mode") not in (_MUTED, _BYPASSED):
                for each in _objects(node.get("inputs")):
                    link = self.into[key].get(str(each.get("name")))
                    origin = self._origin(link) if link else None
                    kind = self._kind(origin) if origin else None
                    if origin and kind:
                        found.setdefault(kind, set()).add(origin)
        return {kind: ways.pop() for kind, ways in found.items() if len(ways) == 1}

    def _kind(self, origin: tuple[str, int]) -> str | None:
        outputs = _objects(self.nodes[origin[0]].get("outputs"))
        kind = outputs[origin[1]].get("type") if origin[1] < len(outputs) else None
        return kind if isinstance(kind, str) else None


def _objects(given: object) -> list[dict[str, Any]]:
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _first_text(node: Mapping[str, Any]) -> str:
    values = node.get("widgets_values")
    return next((each for each in values if isinstance(each, str)), "") if isinstance(values, list) else ""


def _ends(links: object) -> Iterator[tuple[int, str, int, str, int]]:
    """Number, origin, its output, target and its input of each link, in either of the editor's forms."""
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) >= 5:
            number, origin, output, target, slot = link[:5]
        elif isinstance(link, dict):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            number, origin, output, target, slot = (link.get(name) for name in names)
        else:
            continue
        if all(isinstance(each, int) and each >= 0 for each in (number, output, slot)):
            yield number, str(origin), output, str(target), slot


def _links(links: object) -> Iterator[tuple[int, tuple[str, int]]]:
    yield from ((number, (origin, output)) for number, origin, output, _, _ in _ends(links))


def _exits(links: object) -> Iterator[tuple[str, int, str, int]]:
    yield from ((target, slot, origin, output) for _, origin, output, target, slot in _ends(links))


def _wired(node: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The inputs of a node into which a link goes, with its number."""
    for each in _objects(node.get("inputs")):
        if isinstance(each.get("name"), str) and isinstance(each.get("link"), int):
            yield each["name"], each["link"]


def _open_inputs(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in _objects(node.get("inputs")):
        if isinstance(each.get("name"), str) and isinstance(each.get("type"), str) and each.get("link") is None:
            yield each["name"], each["type"]


def _values(node: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a node by their inputs' names, as far as these are known; else by their place."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {name: given for name, given in values.items() if not isinstance(given, list)}
    if not isinstance(values, list):
        return {}
    given = values[:200]
    kind = node["type"]
    if kind in _WIDGETS:
        return _named(_WIDGETS[kind], given)
    widgets = [each.get("widget") for each in _objects(node.get("inputs"))]
    stated = [str(widget.get("name")) for widget in widgets if isinstance(widget, dict)]
    plain = [each for each in given if each not in _CONTROLS] if len(given) != len(stated) else given
    if stated and len(plain) == len(stated):
        return _named(stated, plain)
    loads = [load["input"] for load in listed().get(kind, ())]
    files = [each for each in given if isinstance(_content(each), str) and _content(each).lower().endswith(ENDINGS)]
    found = _named(loads, files or given)
    return {**{f"widget_{place}": each for place, each in enumerate(given) if not loads}, **found}


def _content(given: object) -> object:
    return given.get("content") if isinstance(given, dict) else given


def _named(names: tuple[str, ...] | list[str], values: list[Any]) -> dict[str, Any]:
    """Lists, which would read as links, are left out."""
    return {name: given for name, given in zip(names, values, strict=False) if not isinstance(given, list)}
