"""Which scores are taken, how much each counts, and what is missing for one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import ModelsimError, for_page
from ...templates import render
from ...workspace.curating.choosing_folder import require_allowed
from ..view_state import ViewState
from ..words import capital
from ..work import Updates
from .chosen_scores import ChosenScores
from .panel import Begin
from .session import Curator


class ScoresPanel:
    """A box for each score, and the button; made inside gradio's Blocks."""

    id, title = "scores", "Scores"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._panel = gr.HTML(elem_id="modelsim_curate_scores")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Score the pictures."""
        if action.get("do") != "score":
            return ()
        from ...workspace.curating.curate import require_right

        curator.chosen_scores = ChosenScores.of(action)
        if not curator.chosen_scores.names:
            raise ModelsimError("no score is chosen", None, "tick one")
        self._require_allowed(curator.chosen_scores)
        request = curator.chosen_scores.request()
        require_right(request)
        begin(lambda: curator.score(request), "Stopped. What was scored is kept: press Score to go on.", "")
        return ()

    def _require_allowed(self, chosen: ChosenScores) -> None:
        """Raises ModelsimError for a file elsewhere, where the page may name none."""
        for name, file in chosen.which:
            if name in chosen.names and file:
                require_allowed(Path(file), self._backend.host, self._backend.gallery)

    def show(self, curator: Curator) -> Updates:
        """The scores that there are; nothing before there are pictures."""
        if not curator.pictures:
            return {self._panel: ""}
        from ...curate.scorers.registry import kinds
        from ...workspace.curating.curate import default_scores

        chosen = curator.chosen_scores
        names = chosen.names if chosen is not None else default_scores()
        which, weights = (dict(chosen.which), dict(chosen.weights)) if chosen is not None else ({}, {})
        curated = curator.curated
        panel = render(
            "ui/templates/curate_scores.html",
            kinds=[
                {
                    "name": kind.name,
                    "label": capital(kind.label),
                    "says": kind.says,
                    "takes": kind.takes,
                    "chosen": kind.name in names,
                    "which": which.get(kind.name, ""),
                    "weight": weights.get(kind.name, "1"),
                }
                for kind in kinds()
            ],
            scored=curated is not None,
            remarks=[for_page(remark) for remark in curated.remarks] if curated is not None else [],
        )
        return {self._panel: panel}
