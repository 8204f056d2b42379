"""The layered picture of a lineage."""

import json
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.figures.lineage_layout import lineage_layout
from lib_modelsim.figures.screen.lineage import lineage_svg
from lib_modelsim.lineage.graph.graph import Edge, LineageGraph, LineageNode
from tests.lineage.graphs import HOSTILE, many, small


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


def with_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def test_every_node_and_edge_says_what_a_script_needs():
    root = parsed(lineage_svg(small()))
    nodes = {node.get("data-model"): node for node in with_class(root, "modelsim-node")}
    assert set(nodes) == {"base", "left", "right", "mix", "near", "apart", "style"}
    assert json.loads(nodes["left"].get("data-folded")) == ["left-fp16"]
    assert ["60 % of", "left"] in json.loads(nodes["mix"].get("data-facts"))
    edges = {(edge.get("data-source"), edge.get("data-target")): edge for edge in with_class(root, "modelsim-edge")}
    assert edges["left", "mix"].get("data-share") == "0.6"
    assert edges["left", "mix"].get("data-strength") == "proven"
    assert json.loads(edges["mix", "near"].get("data-facts")) == [["", "No other is nearer."]]


def test_an_edge_without_direction_has_no_arrow():
    root = parsed(lineage_svg(small()))
    edges = with_class(root, "modelsim-edge")
    arrows = {edge.get("data-target"): bool(with_class(edge, "modelsim-arrow")) for edge in edges}
    assert arrows == {"left": True, "right": True, "mix": True, "near": False}


def test_names_of_strangers_do_no_harm():
    drawn = lineage_svg(small(HOSTILE))
    assert "<script" not in drawn
    assert HOSTILE.replace("\n", "\\n").replace("\u202e", "\\u202e") in [
        node.get("data-model") for node in with_class(parsed(drawn), "modelsim-node")
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 30, 300])
def test_no_two_nodes_overlap_and_origins_stand_to_the_left(count):
    graph = many(count)
    layout = lineage_layout(graph)
    taken: dict[float, list[float]] = {}
    for column, row in layout.places.values():
        taken.setdefault(column, []).append(row)
    for rows in taken.values():
        rows.sort()
        assert all(b - a > 0.999 for a, b in pairwise(rows))
    for edge in graph.edges:
        if edge.directed:
            assert layout.places[edge.source][0] < layout.places[edge.target][0]
    parsed(lineage_svg(graph))


def test_the_picture_is_always_the_same():
    assert lineage_svg(many(60)) == lineage_svg(many(60))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), max_size=30))
def test_any_graph_without_cycles_is_drawn_whole(count, pairs):
    edges = {(min(a, b), max(a, b)): directed for a, b, directed in pairs if a != b and max(a, b) < count}
    graph = LineageGraph(
        tuple(LineageNode(str(i)) for i in range(count)),
        edges=tuple(Edge(str(a), str(b), "fine-tune", directed=directed) for (a, b), directed in edges.items()),
    )
    root = parsed(lineage_svg(graph))
    assert len(with_class(root, "modelsim-node")) == count
    assert len(with_class(root, "modelsim-edge")) == len(edges)
