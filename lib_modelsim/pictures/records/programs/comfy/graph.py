"""A graph of ComfyUI as it was run: id → node, where an input is a value or a link [id, output].

Nothing in it is trusted: links may lead nowhere or in circles, inputs be of any type, nodes be thousands.
Source: ComfyUI, execution.py (`get_input_data`) and comfy_execution/graph_utils.py (`is_link`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

MOST = 20_000
"""Nodes that are looked at: graphs of people have some hundred."""

_MOST_INPUTS, _LONGEST = 300, 200
"""Inputs of a node, and characters of a name, that are looked at."""

_STEPS = 12_000
"""Links that are followed in one graph; a graph of people needs some thousand."""


@dataclass(frozen=True, eq=False)
class Node:
    """`kind` is ComfyUI's class_type, `inputs` the values and links by the input's name."""

    key: str
    kind: str
    inputs: Mapping[str, Any]


class Graph:
    """The nodes of one graph by their id, and the links between them."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.used_up = False
        self.values: dict[str, Any] = {}
        """Values that were followed already, by the id of the node that gives them."""
        self._left = _STEPS
        self._links = {
            node.key: [each for each in node.inputs.items() if is_link(each[1]) and str(each[1][0]) in nodes]
            for node in nodes.values()
        }
        self.consumed = {str(link[0]) for links in self._links.values() for _, link in links}
        """Ids of the nodes from which a link goes to another."""

    def step(self) -> bool:
        """Count a link that is followed; False, from then on always, where there were too many."""
        self._left -= 1
        self.used_up = self.used_up or self._left < 0
        return not self.used_up

    def source(self, link: object) -> tuple[Node, int] | None:
        """The node that a link comes from and which of its outputs; None for what is no link, or leads nowhere."""
        if not is_link(link):
            return None
        node = self.nodes.get(str(link[0]))
        return None if node is None else (node, link[1])

    def links(self, node: Node) -> list[tuple[str, list]]:
        """The inputs of a node that are links to nodes of the graph, with their names."""
        return self._links[node.key]


@lru_cache(maxsize=1 << 14)
def fits(form: re.Pattern[str], name: str) -> bool:
    """Whether a whole name has this form; remembered, for a graph has few names many times."""
    return form.fullmatch(name) is not None


@lru_cache(maxsize=1 << 14)
def has(form: re.Pattern[str], name: str) -> bool:
    """Whether this form is anywhere in a name; remembered likewise."""
    return form.search(name) is not None


def is_link(value: object) -> bool:
    """Whether a value has the form of a link."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    key, output = value
    return isinstance(key, (str, int)) and isinstance(output, int) and not isinstance(output, bool)


def of_prompt(document: object) -> Graph | None:
    """The graph that was run, as ComfyUI writes it under "prompt"; None where the document is none."""
    if not isinstance(document, dict):
        return None
    nodes = (
        (key, node["class_type"], node.get("inputs"))
        for key, node in document.items()
        if isinstance(node, dict) and isinstance(node.get("class_type"), str)
    )
    return of_nodes(nodes)


def of_nodes(nodes: Iterable[tuple[str, str, object]]) -> Graph | None:
    """The graph of these nodes, each an id, a kind and its inputs; None where there are none."""
    found = {}
    for key, kind, inputs in islice(nodes, MOST):
        given = inputs.items() if isinstance(inputs, dict) else ()
        named = ((name, each) for name, each in given if isinstance(name, str) and len(name) <= _LONGEST)
        found[key] = Node(key, kind[:_LONGEST], dict(islice(named, _MOST_INPUTS)))
    return Graph(found) if found else None
