"""Recipe: what a checkpoint of the library is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import gradio as gr

from ...templates import render
from ..view_state import ViewState
from ..windows import Windows
from ..wiring import Event, Wiring, without_value
from ..work import Updates
from .answer import reading_words, recipe_panel
from .maker import Maker

RECIPE_FIELD, RECIPE_WINDOW = "modelsim_recipe_field", "modelsim_recipe_window"
"""Ids of hidden text fields into which the script writes what a button asks for, and the browser window's name."""

AUTOMATIC_BASE = "Automatic: a known base"

_WORDS = "Stopped. What was read so far is kept.", ""
"""For the status line: where it is stopped, and when it is done."""


class RecipePage:
    """Its components, laid out and connected; made inside gradio's Blocks. Every handler takes the browser window that
    asks: each has its own model and answer."""

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
            self._field, self._window, self._seen = (
                gr.Textbox(elem_id=name, show_label=False)
                for name in (RECIPE_FIELD, RECIPE_WINDOW, "modelsim_recipe_seen")
            )
        self.outputs = [self._model, self._base, self._reading, self._answer, self._seen]

    def maker(self, window: str) -> Maker:
        """The model that this browser window asked about."""
        return self._makers.of(window)

    def connect(self, opened: Event) -> None:
        """Set going what each control is for."""
        wiring, window, controls = self.wiring, self._window, [self._model, self._base, self._window]
        wiring.at_once(opened, self.look, window, self.outputs)
        for control in (self._model, self._base):
            wiring.at_once(control.input, self.take, controls, self.outputs)
        wiring.settle(self._seen, self.settled, [self._seen, *controls], self.outputs)
        wiring.at_once(self._field.input, self.act, [self._field, window], self.outputs)
        followed = wiring.in_turn(self._go.click, self.follow, window)
        wiring.at_once(followed.then, self.look, window, self.outputs)

    def look(self, window: str) -> Updates:
        """Everything, after another look at the files."""
        self._session.backend.look()
        return self.show(window)

    def show(self, window: str) -> Updates:
        """As chosen and known by now."""
        maker = self.maker(window)
        known = maker.known()
        reading = reading_words(known)
        return {
            self._model: gr.update(choices=maker.names, value=maker.chosen),
            self._base: gr.update(choices=[AUTOMATIC_BASE, *maker.names], value=maker.base or AUTOMATIC_BASE),
            self._reading: render("ui/templates/plan.html", lines=[reading], more=0) if reading else "",
            self._answer: recipe_panel(maker, self._session, known),
            self._seen: _seen(maker.chosen, maker.base),
        }

    def take(self, model: str | None, base: str, window: str) -> Updates:
        """Another model, or another base; the controls show it already."""
        maker = self.maker(window)
        maker.choose(model or None, None if base == AUTOMATIC_BASE else base)
        updates = self.show(window)
        return {**updates, **{control: without_value(updates[control]) for control in (self._model, self._base)}}

    def settled(self, seen: str, model: str | None, base: str, window: str) -> Updates:
        """Nothing, where the page shows what was chosen; else what was chosen meanwhile."""
        wanted = _seen(model or None, None if base == AUTOMATIC_BASE else base)
        return {self._seen: gr.update()} if seen == wanted else self.take(model, base, window)

    def act(self, asked: str, window: str) -> Updates:
        """What a button asks for: another model."""
        match json.loads(asked) if asked else {}:
            case {"recipe": "choose", "name": str(name)}:
                self._session.backend.look()
                self.maker(window).choose(name)
        return self.show(window)

    def follow(self, window: str) -> Iterator[Updates]:
        """Make the recipe, to its end."""
        maker = self.maker(window)
        owner = self.id, maker.window
        self.wiring.work.begin(owner, maker.make, *_WORDS)
        yield from self.wiring.work.follow_begun(owner)


def _seen(model: str | None, base: str | None) -> str:
    return json.dumps([model, base])


def _choice(choices: list[str], label: str, name: str, **layout: int) -> gr.Dropdown:
    """A dropdown whose value is ours to keep: the host's ui-config.json must not."""
    found = gr.Dropdown(choices, label=label, elem_id=name, **layout)
    found.do_not_save_to_config = True
    return found
