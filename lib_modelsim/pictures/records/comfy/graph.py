"""A graph of ComfyUI as it was run: id → node, where an input is a value or a link [id, output].

Nothing in it is trusted: links may lead nowhere or in circles, inputs be of any type, nodes be thousands.
Source: ComfyUI, execution.py (`get_input_data`) and comfy_execution/graph_utils.py (`is_link`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 20_000
"""Nodes that are looked at: graphs of people have some hundred."""

_STEPS = 200_000
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
        self._left = _STEPS
        self.consumed = {
            source[0].key for node in nodes.values() for _, link in self.links(node) if (source := self.source(link))
        }
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

    def links(self, node: Node) -> Iterator[tuple[str, list]]:
        """The inputs of a node that are links to nodes of the graph, with their names."""
        for name, value in node.inputs.items():
            if isinstance(name, str) and self.source(value) is not None:
                yield name, value


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
    nodes = {}
    for key, node in list(document.items())[:MOST]:
        if isinstance(node, dict) and isinstance(node.get("class_type"), str):
            inputs = node.get("inputs")
            nodes[key] = Node(key, node["class_type"], inputs if isinstance(inputs, dict) else {})
    return Graph(nodes) if nodes else None
