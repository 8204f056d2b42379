"""`lineage`: who descends from whom."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..saying import print_json, print_lines
from ..text import counted, percent
from .documents import errors
from .options import device_option, exclude_option, path, require_there, workspace
from .progress import progress_bars
from .recipe_distances import refuse_beside_distances
from .text import bad_lines, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..lineage.graph.graph import Edge, LineageGraph
    from ..workspace.catalogue.index import Unreadable


def add_lineage_arguments(lineage: argparse.ArgumentParser) -> None:
    """What `lineage` takes beside paths."""
    lineage.usage = (
        "modelsim lineage [-h] [--json] [--base NAME] [--out DIR] PATH [PATH ...]\n"
        "       modelsim lineage [-h] [--json] [--base NAME] [--out DIR] --distances FILE"
    )
    lineage.add_argument("--distances", type=path, metavar="FILE", help="a matrix of distances in place of checkpoints")
    lineage.add_argument("--component", metavar="C", help="with --distances: component whose distances are used")
    lineage.add_argument("--base", metavar="NAME", help="what the others were trained from")
    lineage.add_argument(
        "--out", type=path, metavar="DIR", help="write the graph as GraphML, Mermaid, CSV and SVG into a folder"
    )
    exclude_option(lineage)
    device_option(lineage)


def run_lineage(options: argparse.Namespace) -> int:
    """Run the command."""
    from ..workspace.lineage.lineages import Lineages

    unreadable: Sequence[Unreadable] = ()
    if options.distances is not None:
        refuse_beside_distances(options, {"--exclude": options.exclude})
        graphs = [Lineages.lineage_of_matrix(options.distances, options.component, options.base)]
    else:
        if options.component is not None:
            raise ModelsimError("--component needs --distances", options.component, "add --distances FILE")
        if not options.paths:
            raise ModelsimError("no checkpoint is given", None, "give files or folders, or --distances FILE")
        require_there(options.paths)
        with workspace(options, options.paths, exclude=options.exclude) as use, progress_bars() as job:
            found = use.lineage.lineage(options.base, use.read_index(job), job)
        graphs, unreadable = found.graphs, found.unreadable
    written = write(graphs, options.out) if options.out is not None else []
    if options.json:
        print_json(document(graphs, unreadable, written))
    else:
        print_lines([*lines(graphs), *bad_lines(unreadable), *(f"wrote {each}" for each in written)])
    if not graphs:
        raise ModelsimError("there is no checkpoint here that can be read", None, "give files or folders with some")
    return 0


def write(graphs: Sequence[LineageGraph], out: Path) -> list[Path]:
    """All files, in one folder for each network where there are several."""
    from ..exports.lineage_files import write_lineage

    apart = len(graphs) > 1
    return [each for graph in graphs for each in write_lineage(graph, out / graph.network if apart else out)]


def document(
    graphs: Sequence[LineageGraph], unreadable: Sequence[Unreadable] = (), written: Sequence[Path] = ()
) -> dict[str, Any]:
    """The JSON of all graphs together; every node says of which network it is."""
    return {
        "nodes": [
            {"name": node.name, "kind": node.kind, "network": node.network, "missing": node.missing}
            for graph in graphs
            for node in graph.nodes
        ],
        "edges": [_edge(edge) for graph in graphs for edge in graph.edges],
        "groups": [{"models": list(group.models), "why": group.why} for graph in graphs for group in graph.groups],
        "remarks": [remark for graph in graphs for remark in graph.remarks],
        "errors": errors(unreadable),
        "written": [str(each) for each in written],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "from": edge.source,
        "to": edge.target,
        "kind": edge.kind,
        "share": edge.share,
        "evidence": list(edge.evidence),
        "strength": edge.strength,
        "directed": edge.directed,
    }


def lines(graphs: Sequence[LineageGraph]) -> list[str]:
    """What a person reads: graph after graph the edges, the groups, the remarks."""
    told: list[str] = []
    for graph in graphs:
        told += [f"{graph.network}: {counted(len(graph.nodes), 'model')}"] if len(graphs) > 1 else []
        rows = [_row(edge) for edge in graph.edges]
        told += table([("from", "", "to", "how", "how sure"), *rows]) if rows else ["No two are known to be kin."]
        told += [f"{' = '.join(group.models)}: {group.why}" for group in graph.groups]
        told += [*graph.remarks, ""]
    return told[:-1]


def _row(edge: Edge) -> tuple[str, ...]:
    share = "" if edge.share is None else f"{percent(edge.share)}, "
    sure = edge.strength if edge.directed else f"{edge.strength}, direction not known"
    return (edge.source, "→" if edge.directed else "–", edge.target, f"{share}{edge.kind}", sure)
