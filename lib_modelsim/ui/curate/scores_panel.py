"""Which scores are taken, how much each counts, and what is missing for one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import ModelsimError, for_page
from ...job import Job
from ...templates import render
from ...workspace.workspace import Workspace
from ..view_state import ViewState
from ..words import capital
from ..work import Updates
from .chosen_scores import ChosenScores
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:
    from ...pictures.encoders.encoder import Readiness


class ScoresPanel:
    """A box for each score, the encoder, and the button; made inside gradio's Blocks."""

    id, title = "scores", "Scores"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._clip: Readiness | None = None  # of the CLIP that is used where nobody names one; None before it is known
        self._panel = gr.HTML(elem_id="modelsim_curate_scores")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Score the pictures, or fetch CLIP's weights."""
        match action:
            case {"do": "score"}:
                self._score(action, curator, begin)
            case {"do": "download"}:
                task = partial(self._backend.run, "download CLIP", self._download, "Download CLIP")
                begin(task, "Stopped. What was downloaded is kept. To go on, press it again.", "Downloaded.")
        return ()

    def _score(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> None:
        from ...workspace.curating.curate import require_right

        chosen = ChosenScores.of(action)
        curator.chosen_scores = chosen
        if not chosen.names:
            raise ModelsimError("no score is chosen", None, "tick one")
        for name, file in chosen.which:
            if name in chosen.names and file:  # where the page may name no folders, it may name no files in them
                self._backend.curating.require_allowed(Path(file))
        request = chosen.request()
        require_right(request)
        begin(lambda: curator.score(request), "Stopped. What was scored is kept: press Score to go on.")

    def look_for_clip(self) -> None:
        """Whether there is a CLIP to use, or what a click would download; takes seconds, as open_clip is imported."""
        from ...workspace.curating.encoding import USUAL_CLIP, clip_here
        from ...workspace.finding.encoders import readiness

        host = self._backend.host
        self._clip = readiness(clip_here(host) or USUAL_CLIP, host)

    def _download(self, job: Job, workspace: Workspace) -> None:  # noqa: ARG002 - nothing of the workspace
        from ...workspace.curating.encoding import USUAL_CLIP
        from ...workspace.finding.encoders import download

        download(USUAL_CLIP, job)
        self.look_for_clip()

    def show(self, curator: Curator) -> Updates:
        """The scores that there are; nothing before there are pictures."""
        if not curator.pictures:
            return {self._panel: ""}
        from ...curate.scorers.registry import kinds
        from ...workspace.curating.curate import default_scores
        from ...workspace.finding.encoders import label_of, offered

        chosen, curated, clip = curator.chosen_scores, curator.curated, self._clip
        names = chosen.names if chosen is not None else default_scores()
        which, weights = (dict(chosen.which), dict(chosen.weights)) if chosen is not None else ({}, {})
        rows = [
            {
                "name": kind.name,
                "label": capital(kind.label),
                "says": kind.says,
                "takes": kind.takes,
                "chosen": kind.name in names,
                "which": which.get(kind.name, ""),
                "weight": weights.get(kind.name, "1"),
            }
            for kind in sorted(kinds(), key=lambda kind: not kind.needs_clip)
        ]
        panel = render(
            "ui/templates/curate_scores.html",
            kinds=[row for row in rows if not row["takes"]],
            of_files=[row for row in rows if row["takes"]],
            opened=any(row["chosen"] for row in rows if row["takes"]),
            encoder=chosen.encoder if chosen is not None else "",
            encoders=[label_of(name) for name in offered(self._backend.host)],
            clip=for_page(clip.words) if clip is not None else "",
            download=clip.download if clip is not None and not clip.ready else None,
            remarks=[for_page(remark) for remark in curated.remarks] if curated is not None else [],
        )
        return {self._panel: panel}
