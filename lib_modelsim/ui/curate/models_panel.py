"""Each model against the others on the same prompts, and how wide its range of styles is."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...templates import render
from ...text import counted, readable
from ..status import note
from ..view_state import ViewState
from ..work import Updates
from .grouping import no_folder
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:  # NumPy comes with it
    from ...curate.by_model import AgainstOthers, ModelScore


_TELL_APART = "If each model has a sub-folder of its own, import the folder on the page Probes, and curate that."


class ModelsPanel:
    """A table; made inside gradio's Blocks."""

    id, title = "models", "Models"

    def __init__(self, session: ViewState) -> None:  # noqa: ARG002 - as every panel
        self._panel = gr.HTML(elem_id="modelsim_curate_models")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:  # noqa: ARG002
        """Show a model's pictures in the gallery."""
        if action.get("do") == "only" and isinstance(action.get("key"), str):
            curator.show(model=action["key"])
            return "gallery", "chosen"
        return ()

    def show(self, curator: Curator) -> Updates:
        """A row for each model."""
        curated = curator.curated
        if curated is None:
            told = note("Which model is better, and at what", "Press Score above.") if curator.pictures else no_folder()
            return {self._panel: told}
        found = curated.judged.models
        if not found.models:
            return {self._panel: note("Models cannot be compared", f"{'; '.join(found.remarks)}. {_TELL_APART}")}
        rows = [_row(curator, each) for each in found.models]
        panel = render("ui/templates/curate_models.html", rows=rows, remarks=found.remarks)
        return {self._panel: panel}


def _row(curator: Curator, model: ModelScore) -> dict[str, object]:
    return {
        "model": readable(model.model),
        "key": model.key,
        "n": model.n,
        "mean": "–" if math.isnan(model.mean) else curator.number(curator.best_order, model.mean),
        "verdict": model.whole.verdict,
        "difference": _difference(model.whole),
        "compared": f"{counted(model.whole.pictures, 'picture')} of {counted(model.whole.prompts, 'prompt')}",
        "over_seeds": _distance(model.over_seeds),
        "over_prompts": _distance(model.over_prompts),
        "categories": [
            {"name": readable(each.category), "verdict": each.verdict, "difference": _difference(each)}
            for each in model.categories
            if not math.isnan(each.low)
        ],
    }


def _difference(each: AgainstOthers) -> str:
    """To the others, with its interval."""
    if math.isnan(each.difference):
        return "–"
    sure = "" if math.isnan(each.low) else f" ({each.low:+.3g} to {each.high:+.3g})"
    return f"{each.difference:+.3g}{sure}"


def _distance(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
