"""The lineage as a view beside the tree: who was made of whom, or what is to be read before that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lineage.wording.words import made_of
from ...templates import render, trusted
from ...text import counted, several, size_text
from ...workspace.catalogue.table import State
from ..status import note
from ..view_state import ViewState
from ..words import duration

if TYPE_CHECKING:
    from ...lineage.graph.graph import LineageGraph
    from ...workspace.lineage.reading import RecipeReading


def lineage_drawing(session: ViewState) -> str:
    """The graph of the network that is looked at, or the button that makes all of them."""
    backend = session.backend
    if not backend.rows:
        return note("No checkpoints found", "The view Library says where to put some.")
    graph = shown_graph(session)
    if graph is None and (changed := _changed(session)):
        reads = f"It was made before, of other files: {several(changed)} changed since, or went away."
        return render("ui/templates/lineage.html", reads=reads)
    if graph is None:
        return render("ui/templates/lineage.html", reads=_reads(session))
    from ...figures.screen.lineage import lineage_svg

    return trusted(lineage_svg(graph, facts=_facts(session, graph)))


def networks(session: ViewState) -> list[str]:
    """The networks that there are graphs of, as families call them."""
    return [name for graph in _graphs(session) if (name := _network(session, graph)) is not None]


def shown_graph(session: ViewState) -> LineageGraph | None:
    """The graph of the network that is chosen, else the first; None before they were made."""
    graphs = _graphs(session)
    wanted = (graph for graph in graphs if _network(session, graph) == session.choices.architecture)
    return next(wanted, graphs[0] if graphs else None)


def _graphs(session: ViewState) -> list[LineageGraph]:
    """Those that were made; none any more as soon as one of the files is another."""
    return [] if _changed(session) else session.backend.ancestry.graphs or []


def _changed(session: ViewState) -> list[str]:
    """The models of the graphs that were made whose files are others now, or are gone."""
    backend = session.backend
    as_read = {row.name for row in backend.rows if row.state is State.INDEXED}
    models = {model.name for model in backend.index.models} - as_read
    nodes = {node.name for graph in backend.ancestry.graphs or () for node in graph.nodes}
    return sorted(models & nodes)


def _network(session: ViewState, graph: LineageGraph) -> str | None:
    models = (session.backend.model(node.name) for node in graph.nodes)
    return next((model.architecture for model in models if model is not None), None)


def _facts(session: ViewState, graph: LineageGraph) -> dict[str, list[tuple[str, str]]]:
    """What tooltips tell of models beside what the graph knows."""
    backend, found = session.backend, {}
    for node in graph.nodes:
        found[node.name] = []
        if node.name in backend.identities:
            found[node.name].append(("hash", backend.identities[node.name].short_hash))
        if node.name in backend.ancestry.recipes:
            found[node.name].append(("made of", made_of(backend.ancestry.recipes[node.name])))
    return found


def _reads(session: ViewState) -> str:
    """What making it reads, in a sentence."""
    reading = session.backend.ancestry.reading()
    if reading is None:
        from ...workspace.lineage.reading import WEIGHTS_OF_A_FILE, RecipeReading

        sizes = [row.size or 0 for row in session.backend.rows if not row.left_out]
        weights, n = len(sizes) * WEIGHTS_OF_A_FILE, len(sizes)
        seconds = RecipeReading(n, sum(sizes), weights=weights, recipes=n).seconds
        read = f"the headers of {counted(len(sizes), 'file')}, then at most all of them, {size_text(sum(sizes))}"
        how_long = f"about {duration(seconds)} with computing"
        return f"Not indexed yet: this reads {read}, and samples of each with its likeliest parents; {how_long}."
    return _of_known(reading)


def _of_known(reading: RecipeReading) -> str:
    if not reading.samples:
        return "All recipes are known: nothing is read."
    samples = f"samples for {counted(reading.sampled, 'recipe')}, {size_text(reading.samples)}"
    whole = f"{size_text(reading.size)} of {counted(reading.whole, 'file')} once, and " if reading.whole else ""
    return f"This reads {whole}{samples}; about {duration(reading.seconds)} with computing."
