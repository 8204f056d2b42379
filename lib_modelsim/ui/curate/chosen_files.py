"""What a person chose: copied or moved to a folder when they have said yes, or written down as a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import ModelsimError
from ...job import Job
from ...templates import render
from ...text import counted, readable, several, size_text
from ...workspace.curating.listing import write_paths, write_table
from ...workspace.curating.looking import Picture, looked_at
from ...workspace.curating.transfer import Transfer, Transferred, Way, transfer
from ...workspace.workspace import Workspace
from ..view_state import ViewState
from ..work import Updates
from .panel import Begin
from .session import Curator

KEPT, SELECTED, SHOWN = "kept", "selected", "shown"
"""Which pictures are meant."""

_NAMED = 3
"""Files that one line names."""


class ChosenFiles:
    """A line with the folder and the buttons, the question, and what was done; made inside gradio's Blocks."""

    id, title = "chosen", "Chosen"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._panel = gr.HTML(elem_id="modelsim_curate_chosen")
        self._list = gr.File(
            visible=False, show_label=False, interactive=False, file_count="multiple", elem_id="modelsim_curate_list"
        )
        self.outputs = [self._panel, self._list]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Ask before anything is copied or moved; do it; or write a list."""
        self._remember(action, curator)
        match action:
            case {"do": "copy" | "move" as way}:
                curator.asked, curator.done = None, ()
                curator.asked = self._plan(curator, Way(way))
            case {"do": "yes"} if curator.asked is not None:
                asked, curator.asked = curator.asked, None
                stopped = "Stopped. What was copied or moved before stays there; everything else is where it was."
                work = _carrying_out(asked, curator)
                begin(lambda: curator.run(("transfer", asked), work, "Copy or move pictures"), stopped)
            case {"do": "no"}:
                curator.asked = None
            case {"do": "list"}:
                curator.lists = self._write_lists(curator)
        return (self.id,)

    def show(self, curator: Curator) -> Updates:
        """How many are chosen, and what is asked or was done."""
        if not curator.pictures:
            return {self._panel: "", self._list: gr.update(visible=False)}
        counts = {name: len(_meant(curator, name)) for name in (KEPT, SELECTED, SHOWN)}
        panel = render(
            "ui/templates/curate_chosen.html",
            counts=[
                (KEPT, f"kept ({counts[KEPT]})"),
                *([(SELECTED, f"selected ({counts[SELECTED]})")] if counts[SELECTED] else []),
                (SHOWN, f"shown ({counts[SHOWN]})"),
            ],
            meant=curator.meant,
            target=curator.target,
            beside=curator.beside,
            refused=self._backend.host.cannot.get("folders", ""),
            question=question(curator.asked) if curator.asked is not None else None,
            done=curator.done,
        )
        files = [str(path) for path in curator.lists]
        return {self._panel: panel, self._list: gr.update(visible=bool(files), value=files or None)}

    @staticmethod
    def _remember(action: Mapping[str, Any], curator: Curator) -> None:
        """What stands in the fields."""
        if isinstance(action.get("target"), str):
            curator.target = action["target"]
        if action.get("meant") in (KEPT, SELECTED, SHOWN):
            curator.meant = action["meant"]
        if isinstance(action.get("beside"), bool):
            curator.beside = action["beside"]

    def _plan(self, curator: Curator, way: Way) -> Transfer:
        """Raises ModelsimError for a folder that cannot take them, and where nothing is chosen."""
        pictures = [each.about.path for each in _require_some(curator)]
        return self._backend.curating.plan_transfer(pictures, curator.target, way, curator.beside)

    def _write_lists(self, curator: Curator) -> list[Path]:
        pictures = _require_some(curator)
        folder = self._backend.exports
        table = write_table(pictures, curator.marks, curator.score_labels, folder)
        return [write_paths(pictures, folder), table]


def _require_some(curator: Curator) -> Sequence[Picture]:
    found = _meant(curator, curator.meant)
    if not found:
        fix = "give some a space, or press Keep first" if curator.meant == KEPT else "choose other ones"
        raise ModelsimError(f"no picture is {curator.meant}", None, fix)
    return found


def _meant(curator: Curator, which: str) -> Sequence[Picture]:
    """The pictures, in the order that is looked at."""
    order = replace(curator.look, words="", model="", suite="", group="", stars=0, kept=False, selected=False)
    wanted = {KEPT: replace(order, kept=True), SELECTED: replace(order, selected=True), SHOWN: curator.look}[which]
    return looked_at(curator.pictures, wanted, curator.marks, curator.selected)


def question(plan: Transfer) -> dict[str, object]:
    """What would be done, in words."""
    pictures, beside = len(plan.units), plan.files - len(plan.units)
    files = counted(pictures, "picture") + (f" and {counted(beside, 'file')} beside them" if beside else "")
    verb = "Copy" if plan.way is Way.COPY else "Move"
    new = ", a new folder" if plan.makes_folder else ""
    notes = []
    if plan.renamed:
        notes.append(f"{plan.renamed:,} get another name, as theirs is taken. Nothing is overwritten.")
    if plan.refused:
        names = several([readable(path.name) for path, _ in plan.refused], _NAMED)
        reasons = "; ".join(dict.fromkeys(why for _, why in plan.refused))
        notes.append(f"{len(plan.refused):,} stay where they are: {names}: {reasons}.")
    return {
        "asks": f"{verb} {files} ({size_text(plan.bytes)}) to {readable(plan.target)}{new}?",
        "notes": notes,
        "yes": verb,
    }


def _carrying_out(plan: Transfer, curator: Curator) -> Any:  # noqa: ANN401 - what runs in the background
    """The work, and what was done in words; pictures that have gone from the folder leave the gallery."""

    def work(job: Job, workspace: Workspace) -> None:
        try:
            curator.done = told_of(plan, transfer(plan, job))
        finally:
            if plan.way is Way.MOVE:
                curator.refresh(workspace)

    return work


def told_of(plan: Transfer, found: Transferred) -> tuple[str, ...]:
    lines = [f"{counted(len(found.done), 'picture')} {plan.way.done} to {readable(plan.target)}."]
    renamed = [f"{readable(old.name)} → {readable(new.name)}" for old, new in found.renamed]
    if renamed:
        lines.append(f"Other names: {several(renamed, _NAMED)}.")
    for path, why in found.failed[:_NAMED]:
        lines.append(f"{readable(path.name)} stays where it is: {why}.")
    if len(found.failed) > _NAMED:
        lines.append(f"{len(found.failed) - _NAMED:,} more stay where they are.")
    return tuple(lines)
