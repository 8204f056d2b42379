"""The best pictures of each category, beside as many by score alone, and how much the two differ."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...curate.collection import Collected
from ...templates import render
from ...text import counted, several
from ..view_state import ViewState
from ..work import Updates
from .grouping import begin_grouping, no_folder, not_grouped
from .panel import Begin
from .session import Curator
from .small import small

if TYPE_CHECKING:  # NumPy comes with it
    from ...curate.choosing import Best


class BestPanel:
    """Two rows of pictures, and a button that keeps them; made inside gradio's Blocks."""

    id, title = "best", "Best"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._panel = gr.HTML(elem_id="modelsim_curate_best")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Group the pictures; keep the best ones."""
        best = _best(curator)
        match action:
            case {"do": "group"}:
                begin_grouping(action, curator, begin)
                return ()
            case {"do": "keep"} if best is not None:
                curator.keep(each.picture.content for each in best.chosen)
                return "gallery", "chosen"
        return ()

    def pictures(self, curator: Curator) -> Iterable[Collected]:
        """Those that are shown."""
        best = _best(curator)
        return () if best is None else [*(each.picture for each in best.chosen), *best.plain]

    def show(self, curator: Curator) -> Updates:
        """The best ones, or what to do."""
        curated, best = curator.curated, _best(curator)
        if not curator.pictures:
            return {self._panel: no_folder()}
        if curated is None or best is None:
            return {self._panel: not_grouped("The best pictures of each kind", "Choose the best")}
        panel = render(
            "ui/templates/curate_best.html",
            chosen=[
                (
                    small(self._backend, each.picture, curator.folder),
                    each.category,
                    curator.number(curator.best_order, each.score),
                    f"{each.standing:+.1f}",
                    each.place,
                )
                for each in best.chosen
            ],
            plain=[small(self._backend, each, curator.folder) for each in best.plain],
            differs=_differs(best),
            encoder=curated.encoder,
            scores=several(list(curated.scores), 8),
            count=len(best.chosen),
            remarks=[*best.remarks, *curated.judged.remarks],
        )
        return {self._panel: panel}


def _best(curator: Curator) -> Best | None:
    return curator.curated.judged.best if curator.curated is not None else None


def _differs(best: Best) -> str:
    """How much the choice within categories differs from that by score alone."""
    told = f"By score alone {best.in_both} of these {counted(len(best.chosen), 'picture')} would be chosen, too"
    if not math.isnan(best.rank_correlation):
        told += f"; the two orders of all pictures correlate by {best.rank_correlation:.2f} (1: the same order)"
    return f"{told}."
