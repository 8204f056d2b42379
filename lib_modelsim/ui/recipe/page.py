"""Recipe: what a checkpoint of the library is made of."""

from __future__ import annotations

import json
from functools import partial

import gradio as gr

from ...templates import render
from ..newest import Newest
from ..view_state import ViewState
from ..windows import Windows
from ..wiring import Event, Wiring, without_value
from ..work import Updates
from .answer import reading_words, recipe_panel
from .maker import Maker

RECIPE_FIELD = "modelsim_recipe_field"
"""Id of a hidden text field into which the script writes what a button asks for."""

AUTOMATIC_BASE = "Automatic: a known base"


class RecipePage:
    """Its components, laid out and connected; made inside gradio's Blocks. Each browser window has its own model and
    answer."""

    id, title = "recipe", "Recipe"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        self._session, self.wiring = session, wiring
        self._makers = Windows(partial(Maker, session))
        with gr.Row(elem_id="modelsim_recipe_controls"):
            self._model = _choice([], "Model", "modelsim_recipe_model", scale=5, min_width=200)
            self._base = _choice([AUTOMATIC_BASE], "Base", "modelsim_recipe_base", scale=3, min_width=160)
            self._go = gr.Button(
                "Make recipe", variant="primary", elem_id="modelsim_recipe_generate", scale=1, min_width=130
            )
        self._reading = gr.HTML(elem_id="modelsim_recipe_reading")
        self._answer = gr.HTML(elem_id="modelsim_recipe_answer")
        with gr.Row(elem_id="modelsim_recipe_hidden"):
            self._field, self._seen = (
                gr.Textbox(elem_id=name, show_label=False) for name in (RECIPE_FIELD, "modelsim_recipe_seen")
            )
            self._newest = Newest("modelsim_recipe_newest", self._known)
        shown = [self._model, self._base, self._reading, self._answer]
        self.outputs = [self._newest.field, *shown, self._seen]

    @property
    def maker(self) -> Maker:
        """The model that the browser window asked about."""
        return self._makers.here()

    def connect(self, opened: Event) -> None:
        """Set going what each control is for."""
        wiring, controls = self.wiring, [self._model, self._base]
        wiring.at_once(opened, self.look, None, self.outputs)
        for control in (self._model, self._base):
            wiring.at_once(control.input, self.take, controls, self.outputs)
        newest = self._newest.field
        wiring.settle(newest, self.settled, [newest, self._seen, *controls], self.outputs)
        wiring.at_once(self._field.input, self.act, self._field, self.outputs)
        wiring.beside(self._go.click, self.begin, None)
        wiring.when_ended(self.id, self.look, None, self.outputs)

    def look(self) -> Updates:
        """Everything, after another look at the files."""
        self._session.backend.look()
        return self.show()

    def show(self) -> Updates:
        """As chosen and known by now."""
        maker, told = self.maker, self._newest.told()
        known = maker.known()
        reading = reading_words(known)
        return {
            self._newest.field: told,
            self._model: gr.update(choices=maker.names, value=maker.chosen),
            self._base: gr.update(choices=[AUTOMATIC_BASE, *maker.names], value=maker.base or AUTOMATIC_BASE),
            self._reading: render("ui/templates/plan.html", lines=[reading], more=0) if reading else "",
            self._answer: recipe_panel(maker, self._session, known),
            self._seen: _seen(maker.chosen, maker.base),
        }

    def take(self, model: str | None, base: str) -> Updates:
        """Another model, or another base; the controls show it already."""
        maker = self.maker
        maker.choose(model or None, None if base == AUTOMATIC_BASE else base)
        updates = self.show()
        return {**updates, **{control: without_value(updates[control]) for control in (self._model, self._base)}}

    def settled(self, told: str, seen: str, model: str | None, base: str) -> Updates:
        """Nothing, where the page shows what was chosen. Else what its controls say, where that is not what the answer
        gave them: a choice that never arrived. Else all anew: the answer is older than one that came before it."""
        if seen != _seen(model or None, None if base == AUTOMATIC_BASE else base):
            return self.take(model, base)
        return {self._newest.field: gr.update()} if self._newest.is_in(told) else self.show()

    def _known(self) -> object:
        return self._session.known(), self.maker.chosen, self.maker.base

    def act(self, asked: str) -> Updates:
        """What a button asks for: another model."""
        match json.loads(asked) if asked else {}:
            case {"recipe": "choose", "name": str(name)}:
                self._session.backend.look()
                self.maker.choose(name)
        return self.show()

    def begin(self) -> None:
        """Make the recipe."""
        self.wiring.work.begin_own(self.id, self.maker.make, "Stopped. What was read so far is kept.")


def _seen(model: str | None, base: str | None) -> str:
    return json.dumps([model, base])


def _choice(choices: list[str], label: str, name: str, **layout: int) -> gr.Dropdown:
    """A dropdown whose value is ours to keep: the host's ui-config.json must not."""
    found = gr.Dropdown(choices, label=label, elem_id=name, **layout)
    found.do_not_save_to_config = True
    return found
