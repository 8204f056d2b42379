"""What a value in a graph is, followed through primitives, string nodes and switches to where it was typed in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...form import ENDINGS
from .graph import Graph, Node, has, is_link

Value = str | int | float | bool

_DEEPEST = 40
"""Links in a row through which a value is followed."""

_LONGEST = 10_000
"""Characters of a text that is joined; no number that counts here is as large."""

_NAMED = (
    "ckpt_name", "unet_name", "model_name", "gguf_name", "base_ckpt_name", "model_path", "checkpoint", "model",
    "value", "string", "text", "str", "int", "integer", "number", "float", "boolean", "bool", "select_string", "any",
    "anything", "any_input", "input", "source", "data", "*", "",
)  # fmt: skip
"""Inputs that hold the value that a node gives out, the surest first; in any spelling of small and capital letters."""

_JOINING = re.compile(r"concat|join|append", re.IGNORECASE)
_SWITCH = re.compile(r"switch|if[ _]?else|conditional ?branch", re.IGNORECASE)
_NO_SWITCH = re.compile(r"invers|lora ?switcher", re.IGNORECASE)
_YES_NO = (("on_true", "on_false"), ("tt_value", "ff_value"), ("true_value", "false_value"), ("if_true", "if_false"))
_TRUTH = ("boolean", "switch", "cond", "condition", "bool", "boolean_value", "any")
_NUMBER = ("select", "input", "index", "selected_index", "selected", "select_model", "channel", "switch")


def value(graph: Graph, given: object, depth: int = 0) -> Value | None:
    """What is typed in at the end of a link, or the value itself; None where it cannot be followed."""
    if isinstance(given, dict):  # a picker of Custom Scripts: {"content": name, "image": …}
        given = given.get("content", given.get("__value__"))
    if isinstance(given, (str, int, float, bool)):
        return given
    source = graph.source(given)
    if source is None or depth > _DEEPEST or not graph.step():
        return None
    node = source[0]
    if node.key not in graph.values:
        graph.values[node.key] = None  # what runs in a circle has no value
        graph.values[node.key] = _of_node(graph, node, depth)
    return graph.values[node.key]


def _of_node(graph: Graph, node: Node, depth: int) -> Value | None:
    """The value that a node gives to others."""
    ways = switched(graph, node, depth + 1)
    if ways is not None:
        return value(graph, ways[0], depth + 1) if len(ways) == 1 else None
    if has(_JOINING, node.kind):
        return _joined(graph, node, depth)
    return _given_out(graph, node, depth)


def _given_out(graph: Graph, node: Node, depth: int) -> Value | None:
    """The value of a node that gives out what is typed in it."""
    inputs = {name.lower(): given for name, given in node.inputs.items()}
    for name in _NAMED:
        found = value(graph, inputs[name], depth + 1) if name in inputs else None
        if found is not None:
            return found
    texts = [given for given in inputs.values() if isinstance(given, str)]
    files = [text for text in texts if text.lower().endswith(ENDINGS)]
    if len(set(files)) == 1:
        return files[0]
    links = [given for given in inputs.values() if is_link(given)]
    if not texts and len(links) == 1:
        return value(graph, links[0], depth + 1)
    return texts[0] if len(texts) == 1 and not links else None


def _joined(graph: Graph, node: Node, depth: int) -> str | None:
    """The texts of a node that joins them, with what it puts between."""
    between = node.inputs.get("delimiter", "")
    parts = [
        found
        for name, given in node.inputs.items()
        if name not in ("delimiter", "clean_whitespace") and isinstance(found := value(graph, given, depth + 1), str)
    ]
    return (between if isinstance(between, str) else "").join(parts)[:_LONGEST] or None


def switched(graph: Graph, node: Node, depth: int = 0) -> list[list] | None:
    """The links that a switch lets through: one, or all where it cannot be read which; None for what is no switch.

    Source: `ImpactSwitch` (Impact Pack), `CR Model Input Switch` (Comfyroll), `Model Input Switch` (WAS), `easy
    anythingIndexSwitch` (Easy-Use), `Any Switch (rgthree)`, `Switch any [Crystools]`, `ComfySwitchNode` (ComfyUI),
    `LazySwitchKJ` (KJNodes).
    """
    if not has(_SWITCH, node.kind) or has(_NO_SWITCH, node.kind):
        return None
    links = dict(graph.links(node))
    if "rgthree" in node.kind:  # the first that is there
        return [links[min(links)]] if links else []
    inputs = {name.lower(): given for name, given in node.inputs.items()}
    pair = next((pair for pair in _pairs(links) if set(pair) & set(links)), None)
    if pair is not None:
        truth = _truth(next((value(graph, inputs[name], depth + 1) for name in _TRUTH if name in inputs), None))
        return [links[name] for name in ((pair[not truth],) if truth is not None else pair) if name in links]
    ways = {name: link for name, link in links.items() if name.lower() not in _NUMBER}
    for name in _NUMBER:
        number = _whole(value(graph, inputs[name], depth + 1)) if name in inputs else None
        if number is not None:
            chosen = [link for way, link in ways.items() if re.search(rf"(?<!\d)0*{number}(_opt)?$", way)]
            return chosen[:1] or list(ways.values())
    return list(ways.values())


def _pairs(links: dict[str, list]) -> Iterator[tuple[str, str]]:
    """The names of what a switch gives for yes and for no."""
    yield from _YES_NO
    yield from ((name, f"{name[:-1]}b") for name in links if name.endswith("_a"))
    yield from ((f"{name[:-1]}a", name) for name in links if name.endswith("_b"))


def _truth(found: Value | None) -> bool | None:
    if isinstance(found, str):
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(found.lower())
    return None if found is None else bool(found)


def _whole(found: Value | None) -> int | None:
    """A number that counts ways; what is longer than any number of ways is none."""
    if isinstance(found, str):
        return int(found) if re.fullmatch(r"[0-9]{1,4}", found) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 10_000 else None


def number(graph: Graph, given: object) -> float | None:
    """A number at the end of a link, or the number itself."""
    found = value(graph, given)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return float(found) if -_LONGEST < found < _LONGEST else None
