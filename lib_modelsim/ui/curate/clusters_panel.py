"""Groups of pictures that score worse or better than the whole: where the models fail, and where they work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...curate.collection import Collected
from ...templates import render
from ...text import counted, readable, several
from ..view_state import ViewState
from ..work import Updates
from .grouping import begin_grouping, no_folder, not_grouped
from .panel import Begin
from .session import Curator
from .small import small

if TYPE_CHECKING:  # NumPy comes with it
    from ...curate.clusters import Cluster, Clusters

_SHOWN = 30
"""Clusters that are shown; of more it says how many."""

_EXAMPLES = 6

_MODELS = 3


class ClustersPanel:
    """A list of clusters with example pictures; made inside gradio's Blocks."""

    id, title = "clusters", "Clusters"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._panel = gr.HTML(elem_id="modelsim_curate_clusters")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Group the pictures; show those of one cluster in the gallery."""
        match action:
            case {"do": "group"}:
                begin_grouping(action, curator, begin)
                return ()
            case {"do": "select", "place": str(place)}:
                found = _clusters(curator)
                whole = [*found.told, *found.folded] if found is not None else []
                if place.isdigit() and int(place) < len(whole):
                    curator.select(each.content for each in whole[int(place)].members)
                return "gallery", "chosen"
        return ()

    def pictures(self, curator: Curator) -> Iterable[Collected]:
        """The examples that are shown."""
        found = _clusters(curator)
        shown = [*found.told[:_SHOWN], *found.folded[:_SHOWN]] if found is not None else []
        return [each for cluster in shown for each in cluster.examples[:_EXAMPLES]]

    def show(self, curator: Curator) -> Updates:
        """The clusters, or what to do."""
        found = _clusters(curator)
        if not curator.pictures:
            return {self._panel: no_folder()}
        if found is None:
            return {self._panel: not_grouped("Where the models work, and where they fail", "Find clusters")}
        told = len(found.told)
        panel = render(
            "ui/templates/curate_clusters.html",
            told=self._rows(curator, found.told, 0),
            folded=self._rows(curator, found.folded, told),
            more=max(told - _SHOWN, 0),
            whole=_looked_at(curator, found),
            remarks=found.remarks,
        )
        return {self._panel: panel}

    def _rows(self, curator: Curator, clusters: Sequence[Cluster], start: int) -> list[dict[str, object]]:
        order = curator.best_order
        return [
            {
                "place": start + i,
                "name": readable(each.name),
                "worse": each.drop > 0,
                "mean": curator.number(order, each.mean),
                "drop": curator.number(order, abs(each.drop)).lstrip("+"),
                "told": f"{counted(len(each.members), 'picture')} of {counted(each.prompts, 'prompt')}",
                "chance": f"= {each.chance:.3f}" if each.chance >= 0.001 else "< 0.001",
                "models": several([readable(f"{name} ({count})") for name, count in each.models], _MODELS),
                "remark": each.remark,
                "examples": [small(self._backend, about, curator.folder) for about in each.examples[:_EXAMPLES]],
            }
            for i, each in enumerate(clusters[:_SHOWN])
        ]


def _clusters(curator: Curator) -> Clusters | None:
    return curator.curated.judged.clusters if curator.curated is not None else None


def _looked_at(curator: Curator, found: Clusters) -> str:
    """By which bounds the clusters were found."""
    by = "the mean of all scores" if len(curator.score_labels) > 1 else curator.best_order
    bound = curator.number(curator.best_order, found.min_drop).lstrip("+")
    return (
        f"{counted(found.looked_at, 'group')} of alike pictures were looked at, scored by {by}. Shown are those of "
        f"{found.min_support} pictures or more whose mean is at least {bound} from that of all. p says how often "
        "chance alone makes such a group anywhere in a folder like this; above 0.05 it may be chance."
    )
