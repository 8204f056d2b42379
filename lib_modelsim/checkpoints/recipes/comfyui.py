"""ComfyUI's graph in a saved checkpoint: which models were loaded, how they were merged, what else was done to them.

`prompt` is what was run: id → {"class_type", "inputs"}, where an input is a value or a link ["id", output]; `workflow`
what the editor showed. Sources: ComfyUI comfy_extras/nodes_model_merging.py (`ratio`, and each block's number, is the
share of the first model; CheckpointSave writes both keys), nodes_model_merging_model_specific.py, nodes.py (loaders).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .steps import MergeCall, MergeSteps, bounded, cut, file_name, parse

PROMPT, WORKFLOW = "prompt", "workflow"

_MOST_NODES = 5000
_DEEPEST = 100
"""Nodes one behind another that are followed."""

_FILE = re.compile(r"\.(safetensors|sft|ckpt|pth?|bin|gguf)$", re.IGNORECASE)
_ADAPTER = re.compile(r"lora|lycoris", re.IGNORECASE)
_MERGE = re.compile(r"merge", re.IGNORECASE)
_MODELS = re.compile(r"(model|clip|vae)_?\w?")
"""Inputs through which a model, a text encoder or a VAE comes."""

Graph = Mapping[str, Mapping[str, Any]]


def read(prompt: str | None, workflow: str | None) -> MergeSteps | None:
    """The merge that a graph tells; None where there is no graph, or none that loads a model."""
    graph = _graph(parse(prompt))
    told = _Telling(graph)
    network = ""
    for key in _ends(graph):
        for name in ("model", "clip", "vae"):
            made = told.of(graph[key]["inputs"].get(name), 0)
            network = network or (made if name == "model" else "")
    if not told.models:
        told.models += _shown(parse(workflow), False)
        told.adapters += _shown(parse(workflow), True)
    return bounded(told.models, told.adapters, told.steps, told.calls, network) if told.models or told.steps else None


def _graph(document: object) -> Graph:
    """The nodes that can be used."""
    nodes = list(document.items())[:_MOST_NODES] if isinstance(document, dict) else []
    known = {key: node for key, node in nodes if isinstance(node, dict) and isinstance(node.get("class_type"), str)}
    return {key: node for key, node in known.items() if isinstance(node.get("inputs"), dict)}


def _ends(graph: Graph) -> list[str]:
    """The nodes that save a model: those called so, else those that take one and give it to nobody."""
    takes = [key for key, node in graph.items() if any(map(_MODELS.fullmatch, node["inputs"]))]
    saving = [key for key in takes if re.search("save", graph[key]["class_type"], re.IGNORECASE)]
    given = {_source(value) for node in graph.values() for value in node["inputs"].values()}
    return saving or [key for key in takes if key not in given]


class _Telling:
    """Goes back from what is saved to what was loaded, and notes on its way back what was done."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._said: dict[str, str] = {}
        self.models: list[str] = []
        self.adapters: list[str] = []
        self.steps: list[str] = []
        self.calls: list[MergeCall] = []

    def of(self, link: object, depth: int) -> str:
        """What comes through a link, in a few words: a file's name, "step 2"."""
        key = _source(link)
        node = self._graph.get(key)
        if node is None or depth > _DEEPEST:
            return "…"
        if key not in self._said:
            self._said[key] = "…"  # a graph that runs in a circle ends
            self._said[key] = self._node(node, depth)
        return self._said[key]

    def _node(self, node: Mapping[str, Any], depth: int) -> str:
        kind, inputs = node["class_type"], node["inputs"]
        before = [self.of(value, depth + 1) for name, value in inputs.items() if self._comes_in(name, value)]
        files = [file_name(value) for value in inputs.values() if isinstance(value, str) and _FILE.search(value)]
        if _ADAPTER.search(kind):
            self.adapters += files
        else:
            self.models += files
        found = ((name, self._number(v)) for name, v in inputs.items() if not self._comes_in(name, v))
        held = {cut(name): number for name, number in found if number is not None}
        numbers = [f"{name} {number}" for name, number in held.items()]
        if not before:
            return " and ".join(files) or cut(kind)
        if len(before) == 1 and not files and not numbers:
            return before[0]  # a node that only passes on
        self.steps.append(f"{cut(kind)}: {', '.join([*before, *files])}" + _shares(kind, numbers))
        self.calls.append(MergeCall(kind, [*before, *files], held))
        return f"step {len(self.steps)}"

    def _comes_in(self, name: str, value: object) -> bool:
        return _source(value) in self._graph and _MODELS.fullmatch(name) is not None

    def _number(self, value: object) -> float | None:
        """A number, also one that a node beside holds."""
        if isinstance(value, list) and _source(value) in self._graph:
            held = [v for v in self._graph[_source(value)]["inputs"].values() if type(v) in (int, float)]
            return held[0] if len(held) == 1 else None
        return value if type(value) in (int, float) else None


def _shares(kind: str, numbers: list[str]) -> str:
    """The numbers of a node; of a merge they are shares of its first model."""
    if not numbers:
        return ""
    alike = len(numbers) > 8 and len({text.rpartition(" ")[2] for text in numbers}) == 1
    told = f"all {len(numbers)} at {numbers[0].rpartition(' ')[2]}" if alike else ", ".join(numbers)
    first = "share of the first: " if _MERGE.search(kind) and "ubtract" not in kind else ""
    return f" ({first}{told})"


def _source(link: object) -> str:
    """The node that a link comes from; a text that no node is called where it is no link."""
    return str(link[0]) if isinstance(link, list) and len(link) == 2 and isinstance(link[0], (str, int)) else ""


def _shown(document: object, adapters: bool) -> Iterator[str]:
    """Files in the widgets of the editor's nodes."""
    nodes = document.get("nodes") if isinstance(document, dict) else None
    for node in nodes[:_MOST_NODES] if isinstance(nodes, list) else ():
        kind, values = (node.get("type"), node.get("widgets_values")) if isinstance(node, dict) else (None, None)
        if isinstance(kind, str) and isinstance(values, list) and bool(_ADAPTER.search(kind)) == adapters:
            yield from (file_name(value) for value in values if isinstance(value, str) and _FILE.search(value))
