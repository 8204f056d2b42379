"""ComfyUI's record: the graph that generated the picture, as JSON.

`prompt` is what was run: id → {"class_type", "inputs"}, where an input is a value or a link ["id", output].
`workflow` is what the editor showed: a list of nodes with their widgets' values, in which links are numbers.
Source: ComfyUI, nodes.py (loaders, samplers) and execution.py.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from .form import ENDINGS, Named, PictureRecord, named, once
from .registry import RecordReader
from .texts import Texts

PROGRAM = "ComfyUI"

Node = Mapping[str, Any]

_CHECKPOINT = re.compile(r"(base_|refiner_)?ckpt_name|unet_name|checkpoint(_name)?")
_NETWORK = re.compile(r"lora(_name)?(_\d+)?|hypernetwork_name|lora_\d+_name")
_TEXTS = ("text", "text_g", "text_l", "string", "prompt", "positive", "value", "wildcard_text", "clip_l", "t5xxl")
_MOST = 20_000
"""Nodes and links that are looked at: graphs of people have some hundred."""


def read(texts: Texts) -> list[PictureRecord]:
    """The graph that was run and the editor's, where that names something else; Civitai's JPEGs hold one in the place
    of an infotext."""
    graphs = [text for text in texts.named("prompt", "workflow") if text.text.lstrip().startswith(("{", "["))]
    found = [of_prompt(texts.document(text), text.where) for text in graphs if text.keyword == "prompt"]
    found += [of_workflow(texts.document(text), text.where) for text in graphs if text.keyword == "workflow"]
    others = (each for each in texts.objects() if each[0].keyword not in ("prompt", "workflow"))
    found += [of_prompt(document, text.where) for text, document in others]
    return _without_repetitions([record for record in found if record is not None])


def _without_repetitions(records: list[PictureRecord]) -> list[PictureRecord]:
    """The editor's graph, which is what was on the screen and need not be what was run, only where it tells more."""
    run = [record.checkpoints for record in records if record.prompt]
    return [record for record in records if record.prompt or not run or not _within(record.checkpoints, run)]


def _within(models: tuple[Named, ...], others: list[tuple[Named, ...]]) -> bool:
    return any(set(models) >= set(other) or set(models) <= set(other) for other in others)


def of_prompt(document: object, place: str) -> PictureRecord | None:
    """The record of a graph that was run; None where the document is none."""
    nodes = document if isinstance(document, dict) else {}
    graph = {key: node for key, node in list(nodes.items())[:_MOST] if isinstance(node, dict) and "class_type" in node}
    graph = {key: node for key, node in graph.items() if isinstance(node.get("inputs"), dict)}
    if not graph:
        return None
    samplers = [node for node in graph.values() if {"positive", "negative"} <= set(node["inputs"])]
    used = {key for node in samplers for key in _before(graph, node["inputs"].get("model"))}
    checkpoints = _named(graph, used, _CHECKPOINT) or _named(graph, set(graph), _CHECKPOINT)
    networks = _named(graph, used or set(graph), _NETWORK)
    texts = [_text(graph, node["inputs"][key]) for node in samplers[:1] for key in ("positive", "negative")] or ["", ""]
    return PictureRecord(place, PROGRAM, checkpoints, networks, *texts)


def of_workflow(document: object, place: str) -> PictureRecord | None:
    """The record of the editor's graph; None where the document is none."""
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not isinstance(nodes, list):
        return None
    checkpoints: list[Named | None] = []
    networks: list[Named | None] = []
    for node in nodes[:_MOST]:
        kind, values = (node.get("type"), node.get("widgets_values")) if isinstance(node, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(values, (list, dict)):
            continue
        files = [file for file in _files(values) if file.lower().endswith(ENDINGS)]
        if re.search("lora", kind, re.IGNORECASE):
            networks += map(named, files)
        elif re.search("checkpoint|ckpt|unet", kind, re.IGNORECASE):
            checkpoints += map(named, files)
    return PictureRecord(place, PROGRAM, once(checkpoints), once(networks))


def _named(graph: Mapping[str, Node], keys: set[str], input_name: re.Pattern) -> tuple[Named, ...]:
    """Models that inputs of this name load in these nodes, in the graph's order."""
    values = [
        value
        for key, node in graph.items()
        if key in keys
        for name, value in node["inputs"].items()
        if input_name.fullmatch(name)
    ]
    files = [value.get("lora") if isinstance(value, dict) and value.get("on", True) else value for value in values]
    return once([named(file) for file in files if isinstance(file, str) and file not in ("None", "")])


def _before(graph: Mapping[str, Node], link: object) -> set[str]:
    """Nodes from which a link comes, near and far; a graph that runs in a circle ends too."""
    found: set[str] = set()
    waiting = [link]
    while waiting and len(found) < _MOST:
        key = _source(waiting.pop())
        if key in graph and key not in found:
            found.add(key)
            waiting += graph[key]["inputs"].values()
    return found


def _text(graph: Mapping[str, Node], link: object) -> str:
    """The text that is encoded in the nodes before a link, the nearest one's."""
    seen: set[str] = set()
    waiting = deque([link])
    while waiting:
        here = waiting.popleft()
        if isinstance(here, str) and here.strip():
            return here
        key = _source(here)
        if key not in graph or key in seen:
            continue
        seen.add(key)
        inputs = graph[key]["inputs"]
        texts = [inputs[name] for name in _TEXTS if name in inputs]
        waiting += texts + [value for name, value in inputs.items() if name not in _TEXTS and _source(value) in graph]
    return ""


def _source(link: object) -> str:
    """The node that a link comes from; a text that no node is called where it is no link."""
    return str(link[0]) if isinstance(link, list) and len(link) == 2 else ""


def _files(values: object) -> Iterator[str]:
    """All texts in a node's widgets, down to the second level."""
    for value in values.values() if isinstance(values, dict) else values if isinstance(values, list) else ():
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            inner = value.values() if isinstance(value, dict) else value
            yield from (each for each in inner if isinstance(each, str))


READER = RecordReader(PROGRAM, read, order=3)
