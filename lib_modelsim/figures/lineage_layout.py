"""Where the nodes of a lineage stand: columns by generation, origins to the left, few crossings, always the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..lineage.graph.graph import LineageGraph

if TYPE_CHECKING:
    import networkx as nx

_SWEEPS = 12
"""Passes over the columns in which each node moves towards those it is joined to."""

_ROOM, _BEND = 1.0, 0.35
"""Rows that a node takes, and that an edge takes where it passes a column."""

_BETWEEN = 0.8
"""Rows between parts of the graph that nothing joins."""

_APART = 4
"""Columns of the models without any edge, at least."""

Point = tuple[float, float]
Node = str | tuple[int, int]
"""A name, or an edge's place in a column that it only passes: (edge, column)."""


@dataclass(frozen=True)
class LineageLayout:
    """`places`: node → (column, row), from 0 on, rows in units of a node's height; `routes` of every edge the places
    between its ends where it passes other columns; `columns` and `rows` how many there are; `apart` is the row from
    which on models without any edge stand, None where there are none."""

    places: dict[str, Point]
    routes: list[list[Point]]
    columns: int
    rows: float
    apart: float | None


def lineage_layout(graph: LineageGraph) -> LineageLayout:
    """The layout of a graph; networkx finds its parts and generations."""
    import networkx as nx

    whole = nx.Graph()
    whole.add_nodes_from(node.name for node in graph.nodes)
    whole.add_edges_from((edge.source, edge.target) for edge in graph.edges)
    order = {name: i for i, name in enumerate(whole)}
    parts = sorted(nx.connected_components(whole), key=lambda part: (-len(part), min(order[n] for n in part)))
    layers = _layers(graph, whole)
    places: dict[Node, Point] = {}
    top = 0.0
    columns = 1
    for part in (part for part in parts if len(part) > 1):
        placed = _placed(graph, {name: layers[name] for name in sorted(part, key=order.__getitem__)})
        lowest = min(row for _, row in placed.values())
        for node, (column, row) in placed.items():
            places[node] = (column, row - lowest + top)
        top = max(row for _, row in places.values()) + _ROOM + _BETWEEN
        columns = max(columns, 1 + int(max(column for column, _ in placed.values())))
    alone = sorted((name for part in parts if len(part) == 1 for name in part), key=order.__getitem__)
    columns = max(columns, min(_APART, len(alone)))
    for i, name in enumerate(alone):
        places[name] = (float(i % columns), top + _ROOM * (i // columns))
    rows = max((row for _, row in places.values()), default=0.0) + _ROOM
    named = {node: place for node, place in places.items() if isinstance(node, str)}
    return LineageLayout(named, _routes(graph, places, layers), columns, rows, top if alone else None)


def _layers(graph: LineageGraph, whole: nx.Graph) -> dict[str, int]:
    """Node → its generation: one more than the latest of those it comes from. An edge without direction leads away
    from where most edges meet, unless both its ends have a place by others."""
    import networkx as nx

    ways = nx.DiGraph()
    ways.add_nodes_from(whole)
    ways.add_edges_from((edge.source, edge.target) for edge in graph.edges if edge.directed)
    placed = {name for name in ways if ways.degree(name)}
    steps: dict[str, int] = {}
    for start in sorted(whole, key=lambda name: (ways.in_degree(name) > 0, -whole.degree(name))):
        if start not in steps:
            for name in nx.bfs_tree(whole, start):
                steps[name] = len(steps)
    undirected = [(edge.source, edge.target) for edge in graph.edges if not edge.directed]
    loose = [sorted(ends, key=steps.__getitem__) for ends in undirected if not placed.issuperset(ends)]
    for first, second in sorted(loose, key=lambda ends: (steps[ends[0]], steps[ends[1]])):
        ends = (second, first) if nx.has_path(ways, second, first) else (first, second)
        ways.add_edge(*ends)
    return {name: i for i, names in enumerate(nx.topological_generations(ways)) for name in names}


def _placed(graph: LineageGraph, layers: dict[str, int]) -> dict[Node, Point]:
    """The nodes of one part, with the places where edges pass columns."""
    columns: list[list[Node]] = [[] for _ in range(1 + max(layers.values()))]
    for name, layer in layers.items():
        columns[layer].append(name)
    beside: dict[Node, list[Node]] = {name: [] for name in layers}
    for i, edge in enumerate(graph.edges):
        if edge.source in layers:
            way = _way(i, edge.source, edge.target, layers)
            for node in way[1:-1]:
                beside[node] = []
                columns[node[1]].append(node)
            for first, second in pairwise(way):
                beside[first].append(second)
                beside[second].append(first)
    rows: dict[Node, float] = {}
    for column in columns:
        rows |= {node: row - len(column) / 2 for row, node in enumerate(column)}
    layer_of = {node: i for i, column in enumerate(columns) for node in column}
    for sweep in range(_SWEEPS):
        for i in range(len(columns)) if sweep % 2 == 0 else reversed(range(len(columns))):
            towards = {}
            for node in columns[i]:
                near = [rows[other] for other in beside[node]]
                one_side = [rows[o] for o in beside[node] if (layer_of[o] < i) == (sweep % 2 == 0)]
                used = near if sweep >= _SWEEPS - 2 else one_side or near
                towards[node] = sum(used) / len(used) if used else rows[node]
            if sweep < _SWEEPS - 2:
                columns[i].sort(key=lambda node: (towards[node], rows[node]))
            rows |= dict(zip(columns[i], _spread([towards[n] for n in columns[i]], columns[i]), strict=True))
    return {node: (float(i), rows[node]) for i, column in enumerate(columns) for node in column}


def _way(edge: int, source: str, target: str, layers: dict[str, int]) -> list[Node]:
    """From the one end to the other by way of the columns between."""
    step = 1 if layers[target] > layers[source] else -1
    return [source, *((edge, i) for i in range(layers[source] + step, layers[target], step)), target]


def _spread(wanted: Sequence[float], nodes: Sequence[Node]) -> list[float]:
    """Rows in this order as near as can be to those wanted, no two closer than they need: isotonic regression by
    pooling adjacent violators (Ayer and others 1955)."""
    offsets = [0.0]
    for first, second in pairwise(nodes):
        offsets.append(offsets[-1] + sum(_ROOM if isinstance(node, str) else _BEND for node in (first, second)) / 2)
    blocks: list[tuple[float, int]] = []  # mean and count
    for row, offset in zip(wanted, offsets, strict=True):
        mean, count = row - offset, 1
        while blocks and blocks[-1][0] >= mean:
            before, many = blocks.pop()
            mean, count = (mean * count + before * many) / (count + many), count + many
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _routes(graph: LineageGraph, places: dict[Node, Point], layers: dict[str, int]) -> list[list[Point]]:
    def route(i: int, source: str, target: str) -> Iterator[Point]:
        yield from (places[node] for node in _way(i, source, target, layers)[1:-1])

    return [list(route(i, edge.source, edge.target)) for i, edge in enumerate(graph.edges)]
