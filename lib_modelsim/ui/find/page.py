"""Find my model: pictures in, the answer with its evidence."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial

import gradio as gr
from markupsafe import Markup

from ...templates import render
from ..tasks import Task
from ..view_state import ViewState
from ..wiring import Event, Wiring
from ..work import Updates
from .answer import answer_panel
from .encoder_choice import EncoderChoice
from .encoders import EncodersPanel
from .finder import Asked, Finder
from .samples import samples_for

FIND_FIELD, QUERY_FIELD = "modelsim_find_field", "modelsim_query_field"
"""Ids of hidden text fields into which the script writes what a button on a card asks for, and the pictures asked
about: gradio's own field for files would leave them on the disk."""

_WORDS = "Stopped. What was computed is kept.", ""
"""For the status line: where a search is stopped, and when it is done."""


class FindPage:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    id, title = "find", "Find my model"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        encoder = EncoderChoice(session)
        self.finder, self._session, self.wiring = Finder(encoder), session, wiring
        with gr.Row(elem_id="modelsim_find_controls"):
            with gr.Column(scale=6, min_width=240):
                gr.HTML(render("ui/templates/drop.html"), elem_id="modelsim_query")
            with gr.Column(scale=1, min_width=160):
                self._find = gr.Button("Find", variant="primary", elem_id="modelsim_find_generate")
                self._verify = gr.Button("Verify: generate it again", visible=False, elem_id="modelsim_verify")
        self._samples = gr.HTML(samples_for(session.backend.host), elem_id="modelsim_samples")
        self.encoders = EncodersPanel(encoder)
        self._asked = ""  # the script's number of the pictures asked about
        self._answer = gr.HTML(self._panel(), elem_id="modelsim_answer")
        with gr.Row(elem_id="modelsim_hidden"):
            self._field, self._query = (
                gr.Textbox(elem_id=name, show_label=False) for name in (FIND_FIELD, QUERY_FIELD)
            )
        self.outputs = [self._verify, self._samples, self._answer]

    def connect(self, opened: Event) -> None:
        """Set going what each control is for."""
        wiring, outputs = self.wiring, self.outputs
        wiring.beside(opened, self.encoders.show, self.encoders.outputs)
        wiring.at_once(opened, self.show, None, outputs)  # families may have come meanwhile
        self.encoders.connect(wiring)
        taken = wiring.at_once(self._query.input, self.take, self._query, outputs)
        acted = wiring.at_once(self._field.input, self.act, self._field, outputs)
        for begun in (taken, acted):
            followed = wiring.in_background(begun.then, wiring.work.follow_begun)
            wiring.tell_menu(wiring.at_once(followed.then, self.show, None, outputs))
        for button, task in ((self._find, self.finder.find), (self._verify, self.finder.verify)):
            followed = wiring.in_turn(button.click, partial(self.follow, task))
            wiring.at_once(followed.then, self.show, None, outputs)

    def follow(self, task: Callable[[], Task]) -> Iterator[Updates]:
        """Follow a task to its end."""
        self.wiring.work.begin(task, *_WORDS)
        yield from self.wiring.work.follow_begun()

    def take(self, sent: str) -> Updates:
        """Other pictures: the answer to the ones before is gone. They are looked at at once, unless that would stop
        other work."""
        question = json.loads(sent) if sent else {}
        self._asked = question.get("number", "")
        self.finder.take([Asked(each["name"], b64decode(each["data"])) for each in question.get("pictures", ())])
        if self.finder.asked and not self.finder.would_disturb:
            self.wiring.work.begin(self.finder.find, *_WORDS)
        return self.show()

    def show(self) -> Updates:
        """What is known by now."""
        answer = self.finder.answer
        return {
            self._verify: gr.update(visible=answer is not None and bool(answer.shown.ranking)),
            self._samples: samples_for(self._session.backend.host),  # the demonstration comes and goes
            self._answer: self._panel(),
        }

    def _panel(self) -> Markup:
        """The answer, and to which question: the script asks again where gradio 3 has dropped one."""
        return render("ui/templates/asked.html", number=self._asked, panel=answer_panel(self.finder, self._session))

    def act(self, asked: str) -> Updates:
        """What a button on a card asks for; long work is begun here and followed after."""
        finder = self.finder
        match json.loads(asked) if asked else {}:
            case {"find": "not this", "name": key}:
                finder.leave_out(key)
            case {"find": "all again"}:
                finder.bring_back()
            case {"find": "forget"}:
                finder.forget()
            case {"find": "load", "name": key}:
                self.wiring.work.begin(lambda: finder.load(key), "Not loaded.", "Loaded.")
        return self.show()
