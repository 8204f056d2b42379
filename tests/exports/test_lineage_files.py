"""The lineage in files of other programs."""

import csv
import io
import re
import xml.etree.ElementTree as ET

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.errors import ModelsimError
from lib_modelsim.exports.lineage_files import graphml, mermaid, svg, write_lineage
from lib_modelsim.lineage.graph.graph import Edge, LineageGraph, LineageNode
from lib_modelsim.text import printable
from tests.lineage.graphs import HOSTILE, many, small


def test_graphml_is_read_back_by_networkx():
    graph = small(HOSTILE)
    read = nx.parse_graphml(graphml(graph))
    assert [read.nodes[node]["label"] for node in read] == [printable(node.name) for node in graph.nodes]
    label = {node: read.nodes[node]["label"] for node in read}
    found = {(label[a], label[b], facts["kind"]): facts for a, b, facts in read.edges(data=True)}
    merged = found["left", printable(HOSTILE), "weighted sum"]
    assert merged["share"] == pytest.approx(0.6)
    assert merged["directed"] is True
    assert merged["evidence"] == "They leave 0.4 roundings."
    assert found[printable(HOSTILE), "near", "nearest"]["directed"] is False
    assert "share" not in found["base", "left", "fine-tune"]
    (left,) = [facts for _, facts in read.nodes(data=True) if facts["label"] == "left"]
    assert left["stands_also_for"] == "left-fp16"


def test_mermaid_has_a_line_for_each_and_no_name_leaves_its_quotes():
    text = mermaid(small(HOSTILE))
    made, head, *lines = text.splitlines()
    assert made.startswith("%% Made by modelsim")
    assert head == "flowchart LR"
    assert len(lines) == 7 + 6
    for line in lines:
        assert re.fullmatch(r'  n\d+(\["[^"]*"\]|\(\["[^"]*"\]\))|  n\d+ \S+\|"[^"]*"\| n\d+', line), line
    assert "<script" not in text
    assert '==>|"weighted sum 60 %"|' in text
    assert '-.-|"nearest"|' in text


def test_the_tables_read_back_as_they_were(tmp_path):
    graph = small(HOSTILE)
    paths = {path.name: path for path in write_lineage(graph, tmp_path / "out")}
    assert set(paths) == {
        "lineage.graphml", "lineage.mmd", "lineage_nodes.csv", "lineage_edges.csv", "lineage.svg",
    }  # fmt: skip
    edges = list(csv.DictReader(io.StringIO(paths["lineage_edges.csv"].read_text("utf-8"))))
    assert [(edge["from"], edge["to"]) for edge in edges][2] == ("left", printable(HOSTILE))
    assert float(edges[2]["share"]) == 0.6
    assert edges[0]["share"] == ""
    nodes = list(csv.DictReader(io.StringIO(paths["lineage_nodes.csv"].read_text("utf-8"))))
    assert float(nodes[3]["missing"]) == 0.32
    assert not list((tmp_path / "out").glob("*.part"))


def test_the_picture_is_a_file_of_its_own_with_titles():
    root = ET.fromstring(svg(small(HOSTILE)).encode("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any("They leave 0.4 roundings." in title for title in titles)
    assert "prefers-color-scheme: dark" in next(root.iter("{http://www.w3.org/2000/svg}style")).text
    assert next(root.iter("{http://www.w3.org/2000/svg}script"), None) is None


def test_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelsimError, match="cannot write"):
        write_lineage(small(), tmp_path / "file")


@pytest.mark.parametrize("count", [0, 1, 300])
def test_any_size_is_written(tmp_path, count):
    write_lineage(many(count), tmp_path)
    assert nx.read_graphml(tmp_path / "lineage.graphml").number_of_nodes() == count


@settings(deadline=None, max_examples=80)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=6, unique_by=printable))
def test_any_name_is_written_and_read_back(names):
    graph = LineageGraph(tuple(map(LineageNode, names)), edges=(Edge(names[0], names[1], "merge", 0.5, (names[0],)),))
    read = nx.parse_graphml(graphml(graph))
    assert [read.nodes[node]["label"] for node in read] == [printable(name) for name in names]
    assert len(mermaid(graph).splitlines()) == 3 + len(names), "by what it was made, what it is, the names, an arrow"
    ET.fromstring(svg(graph).encode("utf-8"))
