"""The probes: which suite, which models, what they will cost, generating images, and looking at them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...hosts.folder_list import only_demonstration
from ..newest import Newest
from ..tasks import Task
from ..view_state import ViewState
from ..wiring import Event, Wiring, without_value
from ..words import column_label
from ..work import Updates, Work
from .pictures import ONE_MODEL, ONE_PROBE, TWO, VIEWS, looked_at, plan_words
from .studio import GENERATE, PICTURES, Order, Studio
from .suite_menu import suite_cards, suite_label, suite_named
from .suites import SuitesPanel
from .webui import WebuiField

if TYPE_CHECKING:  # Pillow comes with it
    from ...probes.sheet import Sheet

FIRST_LOOK, OF_DEMONSTRATION = "cfg1-fast", "demonstration"
"""The suite to take when unsure; that of the demonstration, where nothing else is shown."""

CHOSEN_FIELD = "modelsim_suite_chosen"
"""Id of a hidden text field into which the script writes the suite whose card is pressed."""


class ProbesPage:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    id, title = "probes", "Probes"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        self.session, self.studio, self._wiring = session, Studio(session.backend), wiring
        self._offered: list[str] = []  # names in the menu of models
        with gr.Row(elem_id="modelsim_probe_controls"):
            self._suite = gr.Dropdown([], label="Suite", elem_id="modelsim_suite", scale=4, min_width=260)
            self._models = gr.Dropdown(
                [], label="Models (leave empty for all)", multiselect=True, elem_id="modelsim_probe_models", scale=5
            )
            self._batch = gr.Number(
                1, label="Batch size", precision=0, elem_id="modelsim_batch", scale=1, min_width=120
            )
            self._plan = gr.Button("Estimate", elem_id="modelsim_plan", scale=1, min_width=100)
            self._generate = gr.Button(
                GENERATE, variant="primary", elem_id="modelsim_probes_generate", scale=1, min_width=230
            )
        for control in (self._suite, self._models, self._batch):
            control.do_not_save_to_config = True
        self.webui = WebuiField(session)
        self._told = gr.HTML(elem_id="modelsim_planned")
        with gr.Row(visible=False, elem_id="modelsim_probes_question") as self._question:
            self._start = gr.Button("Start", variant="primary", elem_id="modelsim_probes_start", scale=0, min_width=100)
            self._cancel = gr.Button("Cancel", elem_id="modelsim_probes_cancel", scale=0, min_width=100)
        self.suites = SuitesPanel(self.studio)
        with gr.Row(elem_id="modelsim_looking"):
            self._view = gr.Radio(list(VIEWS), value=VIEWS[0], show_label=False, elem_id="modelsim_pictures_view")
            self._column = gr.Dropdown([], label="Probe", elem_id="modelsim_column", scale=1, min_width=160)
            self._first = gr.Dropdown([], label="Model", elem_id="modelsim_first", scale=1, min_width=160)
            self._second = gr.Dropdown([], label="Second model", elem_id="modelsim_second", scale=1, min_width=160)
            self._grid = gr.Button("Make grid", elem_id="modelsim_grid", scale=0, min_width=120)
        self._files = gr.File(
            visible=False, show_label=False, interactive=False, file_count="multiple", elem_id="modelsim_grid_files"
        )
        self._pictures = gr.HTML(elem_id="modelsim_pictures")
        self._order = [self._suite, self._models, self._batch]
        self._looking = [self._view, self._column, self._first, self._second]
        self.inputs = [*self._order, *self._looking]
        with gr.Row(elem_id="modelsim_probes_hidden"):
            self._seen = gr.Textbox(elem_id="modelsim_probes_seen", show_label=False)
            self._pressed = gr.Textbox(elem_id=CHOSEN_FIELD, show_label=False)
            self._newest = Newest("modelsim_probes_newest", self._known)
        buttons = [self._plan, self._generate, self._grid]
        shown = [self._told, self._question, *self._looking, *buttons, self._files, self._pictures]
        self.outputs = [self._newest.field, self._seen, *self._order, *shown]

    @property
    def work(self) -> Work:
        return self._wiring.work

    def connect(self, opened: Event) -> None:
        """Set going what each control is for."""
        self._wiring.at_once(opened, self._asked, self.inputs, self.outputs)
        newest = self._newest.field
        self._wiring.settle(newest, self._settled, [newest, self._seen, *self.inputs], self.outputs)
        for button, begin in (
            (self._plan, partial(self.begin, self.studio.make_plan)),
            (self._grid, partial(self.begin, self.studio.make_grid)),
            (self._generate, self._prepare),
            (self._start, partial(self.begin, self.studio.generate)),
        ):
            self._wiring.at_once(button.click, begin, self.inputs, None)
        for button in (self._start, self._cancel):
            self._wiring.at_once(button.click, self._no_question, self.inputs, self._question)
        self._wiring.tell_menu(self._wiring.when_ended(self.id, self._asked, self.inputs, self.outputs))
        self._wiring.when_ended(PICTURES, self._asked, self.inputs, self.outputs)
        for control in self._looking:
            self._wiring.at_once(control.input, self._asked, self.inputs, self.outputs)
        for control in (self._suite, self._models):
            self._wiring.at_once(control.input, self._taken, self.inputs, self.outputs)
        self._wiring.at_once(self._pressed.input, self.opened, self._pressed, self.outputs)
        self.webui.connect(self._wiring, opened, self._asked, self.inputs, self.outputs)
        self.suites.connect(self._wiring, self._suite, self.opened, self.outputs)

    def begin(self, task: Callable[[Order], Task], *values: object) -> None:
        """Begin what a button is for with the order as it stands."""
        order = self._ordered(values[:3])
        stopped = f"Stopped. Finished images are kept. To go on, press {GENERATE}."
        self.work.begin(self.id, lambda: task(order), stopped, "Done.")

    def _prepare(self, *values: object) -> None:
        """Find out what would be generated; the page asks then whether to begin."""
        self.studio.ask_about(self._ordered(values[:3]))
        self.begin(self.studio.make_plan, *values)

    def _no_question(self, *values: object) -> Updates:
        self.studio.asking.discard(self._ordered(values[:3]))
        return gr.update(visible=False)

    def opened(self, suite: str | None = None) -> Updates:
        """Everything, as at first, or with another suite chosen."""
        if suite_named(suite, self.session.backend.suites.all()) is not None:
            self.session.choose(suite=suite)
        return self.show(None, (), 1, VIEWS[0], None, None, None)

    def _taken(self, *values: object) -> Updates:
        """What a control says is taken down, and what follows is shown."""
        suite = suite_named(values[0], self.session.backend.suites.all())
        self.session.choose(suite=suite or "", probe_models=tuple(values[1] or ()))
        return self._asked(*values)

    def _asked(self, *values: object) -> Updates:
        """As `show`; a control that has its value already is not sent it, as it may have another one by then."""
        updates, had = self.show(*values), zip(self.inputs, values, strict=True)
        same = [control for control, value in had if _value(updates[control]) == value]
        return {**updates, **{control: without_value(updates[control]) for control in same}}

    def _settled(self, told: str, seen: str, *values: object) -> Updates:
        """Nothing, where the page shows what is known. Else what its controls say now, where that is not what the
        answer gave them; else what was chosen last, as the answer is older than one that came before it."""
        if seen != repr(list(values)):
            return self._asked(*values)
        if self._newest.is_in(told):
            return {self._newest.field: gr.update()}
        return self._asked(None, None, *values[2:])

    def _known(self) -> object:
        choices, ends = self.session.choices, self.work.jobs.ends(self.id, PICTURES)
        return choices.suite, choices.probe_models, choices.webui, ends, frozenset(self.studio.asking)

    def _last_used(self) -> str:
        """The suite chosen last; that of the demonstration, where nothing else is shown."""
        chosen = self.session.choices.suite
        return chosen or (OF_DEMONSTRATION if only_demonstration(self.session.backend.host.folders) else "")

    def show(self, suite: str | None, models: Any, batch: Any, view: str, *looking: str | None) -> Updates:  # noqa: ANN401
        """What was planned and generated for these values of the controls; those that make no sense give way to what
        was chosen last, as all of them do on a page that was just opened and has no suite yet."""
        told = self._newest.told()
        suites = self.session.backend.suites.all()
        models = self.session.choices.probe_models if suite is None else models
        suite = suite_named(suite, suites) or suite_named(self._last_used(), suites)
        sheet = self.studio.sheet(suite) if suite is not None else None
        columns = [column_label(column) for column in sheet.columns] if sheet else []
        rows = [row.name for row in sheet.rows] if sheet else []
        column, first, second = (
            value if value in known else next(iter(known[place:]), None)
            for value, known, place in zip(looking, (columns, rows, rows), (0, 0, 1), strict=True)
        )
        names = [model.name for model in self.session.backend.index.models]
        if self._offered not in ([], names):
            models = self.session.choices.probe_models  # gradio keeps places, which are others' by now
        self._offered = names
        order = self._ordered((suite, models, batch))
        labels = {each.name: suite_label(each) for each in suites}
        updates = {
            self._suite: gr.update(choices=list(labels.values()), value=labels.get(suite or "")),
            self._models: gr.update(choices=names, value=[name for name in order.models if name in names]),
            self._batch: order.batch,
            self._told: plan_words(self.studio, order),
            self._question: gr.update(visible=self.studio.asks(order)),
            self._plan: gr.update(interactive=suite is not None),
            self._generate: gr.update(interactive=suite is not None),
            self._view: gr.update(value=view, visible=bool(rows)),
            self._column: gr.update(choices=columns, value=column, visible=bool(rows) and view in (ONE_PROBE, TWO)),
            self._first: gr.update(choices=rows, value=first, visible=bool(rows) and view in (ONE_MODEL, TWO)),
            self._second: gr.update(choices=rows, value=second, visible=view == TWO),
            self._grid: gr.update(visible=bool(rows)),
            self._files: self._grid_files(sheet),
            self._pictures: (
                suite_cards(suites, FIRST_LOOK)
                if suite is None
                else looked_at(self.studio, sheet, view, (column, first, second))
            ),
        }
        seen = repr([_value(updates[control]) for control in self.inputs])
        return {self._newest.field: told, self._seen: seen, **updates}

    def _ordered(self, values: Any) -> Order:  # noqa: ANN401 - values of gradio's components
        shown, models, batch = values
        suite = suite_named(shown, self.session.backend.suites.all())
        webui = self.session.choices.webui
        return Order(suite or FIRST_LOOK, tuple(models or ()), max(1, int(batch or 1)), webui)

    def _grid_files(self, sheet: Sheet | None) -> Updates:
        """The files of the grid made last, where it is of the suite that is looked at."""
        grid = self.studio.grid
        if grid is None or sheet is None or grid.sheet.suite.name != sheet.suite.name:
            return gr.update(visible=False)
        return gr.update(visible=True, value=[str(path) for path in (*grid.pages, grid.html)])


def _value(update: Any) -> object:  # noqa: ANN401 - a value, or gradio's update
    return update.get("value") if isinstance(update, dict) else update
