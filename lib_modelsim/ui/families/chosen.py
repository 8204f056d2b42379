"""The chosen model, or the chosen branch of the tree: what it is, what can be done with it, its ranked matches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np

from ...checkpoints.embedded import claims, origin
from ...checkpoints.identity import component_label
from ...hosts.sidecars import Sidecars
from ...lineage.wording.words import made_of
from ...templates import render
from ...text import counted, several, size_text
from ...workspace.catalogue.index import Model
from ...workspace.catalogue.remarks import found_out
from ...workspace.catalogue.sameness import sameness_facts
from ..answers import Answer
from ..newest import Newest
from ..status import note
from ..view_state import Shown, ViewState
from ..windows import Windows
from ..words import number
from ..work import Updates
from .detail import detail_panel
from .from_before import other_now
from .previews import thumbnail
from .relatives import relatives_list

if TYPE_CHECKING:
    from ...workspace.comparing.compare import Comparison

FIELDS = CHOSEN_FIELD, FAMILY_FIELD, ACTION_FIELD = (
    "modelsim_chosen_field",
    "modelsim_family_field",
    "modelsim_action_field",
)
"""Ids of hidden text fields into which the script writes a model's name, the names of a branch (a JSON list), and
{"do": action, …}."""


@dataclass
class _Branch:
    """The branch of the tree that a browser window looks at; none where a model is chosen."""

    names: tuple[str, ...] = ()


class ChosenPanel:
    """What is beside table and tree, on a phone over them, while something is chosen."""

    def __init__(self, session: ViewState) -> None:
        self._session = session
        self._windows = Windows(_Branch, share=True)
        gr.HTML(render("ui/templates/side.html"), elem_id="modelsim_side_head")
        self.card = gr.HTML(elem_id="modelsim_chosen")
        self.detail = gr.HTML(elem_id="modelsim_detail")
        self.matches = gr.HTML(elem_id="modelsim_relatives")
        with gr.Row(elem_id="modelsim_hidden"):
            self.chosen_field, self.family_field, self.action_field = (
                gr.Textbox(elem_id=name, show_label=False) for name in FIELDS
            )
            self.newest = Newest("modelsim_chosen_seen", self._known)
        self.outputs = [self.newest.field, self.card, self.detail, self.matches]

    def _known(self) -> object:
        session = self._session
        branch, details = self._windows.here().names, tuple(session.backend.details)
        return session.known(), session.chosen, session.choices.other, branch, details

    def panels(self, shown: Shown | None = None) -> Updates:
        """As chosen; nothing where nothing is."""
        branch, backend = self._windows.here(), self._session.backend
        branch.names = tuple(name for name in branch.names if backend.model(name) is not None)
        told = {self.newest.field: self.newest.told()}
        answer = (shown or self._session.shown()).answer
        if branch.names:
            alike = self._alike(answer, branch.names)
            return {**told, self.card: _branch_card(branch.names, alike), self.detail: "", self.matches: ""}
        found = self._session.detail
        stale = found is not None and not other_now(self._session, answer).isdisjoint({found.first, found.second})
        detail = detail_panel(found) if found is not None and not stale else ""
        return {**told, self.card: self._card(), self.detail: detail, self.matches: self._matches(answer)}

    def settled(self, seen: str) -> Updates:
        """Nothing, where the page shows what was chosen; else what was."""
        return {self.newest.field: gr.update()} if self.newest.is_in(seen) else self.panels()

    def choose(self, name: str) -> Updates:
        """A click on a model, wherever it is."""
        self._session.choose(chosen=name, other=None)
        self._windows.here().names = ()
        return self.panels()

    def choose_family(self, names: str) -> Updates:
        """A click on a branch of the tree: none of its models is chosen."""
        branch = self._windows.here()
        branch.names = tuple(json.loads(names)) if names else ()
        if branch.names:
            self._session.choose(chosen=None, other=None)
        return self.panels()

    def close(self, panel: bool) -> Updates:
        """No other model is beside the chosen one any more; with the `panel`, nothing is chosen."""
        if panel:
            self._session.choose(chosen=None)
            self._windows.here().names = ()
        self._session.choose(other=None)
        return self.panels()

    def _card(self) -> str:
        session = self._session
        model = session.backend.model(session.chosen)
        if model is None:
            return ""
        identity = session.backend.identities.get(model.name)
        recipe = session.backend.ancestry.recipes.get(model.name)
        picture, notes = _beside(model)
        components = ", ".join(component_label(name) for name in model.header.components)
        facts = [f"{model.header.network}, {size_text(model.key.size)}, {components}"]
        facts += [f"hash {identity.short_hash}"] if identity else []
        facts += found_out(model.header, identity)
        facts += sameness_facts(session.backend.identities).get(model.name, [])
        facts += [f"copy of {session.originals[model.name]}"] if model.name in session.originals else []
        facts += [notes] if notes else []
        return render(
            "ui/templates/chosen.html",
            name=model.name,
            path=model.path,
            picture=picture,
            facts=facts,
            made_of=made_of(recipe) if recipe is not None else "",
            claims=claims(origin(model.header.metadata)),
            cannot_load=session.cannot_load(model),
            leaves=model.opener is None,
        )

    def _alike(self, answer: Answer | None, names: Sequence[str]) -> str:
        """How alike the models of a branch are, of those whose files are as they were compared."""
        other = other_now(self._session, answer)
        left = [name for name in names if name not in other]
        without = f", without {several(sorted(other.intersection(names)))}" if len(left) < len(names) else ""
        told = _alike(answer.comparison, left) if answer is not None else ""
        return told + without if told else ""

    def _matches(self, answer: Answer | None) -> str:
        session, chosen = self._session, self._session.chosen
        if chosen is None:
            return ""
        if answer is None:
            return note("Not compared yet", "Press Show families to list its relatives here.")
        if chosen not in answer.comparison.matrix.models:
            return note("Not compared", "This model is newer than the last comparison. Press Show families again.")
        other = other_now(session, answer)
        if chosen in other:
            return note("Not compared", "Its file has changed since the last comparison. Press Show families again.")
        comparison = answer.comparison.seen_from(answer.comparison.model(chosen).architecture)
        backend = session.backend
        cannot_load = session.cannot_load(comparison.model(chosen))
        has_recipe = chosen in backend.ancestry.recipes
        return relatives_list(comparison, backend.identities, chosen, cannot_load, has_recipe, other)


def _branch_card(names: Sequence[str], alike: str) -> str:
    return render("ui/templates/branch.html", names=names, counted=counted(len(names), "model"), alike=alike)


def _beside(model: Model) -> tuple[str, str]:
    """The preview picture of a checkpoint, and what people wrote about it; its files are read for this model alone."""
    if model.opener is not None:
        return "", ""  # it is in memory
    sidecars = Sidecars()
    preview = sidecars.preview(model.path)
    return thumbnail(preview) if preview is not None else "", sidecars.notes(model.path)


def _alike(comparison: Comparison, names: Sequence[str]) -> str:
    rows = [comparison.matrix.models.index(name) for name in names if name in comparison.matrix.models]
    if len(rows) < 2:
        return ""
    matrix = comparison.seen_from(comparison.models[rows[0]].architecture).matrix
    pairs = matrix.overall[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)]
    known = pairs[~np.isnan(pairs)]
    if not known.size:
        return ""
    ends = (known.min(), known.max())
    least, most = (ends[1], ends[0]) if matrix.is_distance else ends
    return (
        f"{matrix.measure} among them: {number(least, matrix.measure)} to {number(most, matrix.measure)}, "
        f"{number(float(known.mean()), matrix.measure)} on average"
    )
