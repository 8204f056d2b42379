"""The lineage as files that other programs read: GraphML, Mermaid, CSV tables of nodes and edges, SVG."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..figures.screen.lineage import lineage_drawing
from ..lineage.graph.graph import ADAPTER, LIKELY, NEAREST, PROVEN, WEAK, Edge, LineageGraph
from ..text import percent, printable
from ..writing import replacing, write_csv, write_text
from .made import made_by

NODES = ("name", "kind", "network", "stands also for", "missing")
EDGES = ("from", "to", "kind", "share", "directed", "strength", "evidence")

_STYLE = Path(__file__).with_suffix(".css")


def write_lineage(graph: LineageGraph, folder: Path) -> list[Path]:
    """Write all files into a folder, each atomically; their paths. Raises ModelsimError where the disk refuses."""
    return [
        write_text(folder / "lineage.graphml", graphml(graph)),
        write_text(folder / "lineage.mmd", mermaid(graph)),
        write_csv(folder / "lineage_nodes.csv", _nodes(graph), NODES),
        write_csv(folder / "lineage_edges.csv", _edges(graph), EDGES),
        write_text(folder / "lineage.svg", svg(graph)),
    ]


def write_lineage_archive(graphs: Sequence[LineageGraph], file: Path) -> Path:
    """All files of these graphs as one .zip, in a folder for each network where there are several. Raises ModelsimError
    where the disk refuses."""
    with (
        replacing(file) as temporary,
        TemporaryDirectory(prefix="modelsim") as folder,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for i, graph in enumerate(graphs):
            here = Path(folder) / str(i)
            inside = f"{_plain(graph.nodes[0].network if graph.nodes else str(i))}/" if len(graphs) > 1 else ""
            for path in write_lineage(graph, here):
                archive.write(path, f"{inside}{path.name}")
    return file


def _plain(name: str) -> str:
    """A name as a folder may have it."""
    return re.sub(r"[^\w. -]+", "_", name) or "network"


def graphml(graph: LineageGraph) -> str:
    """For Gephi, yEd, Cytoscape and networkx. Nodes are n0, n1 …, with their names as labels; an edge without direction
    has `directed` false, as every edge of a graph there has its two ends in an order."""
    import networkx as nx

    found = nx.MultiDiGraph(made=made_by())
    ids = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        facts = {"label": printable(node.name), "kind": node.kind, "network": node.network}
        facts["stands_also_for"] = "; ".join(map(printable, graph.folded(node.name)))
        missing = {} if node.missing is None else {"missing": node.missing}
        found.add_node(ids[node.name], **facts, **missing)
    for edge in graph.edges:
        share = {} if edge.share is None else {"share": float(edge.share)}
        found.add_edge(
            ids[edge.source],
            ids[edge.target],
            kind=edge.kind,
            directed=edge.directed,
            strength=edge.strength,
            evidence=printable(" ".join(edge.evidence)),
            **share,
        )
    buffer = io.BytesIO()
    nx.write_graphml(found, buffer)
    return buffer.getvalue().decode("utf-8")


def mermaid(graph: LineageGraph) -> str:
    """For Markdown on GitHub and in wikis: arrows where a direction is known, dotted lines for mere nearness."""
    ids = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = [f"%% {made_by()}", "flowchart LR"]
    for node in graph.nodes:
        more = "".join(f"<br>= {_quoted(other)}" for other in graph.folded(node.name))
        more += f"<br>a parent is missing: {percent(node.missing)}" if node.missing is not None else ""
        opening, closing = ('(["', '"])') if node.kind == ADAPTER else ('["', '"]')
        lines.append(f"  {ids[node.name]}{opening}{_quoted(node.name)}{more}{closing}")
    lines += [f"  {ids[edge.source]} {_arrow(edge)}|{_label(edge)}| {ids[edge.target]}" for edge in graph.edges]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """A name within quotes: what Mermaid or HTML would read otherwise as numbers of its characters."""
    return re.sub(r'["<>&#;`\\|{}\[\]()*_~]', lambda found: f"#{ord(found[0])};", printable(name))


def _arrow(edge: Edge) -> str:
    if edge.kind == NEAREST:
        return "-.-"
    if not edge.directed:
        return "---"
    return {PROVEN: "==>", LIKELY: "-->", WEAK: "-.->"}[edge.strength]


def _label(edge: Edge) -> str:
    share = "" if edge.share is None else f" {percent(edge.share)}"
    return f'"{_quoted(edge.kind)}{share}"'


def _nodes(graph: LineageGraph) -> list[Sequence[object]]:
    return [
        (node.name, node.kind, node.network, "; ".join(graph.folded(node.name)), node.missing) for node in graph.nodes
    ]


def _edges(graph: LineageGraph) -> list[Sequence[object]]:
    return [
        (e.source, e.target, e.kind, e.share, "yes" if e.directed else "no", e.strength, " ".join(e.evidence))
        for e in graph.edges
    ]


def svg(graph: LineageGraph) -> str:
    """The picture as a file of its own, in light or dark as the viewer is."""
    drawing = lineage_drawing(graph, {}, ' xmlns="http://www.w3.org/2000/svg"', titles=True)
    opening, rest = drawing.split(">", 1)
    style = _STYLE.read_text("utf-8")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}><desc>{made_by()}</desc><style>\n{style}</style>{rest}\n'
