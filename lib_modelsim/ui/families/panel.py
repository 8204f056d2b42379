"""The families: what to compare and how, the drawing or the table, and the classes with their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import for_page
from ...job import Job
from ...similarity.measures.registry import all_measures, measure_named
from ...templates import render
from ...text import several
from ...workspace.workspace import Workspace
from ..choices import LIBRARY, LINEAGE, VIEWS
from ..status import message, note
from ..tasks import Task
from ..view_state import Shown, ViewState
from ..windows import Windows, asking_window
from ..words import DISTANCES, LINKAGES, label_of, measure_labels
from ..work import Updates
from .classes import classes_table
from .drawing import drawing
from .from_before import marks_of_before, note_of_before
from .library import library_table
from .lineage import lineage_drawing, networks, shown_graph

Taken = tuple[Any, str, Callable[[Any], object]]
"""A component of gradio, the field of the choices that it is for, and what its value means there."""

AUTOMATIC = "Automatic"
MEAN = "Automatic: a known base, or the mean of all models"
MOST_CLASSES = 20


class FamiliesControls:
    """What is compared, and how the families are told from it."""

    def __init__(self, session: ViewState) -> None:
        self._session = session
        with_base = ", ".join(measure.name for measure in all_measures() if measure.needs_base)
        with gr.Row(elem_id="modelsim_controls"):
            self.measure = _choice(list(measure_labels()), "Measure", "measure", scale=4, min_width=200)
            self.classes = _choice(
                [AUTOMATIC, *(str(k) for k in range(1, MOST_CLASSES + 1))], "Classes", "classes", scale=1, min_width=120
            )
            with gr.Accordion("Options", open=False, elem_id="modelsim_how"):
                with gr.Row():
                    self.references = _choice(
                        [], "References (leave empty for all models)", "references", scale=6, multiselect=True
                    )
                    self.count = gr.Number(5, label="How many", precision=0, elem_id="modelsim_suggest_count", scale=1)
                    self.suggest = gr.Button("Suggest", elem_id="modelsim_suggest", scale=1, min_width=80)
                    self.load = gr.Button("Load list", elem_id="modelsim_load_references", scale=1, min_width=90)
                    self.save = gr.Button("Save list", elem_id="modelsim_save_references", scale=1, min_width=90)
                self.said = gr.HTML(elem_id="modelsim_references_said")
                with gr.Row():
                    self.base = _choice([MEAN], f"Base (for {with_base})", "base")
                    self.distance = _choice(list(DISTANCES), "Distance between models", "distance")
                    self.linkage = _choice(list(LINKAGES), "Linkage", "linkage")
                    self.order = gr.Checkbox(
                        label="Place similar models side by side", elem_id="modelsim_optimal_order"
                    )
            self.go = gr.Button("Show families", variant="primary", elem_id="modelsim_generate", scale=0, min_width=130)
        self.using = gr.HTML(visible=False, elem_id="modelsim_using")
        self.outputs = [
            self.using,
            self.measure,
            self.classes,
            self.references,
            self.base,
            self.distance,
            self.linkage,
            self.order,
            self.said,
        ]

    def taken(self) -> list[Taken]:
        """Each control, the choice that it is for, and what its value means."""
        return [
            (self.measure, "measure", lambda value: measure_labels()[value]),
            (self.base, "base", lambda value: None if value == self._mean else value),
            (self.classes, "classes", lambda value: None if value == AUTOMATIC else int(value)),
            (self.references, "references", lambda value: tuple(value or ())),
            (self.distance, "distance", lambda value: DISTANCES[value]),
            (self.linkage, "linkage", lambda value: LINKAGES[value]),
            (self.order, "optimal_order", bool),
        ]

    @property
    def _mean(self) -> str:
        """What the choice of the mean is called: never what a model is."""
        named = any(model.name == MEAN for model in self._session.backend.index.models)
        return f"{MEAN} (no file)" if named else MEAN

    def updates(self) -> Updates:
        """The controls as chosen, with the models there are."""
        choices, names = self._session.choices, [model.name for model in self._session.backend.index.models]
        mean = self._mean
        references = [name for name in choices.references if name in names]
        return {
            self.using: _seen(bool(references), lambda: render("ui/templates/using.html", references=references)),
            self.measure: label_of(measure_labels(), choices.measure),
            self.classes: AUTOMATIC if choices.classes is None else str(choices.classes),
            self.references: gr.update(choices=names, value=references),
            self.base: gr.update(
                choices=[mean, *names],
                value=choices.base or mean,
                interactive=measure_named(choices.measure).needs_base,
            ),
            self.distance: label_of(DISTANCES, choices.distance),
            self.linkage: label_of(LINKAGES, choices.linkage),
            self.order: choices.optimal_order,
            self.said: "",
        }


class FamiliesPanel:
    """The library's table or one of the drawings, and below it the classes."""

    def __init__(self, session: ViewState) -> None:
        self._session = session
        self._files: Windows[list[Path]] = Windows(list, share=True)
        with gr.Row(elem_id="modelsim_kinds"):
            self.view = gr.Radio(list(VIEWS), value=LIBRARY, show_label=False, elem_id="modelsim_view", min_width=120)
            self.architecture = gr.Radio(
                [], show_label=False, visible=False, elem_id="modelsim_architecture", min_width=120
            )
            # pressed by the library's own buttons
            self.hash, self.index, self.refresh = (
                gr.Button(name, elem_id=f"modelsim_{name}") for name in ("hash", "index", "refresh")
            )
            self.paths = gr.Checkbox(
                label="with full paths", elem_id="modelsim_export_paths", container=False, scale=0, min_width=130
            )
            self.export = gr.Button("Export", elem_id="modelsim_export", scale=0, min_width=80)
        self.paths.do_not_save_to_config = True
        self.exporting = gr.HTML(elem_id="modelsim_exporting")
        self.exported = gr.File(visible=False, show_label=False, interactive=False, elem_id="modelsim_exported")
        self.table = gr.HTML(elem_id="modelsim_models")
        self.drawing = gr.HTML(elem_id="modelsim_drawing", visible=False)
        self.classes = gr.HTML(elem_id="modelsim_named_classes")
        self.said = gr.HTML(elem_id="modelsim_said")
        self.outputs = [
            self.view,
            self.architecture,
            self.paths,
            self.export,
            self.table,
            self.drawing,
            self.classes,
            self.said,
        ]

    def taken(self) -> list[Taken]:
        """Each control, the choice that it is for, and what its value means."""
        return [
            (self.view, "view", str),
            (self.architecture, "architecture", str),
            (self.paths, "export_paths", bool),
        ]

    def updates(self, shown: Shown) -> Updates:
        """As chosen."""
        session = self._session
        in_library = session.choices.view == LIBRARY
        in_lineage = session.choices.view == LINEAGE
        kinds = networks(session) if in_lineage else [family.architecture for family in shown.families]
        exports = bool(kinds) and not in_library
        return {
            self.view: session.choices.view,
            self.architecture: gr.update(
                visible=len(kinds) > 1 and not in_library,
                choices=kinds,
                value=self._network(kinds, shown),
            ),
            self.paths: gr.update(visible=exports and not in_lineage, value=session.choices.export_paths),
            self.export: gr.update(visible=exports),
            self.table: _seen(in_library, lambda: library_table(session, shown)),
            self.drawing: _seen(not in_library, lambda: self._drawn(shown)),
            self.classes: self.named_classes(shown),
        }

    def _network(self, kinds: Sequence[str | None], shown: Shown) -> str | None:
        """The network that is looked at, of these."""
        chosen = shown.family.architecture if shown.family is not None else self._session.choices.architecture
        wanted = self._session.choices.architecture if self._session.choices.view == LINEAGE else chosen
        return wanted if wanted in kinds else next(iter(kinds), None)

    def _drawn(self, shown: Shown) -> str:
        session, notes, remarks = self._session, [], ()
        if session.choices.view == LINEAGE:
            graph, drawn = shown_graph(session), lineage_drawing(session)
            remarks = graph.remarks if graph is not None else ()
        elif shown.family is not None:
            notes = [for_page(each) for each in [*shown.notes, *_copies(shown, session.originals)]]
            drawn = note_of_before(session, shown) + drawing(session, shown)
        else:
            drawn = self._no_drawing(shown)
        left_out = session.choices.left_out
        return render("ui/templates/drawing.html", drawing=drawn, notes=notes, remarks=remarks, left_out=left_out)

    def _no_drawing(self, shown: Shown) -> str:
        """Why there is none, and what to do."""
        session = self._session
        if shown.why_none:
            return note("No tree", shown.why_none)
        if len(session.backend.rows) == 1:
            return note("One model", "A tree needs at least two. Add another checkpoint, then press Show families.")
        then = "Press Show families; the line at the top shows how far it is."
        return note("Not compared yet", session.backend.none_before or then)

    def named_classes(self, shown: Shown | None = None) -> str:
        """The classes of the tree shown, their support, and fields for their names and remarks."""
        shown = shown or self._session.shown()
        if self._session.choices.view in (LIBRARY, LINEAGE) or shown.family is None or shown.family.tree is None:
            return ""
        in_order = self._session.plot_names(shown.family)
        other = marks_of_before(self._session, shown)
        return classes_table(shown.family, shown.trust, shown.class_names, in_order, other)

    def begin_export(self, begin: Callable[[Callable[[], Task]], Task]) -> Updates:
        """Have all files of all architectures written as one, or of all lineages; or say why that cannot be."""
        session, shown, files = self._session, self._session.shown(), self._files.here()
        backend, paths, in_lineage = session.backend, session.choices.export_paths, session.choices.view == LINEAGE
        why_not = "" if in_lineage else self._why_no_export(shown)
        if why_not:
            return {self.exporting: message(why_not, "error"), self.exported: gr.update(visible=False)}
        asked = "export", asking_window()
        what = LINEAGE if in_lineage else (session.choices.question, shown.how, paths)
        files.clear()

        def write(job: Job, _: Workspace) -> None:
            files.append(
                backend.ancestry.export()
                if in_lineage
                else backend.export(shown.answer, shown.how, shown.families, job, paths)
            )

        begin(lambda: backend.run((*asked, what), write, "Export", asked))
        return {self.exporting: "", self.exported: gr.update(visible=False)}

    def _why_no_export(self, shown: Shown) -> str:
        if not shown.families:
            return "Nothing to export yet. Press Show families first."
        since = self._session.backend.since(shown.answer)
        if since is not None and not since.same:
            return "This tree is from before, and files have changed since. Press Show families, then Export."
        return ""

    def show_exported(self) -> Updates:
        """Offer what this window's last export has written; the jobs say how it ended."""
        files = self._files.here()
        offered = gr.update(value=str(files[-1]), visible=True) if files else gr.update(visible=False)
        return {self.exporting: "", self.exported: offered}


def _copies(shown: Shown, originals: Mapping[str, str]) -> list[str]:
    """Which leaves are copies of which."""
    leaves = shown.family.features.models if shown.family is not None else ()
    told = [f"{name} of {originals[name]}" for name in leaves if name in originals]
    return [f"copies: {several(told)}"] if told else []


def _seen(visible: bool, content: Callable[[], str]) -> dict[str, Any]:
    """What is not looked at is neither made nor sent: with hundreds of models either is a long text."""
    return gr.update(visible=True, value=content()) if visible else gr.update(visible=False)


def _choice(choices: list[str], label: str, name: str, **layout: int | bool) -> gr.Dropdown:
    """A dropdown whose value is ours to keep: the host's ui-config.json must not."""
    found = gr.Dropdown(choices, label=label, elem_id=f"modelsim_{name}", **layout)
    found.do_not_save_to_config = True
    return found
