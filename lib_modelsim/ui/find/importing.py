"""A person's own pictures for the gallery: a folder, which of its sub-folders is which model, import and undo."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from ...errors import ModelsimError, for_page
from ...job import Job
from ...templates import render
from ...text import brief, counted, size_text
from ...workspace.workspace import Workspace
from ..view_state import ViewState
from ..wiring import Event, Wiring

if TYPE_CHECKING:  # Pillow comes with them
    from markupsafe import Markup

    from ...workspace.probing.gallery_import import Imported
    from ...workspace.probing.import_plan import ImportPlan

IMPORT_FIELD = "modelsim_import_field"
"""Id of a hidden text field into which the script writes what a button of the panel asks for."""

_TOLD = 20
"""Refused files that get a line; of more it says how many."""

_STOPPED = "Stopped. Images imported so far are kept; Undo takes them out again."


@dataclass(frozen=True)
class _Looked:
    """A folder that was looked into, what would be imported from it, and the names of the models to choose from."""

    folder: Path
    plan: ImportPlan
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Told:
    """What became of an import or of its undoing: a line for each model, all of them in one, and what was skipped."""

    models: Sequence[str] = ()
    summary: str = ""
    skipped: Sequence[str] = ()


class ImportPanel:
    """An accordion; made inside gradio's Blocks. The gallery is everybody's, and so is what is imported into it."""

    id = "imports"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._typed = ""
        self._looked: _Looked | None = None
        self._told = _Told()
        with gr.Accordion("Import your own pictures into the gallery", open=False, elem_id="modelsim_imports"):
            self._panel = gr.HTML(elem_id="modelsim_import")  # shown once the page is opened
            with gr.Row(elem_id="modelsim_import_hidden"):
                self._field = gr.Textbox(elem_id=IMPORT_FIELD, show_label=False)

    def connect(self, wiring: Wiring, opened: Event) -> None:
        """Set going what the buttons are for."""
        wiring.at_once(opened, self.shown, None, self._panel)
        wiring.at_once(self._field.input, lambda asked: self.act(asked, wiring), self._field, None)
        wiring.when_ended(self.id, self.shown, None, self._panel)

    def act(self, asked: str, wiring: Wiring) -> None:
        """What a button asks for; the work is begun here and followed after."""
        run, begin, looked = self._backend.run, partial(wiring.work.begin, self.id), id(self._looked)
        match json.loads(asked) if asked else {}:
            case {"import": "look", "path": str(path)}:
                self._typed, self._looked, self._told = path, None, _Told()
                begin(lambda: run(("look", path), partial(self._look, path), "Look into a folder of pictures"))
            case {"import": "take", "chosen": dict(chosen)}:
                begin(lambda: run(("import", looked), partial(self._take, chosen), "Import pictures"), _STOPPED)
            case {"import": "undo"}:
                begin(lambda: run("undo import", lambda _, work: self._undo(work), "Undo the import"))

    def shown(self) -> Markup:
        """The folder, its sub-folders with their models, and what became of the last import."""
        looked = self._looked
        plan = looked.plan if looked is not None else None
        return render(
            "ui/templates/import.html",
            typed=self._typed,
            folders=[(each, size_text(each.bytes)) for each in plan.folders] if plan is not None else [],
            names=looked.names if looked is not None else (),
            doubts=[brief(doubt) for doubt in plan.doubts] if plan is not None else [],
            loose=counted(plan.loose, "picture") if plan is not None and plan.loose else "",
            told=self._told.models,
            summary=self._told.summary,
            skipped=self._told.skipped,
        )

    def _look(self, typed: str, job: Job, workspace: Workspace) -> None:
        folder = self._backend.curating.folder(typed)
        plan = workspace.import_plan(folder, job)
        known, _ = workspace.known_models(job)
        self._looked = _Looked(folder, plan, tuple(sorted({model.name for model in known}, key=str.lower)))

    def _take(self, chosen: Mapping[str, str], job: Job, workspace: Workspace) -> None:
        looked = self._looked
        if looked is None:
            raise ModelsimError("no folder was looked into yet", None, "type its path and press Look inside")
        plan = workspace.import_plan(looked.folder, job, chosen)
        self._looked = _Looked(looked.folder, plan, looked.names)  # what was chosen stays where it is stopped
        imported = workspace.take_in(plan, job)
        self._looked, self._told = None, _imported(imported)

    def _undo(self, workspace: Workspace) -> None:
        removed = workspace.undo_import()
        lines = [f"{model}: {count} removed from the gallery" for model, count in removed.items()]
        self._told = _Told(lines, f"{counted(sum(removed.values()), 'picture')} removed from the gallery")


def _imported(found: Imported) -> _Told:
    """What came in, and what did not."""
    models = [f"{model}: {counted(count, 'picture')} imported" for model, count in found.pictures.items()]
    whole = f"{counted(sum(found.pictures.values()), 'picture')} of {counted(len(models), 'model')} imported"
    lines = []
    if found.known:
        lines.append(f"Already in the gallery: {found.known}")
    if found.loose:
        lines.append(f"Skipped: {found.loose} in no sub-folder, so nobody knows whose they are")
    lines += [f"Skipped: {for_page(bad.error)}" for bad in found.unreadable[:_TOLD]]
    more = len(found.unreadable) - _TOLD
    if more > 0:
        lines.append(f"Skipped: {more} more that cannot be read")
    return _Told(models, whole, lines)
