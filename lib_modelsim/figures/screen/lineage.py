"""The lineage on the page: columns by generation, origins to the left, an arrow from each model to what was made of it.

Nodes and edges carry what a script needs to answer to the mouse. A node is a leaf as those of the tree are:
`.modelsim-leaf.modelsim-node` with `data-model`, `data-facts` (its tooltip), `data-kind`, and with `data-folded` the
models that it stands for, as JSON. An edge is `.modelsim-edge` with `data-source`, `data-target`, `data-kind`,
`data-share` (absent where there is none), `data-strength`, `data-directed` and `data-facts`, its evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

from ...lineage.graph.graph import ADAPTER, LIKELY, NEAREST, PROVEN, WEAK, Edge, LineageGraph, LineageNode
from ...text import counted, percent, printable
from ..lineage_layout import LineageLayout, Point, lineage_layout
from .markup import Facts, escaped, fitted, frame, text_width

SIZE, SMALL = 13, 11
"""Heights of letters in names, and of shares on edges."""

_ROW, _HEIGHT, _EDGE = 30.0, 22.0, 10.0
"""Distance of two nodes, height of one, room around all."""

_WIDEST, _PAD, _BETWEEN = 200.0, 8.0, 84.0
"""The widest name, room beside it, room for edges between two columns."""

_NARROWEST = 740.0
"""The drawing's own width at least, which the panel stretches or shrinks."""

_ARROW, _LINE = 7, 11.5
"""Length of an arrow's head, and distance of two shares above each other."""

_ENDING = re.compile(r"(?<=.)\.(safetensors|sft|ckpt|pth?|bin|gguf)$", re.IGNORECASE)

_HINT = '<span class="modelsim-hint">Click a model; drag to move.</span>'


def lineage_svg(graph: LineageGraph, *, facts: Facts | None = None) -> str:
    """The graph as inline SVG in the frame in which it scrolls and zooms. `facts` are what tooltips tell of the models
    beneath their names, before what the graph knows of them."""
    told = f"{_HINT}{_legend(graph)}"
    return frame("lineage", [node.name for node in graph.nodes], lineage_drawing(graph, facts or {}), told)


def lineage_drawing(graph: LineageGraph, facts: Facts, attributes: str = "", titles: bool = False) -> str:
    """The SVG alone; with `titles` what a viewer without our script shows of a node or an edge that is pointed at."""
    layout = lineage_layout(graph)
    drawing = _Drawing(graph, layout, titles)
    edges = "".join(drawing.edge(i, edge) for i, edge in enumerate(graph.edges))
    shares = "".join(drawing.share(i, edge) for i, edge in enumerate(graph.edges) if edge.share is not None)
    places = layout.places
    nodes = sorted(graph.nodes, key=lambda node: (places[node.name][0], places[node.name][1]))
    leaves = "".join(drawing.node(i, node, facts) for i, node in enumerate(nodes))
    return (
        f'<svg class="modelsim-svg" style="--modelsim-own:{drawing.width:.0f}px"{attributes}'
        f' viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" role="group" aria-label="Lineage of models">'
        f'<g class="modelsim-edges">{edges}</g>'
        f'<g class="modelsim-leaves" role="listbox" aria-label="Models, origins first">{leaves}</g>'
        f'<g class="modelsim-shares">{shares}</g></svg>'
    )


def _legend(graph: LineageGraph) -> str:
    """What the lines mean, those that are drawn."""
    meanings = {PROVEN: "proven", LIKELY: "likely", WEAK: "weak"}
    drawn = {edge.strength for edge in graph.edges if edge.kind != NEAREST}
    lines = [
        f'<span class="modelsim-line modelsim-{strength}"><svg viewBox="0 0 24 8" width="24" height="8">'
        f'<path d="M1 4H23"/></svg> {words}</span>'
        for strength, words in meanings.items()
        if strength in drawn
    ]
    open_ended = any(not edge.directed for edge in graph.edges)
    nearest = any(edge.kind == NEAREST for edge in graph.edges)
    words = ["dotted: nearest, no kinship"] if nearest else []
    words += ["no arrow: direction not known"] if open_ended else []
    words += ["+1: stands for 1 more"] if any(graph.folded(node.name) for node in graph.nodes) else []
    words += ["?: a parent is missing"] if any(node.missing is not None for node in graph.nodes) else []
    return "".join([*lines, *(f"<span>{each}</span>" for each in words)])


