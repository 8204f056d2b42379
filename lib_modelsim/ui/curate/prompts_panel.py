"""The prompts by how well their pictures score: the best prompts for a task."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import gradio as gr

from ...templates import render
from ..status import note
from ..view_state import ViewState
from ..work import Updates
from .grouping import no_folder
from .panel import Begin
from .session import Curator

_SHOWN = 200
"""Prompts that are shown; of more it says how many."""


class PromptsPanel:
    """A table; made inside gradio's Blocks."""

    id, title = "prompts", "Prompts"

    def __init__(self, session: ViewState) -> None:  # noqa: ARG002 - as every panel
        self._panel = gr.HTML(elem_id="modelsim_curate_prompts")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:  # noqa: ARG002
        """Show a prompt's pictures in the gallery."""
        place = str(action.get("place", ""))
        curated = curator.curated
        if action.get("do") == "select" and curated is not None and place.isdigit():
            prompts = curated.judged.prompts.prompts
            if int(place) < len(prompts):
                wanted = prompts[int(place)].prompt
                curator.select(each.about.content for each in curator.pictures if each.about.prompt == wanted)
            return "gallery", "chosen"
        return ()

    def show(self, curator: Curator) -> Updates:
        """A row for each prompt, the best first."""
        curated = curator.curated
        if curated is None:
            told = note("The best prompts", "Press Score above.") if curator.pictures else no_folder()
            return {self._panel: told}
        found, order = curated.judged.prompts, curator.best_order
        if not found.prompts:
            return {self._panel: note("Prompts cannot be compared", " ".join(found.remarks))}
        panel = render(
            "ui/templates/curate_prompts.html",
            rows=[
                (
                    i,
                    each.prompt,
                    curator.number(order, each.mean),
                    _interval(curator, each.low, each.high),
                    each.n,
                    each.models or "–",
                )
                for i, each in enumerate(found.prompts[:_SHOWN])
            ],
            more=max(len(found.prompts) - _SHOWN, 0),
            score="the mean of all scores" if len(curator.score_labels) > 1 else order,
            remarks=found.remarks,
        )
        return {self._panel: panel}


def _interval(curator: Curator, low: float, high: float) -> str:
    order = curator.best_order
    return "–" if math.isnan(low) else f"{curator.number(order, low)} to {curator.number(order, high)}"