class _Drawing:
    """Where nodes and edges of one graph stand, in the drawing's own units."""

    def __init__(self, graph: LineageGraph, layout: LineageLayout, titles: bool = False) -> None:
        self._graph, self._layout, self._titles = graph, layout, titles
        self._shown = {node.name: _shown(node, len(graph.folded(node.name))) for node in graph.nodes}
        widest = [0.0] * layout.columns
        for name, (column, _) in layout.places.items():
            widest[int(column)] = max(widest[int(column)], text_width(self._shown[name], SIZE) + 2 * _PAD)
        self._widths = widest
        self._left = [_EDGE]
        for width in widest[:-1]:
            self._left.append(self._left[-1] + width + _BETWEEN)
        self._head = 18.0 if layout.apart is not None and layout.apart > 0 else 0.0
        self._coming: dict[str, list[int]] = {}
        for i, edge in enumerate(graph.edges):
            if edge.share is not None:
                self._coming.setdefault(edge.target, []).append(i)
        for edges in self._coming.values():
            edges.sort(key=lambda i: self._points(i, graph.edges[i])[-2][1])
        self.width = max(self._left[-1] + widest[-1] + _EDGE, _NARROWEST)
        self.height = layout.rows * _ROW + 2 * _EDGE + self._head

    def node(self, number: int, node: LineageNode, facts: Facts) -> str:
        """The node's box and name."""
        left, y = self._place(node.name)
        text = self._shown[node.name]
        width = text_width(text, SIZE) + 2 * _PAD
        others = self._graph.folded(node.name)
        lines = [*facts.get(node.name, ()), *self._told(node, others)]
        folded = f' data-folded="{escaped(json.dumps(others, ensure_ascii=False))}"' if others else ""
        told = escaped(json.dumps([[printable(part) for part in line] for line in lines], ensure_ascii=False))
        return (
            f'<g class="modelsim-leaf modelsim-node modelsim-{node.kind}" data-model="{escaped(node.name)}"'
            f' aria-label="{escaped(node.name)}" data-kind="{node.kind}" data-facts="{told}"{folded} role="option"'
            f' aria-selected="false" tabindex="{-1 if number else 0}">'
            f'<rect x="{left:.1f}" y="{y - _HEIGHT / 2:.1f}" width="{width:.1f}" height="{_HEIGHT:.0f}" rx="4"/>'
            f'<text x="{left + _PAD:.1f}" y="{y:.1f}" dy=".35em" font-size="{SIZE}">{escaped(text)}</text>'
            f"{self._title(node.name, [': '.join(line) for line in lines])}</g>"
        )

    def edge(self, i: int, edge: Edge) -> str:
        """The edge's line, and a broad one that is easier to hit."""
        path = self._path(i, edge)
        share = "" if edge.share is None else f' data-share="{edge.share:.4g}"'
        told = escaped(json.dumps([["", printable(line)] for line in edge.evidence], ensure_ascii=False))
        dashed = " modelsim-nearest" if edge.kind == NEAREST else ""
        (before, _), (x, y) = self._points(i, edge)[-2:]
        back = -_ARROW if before < x else _ARROW  # lines arrive level
        arrow = f'<path class="modelsim-arrow" d="M{x:.1f} {y:.1f}l{back} -4v8z"/>' if edge.directed else ""
        name = f"{edge.source} → {edge.target}" if edge.directed else f"{edge.source} – {edge.target}"
        return (
            f'<g class="modelsim-edge modelsim-{edge.strength}{dashed}" data-source="{escaped(edge.source)}"'
            f' data-target="{escaped(edge.target)}" data-kind="{escaped(edge.kind)}"{share}'
            f' data-strength="{edge.strength}" data-directed="{str(edge.directed).lower()}" data-facts="{told}"'
            f' aria-label="{escaped(f"{name}: {edge.kind}")}"><path class="modelsim-hit" d="{path}"/>'
            f'<path d="{path}"/>{arrow}{self._title(f"{name}: {edge.kind}", edge.evidence)}</g>'
        )

    def share(self, i: int, edge: Edge) -> str:
        """The share in words, before the arrow: those of one model above each other as their lines come in."""
        x, y = self._points(i, edge)[-1]
        beside = self._coming[edge.target]
        y += (beside.index(i) - (len(beside) - 1) / 2) * _LINE
        return (
            f'<text class="modelsim-share" data-source="{escaped(edge.source)}" data-target="{escaped(edge.target)}"'
            f' x="{x - _ARROW - 4:.1f}" y="{y:.1f}" dy=".35em" text-anchor="end"'
            f' font-size="{SMALL}">{percent(edge.share or 0.0)}</text>'
        )

    def _title(self, heading: str, lines: Sequence[str]) -> str:
        told = "&#10;".join(escaped(line.removeprefix(": ")) for line in (heading, *lines))
        return f"<title>{told}</title>" if self._titles else ""

    def _told(self, node: LineageNode, others: Sequence[str]) -> list[tuple[str, str]]:
        """Label and text of what the graph knows of a node."""
        lines = [("stands also for", other) for other in others]
        came = [edge for edge in self._graph.edges if edge.directed and edge.target == node.name]
        lines += [(_came(edge), edge.source) for edge in came]
        made = sum(edge.directed and edge.source == node.name for edge in self._graph.edges)
        lines += [("origin of", counted(made, "model"))] if made else []
        lines += [("a parent is missing", percent(node.missing))] if node.missing is not None else []
        return lines

    def _place(self, name: str) -> Point:
        column, row = self._layout.places[name]
        return self._left[int(column)], self._y(row)

    def _y(self, row: float) -> float:
        apart = self._layout.apart is not None and row >= self._layout.apart
        return _EDGE + (row + 0.5) * _ROW + (self._head if apart else 0.0)

    def _points(self, i: int, edge: Edge) -> list[Point]:
        """From the right side of the left node to the left side of the right one, or the other way."""
        if self._one_column(edge):
            places = ((*self._place(end), self._width(end)) for end in (edge.source, edge.target))
            return [(x + width, y) for x, y, width in places]
        forward = self._layout.places[edge.target][0] > self._layout.places[edge.source][0]
        (x1, y1), (x2, y2) = self._place(edge.source), self._place(edge.target)
        ends = [(x1 + self._width(edge.source) * forward, y1), (x2 + self._width(edge.target) * (not forward), y2)]
        passed: list[Point] = []
        for column, row in self._layout.routes[i]:
            sides = [self._left[int(column)], self._left[int(column)] + self._widths[int(column)]]
            passed += [(x, self._y(row)) for x in (sides if forward else reversed(sides))]
        return [ends[0], *passed, ends[1]]

    def _one_column(self, edge: Edge) -> bool:
        """Whether its ends stand above each other; then it leaves to the right and comes back."""
        return self._layout.places[edge.source][0] == self._layout.places[edge.target][0]

    def _path(self, i: int, edge: Edge) -> str:
        points = self._points(i, edge)
        if self._one_column(edge):
            (x1, y1), (x2, y2) = points
            reach = max(x1, x2) + _BETWEEN / 3
            return f"M{x1:.1f} {y1:.1f}C{reach:.1f} {y1:.1f} {reach:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for (x1, y1), (x2, y2) in pairwise(points):
            middle = (x1 + x2) / 2
            path += f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        return path

    def _width(self, name: str) -> float:
        return text_width(self._shown[name], SIZE) + 2 * _PAD


def _came(edge: Edge) -> str:
    return edge.kind if edge.share is None else f"{percent(edge.share)} of"


def _shown(node: LineageNode, others: int) -> str:
    """The name as it stands in its box, with how many others it stands for and whether a parent is missing."""
    more = f" +{others}" if others else ""
    more += " ?" if node.missing is not None else ""
    sign = "◇ " if node.kind == ADAPTER else ""
    name = _ENDING.sub("", node.name)  # names in published matrices have the endings of their files
    return sign + fitted(name, _WIDEST - text_width(more + sign, SIZE), SIZE) + more
