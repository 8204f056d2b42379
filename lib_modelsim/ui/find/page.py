"""Find my model: pictures in, the answer with its evidence."""

from __future__ import annotations

import json
import mimetypes
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial

import gradio as gr
from markupsafe import Markup

from ...templates import render
from ..newest import Newest
from ..tasks import Task
from ..view_state import ViewState
from ..windows import Windows
from ..wiring import Event, Wiring
from ..work import Updates
from .answer import answer_panel
from .encoder_choice import EncoderChoice
from .encoders import EncodersPanel
from .finder import Asked, Finder
from .importing import ImportPanel
from .samples import samples_for

FIND_FIELD, QUERY_FIELD = "modelsim_find_field", "modelsim_query_field"
"""Ids of hidden text fields into which the script writes what a button on a card asks for, and the pictures asked
about: gradio's own field for files would leave them on the disk."""

PICTURE_FIELD = "modelsim_picture_field"
"""Into this it writes that it wants the picture for the WebUI's own tabs."""

_STOPPED = "Stopped. What was computed is kept."


class FindPage:
    """Its components, laid out and connected; made inside gradio's Blocks. Each browser window has its own pictures and
    answer."""

    id, title = "find", "Find my model"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        encoder = EncoderChoice(session)
        self._finders, self._session, self.wiring = Windows(partial(Finder, encoder)), session, wiring
        with gr.Row(elem_id="modelsim_find_controls"):
            with gr.Column(scale=6, min_width=240):
                gr.HTML(render("ui/templates/drop.html"), elem_id="modelsim_query")
            with gr.Column(scale=1, min_width=160):
                self._find = gr.Button("Find", variant="primary", elem_id="modelsim_find_generate")
                self._verify = gr.Button("Verify: generate it again", visible=False, elem_id="modelsim_verify")
                self._hashes = gr.Button("Compare all hashes", visible=False, elem_id="modelsim_all_hashes")
        self._samples = gr.HTML(samples_for(session.backend.host), elem_id="modelsim_samples")
        self.encoders = EncodersPanel(encoder)
        self.imports = ImportPanel(session)
        self._answer = gr.HTML(self._panel(self.finder), elem_id="modelsim_answer")
        with gr.Row(elem_id="modelsim_hidden"):
            self._field, self._query, self._wanted = (
                gr.Textbox(elem_id=name, show_label=False)
                for name in (FIND_FIELD, QUERY_FIELD, PICTURE_FIELD)
            )
            self._sent = gr.HTML(elem_id="modelsim_picture")
            self._newest = Newest("modelsim_find_newest", self._known)
        self.outputs = [self._newest.field, self._verify, self._hashes, self._samples, self._answer]

    @property
    def finder(self) -> Finder:
        """What the browser window asked, and its answer."""
        return self._finders.here()

    def connect(self, opened: Event) -> None:
        """Set going what each control is for."""
        wiring, outputs = self.wiring, self.outputs
        wiring.beside(opened, self.encoders.show, self.encoders.outputs)
        wiring.at_once(opened, self.show, None, outputs)  # families may have come meanwhile
        wiring.settle(self._newest.field, self.settled, self._newest.field, outputs)
        self.encoders.connect(wiring, opened)
        self.imports.connect(wiring, opened)
        wiring.at_once(self._query.input, self.take, self._query, outputs)
        wiring.at_once(self._field.input, self.act, self._field, outputs)
        for button, task in (
            (self._find, Finder.find),
            (self._verify, Finder.plan_verify),
            (self._hashes, Finder.compare_hashes),
        ):
            wiring.beside(button.click, partial(self.begin, task), None)
        wiring.tell_menu(wiring.when_ended(self.id, self.show, None, outputs))
        wiring.at_once(self._wanted.input, self.send, None, self._sent)

    def begin(self, task: Callable[[Finder], Task]) -> None:
        """Begin what a button is for."""
        finder = self.finder
        self.wiring.work.begin_own(self.id, lambda: task(finder), _STOPPED)

    def take(self, sent: str) -> Updates:
        """Other pictures: the answer to the ones before is gone. They are looked up as soon as their turn comes."""
        question, finder = json.loads(sent) if sent else {}, self.finder
        finder.number = question.get("number", "")
        finder.take([Asked(each["name"], b64decode(each["data"])) for each in question.get("pictures", ())])
        if finder.asked:
            self.wiring.work.begin_own(self.id, finder.find, _STOPPED)
        return self.show()

    def show(self) -> Updates:
        """What is known by now."""
        finder, told = self.finder, self._newest.told()
        return {
            self._newest.field: told,
            self._verify: gr.update(visible=finder.answer is not None and bool(finder.answer.shown.ranking)),
            self._hashes: gr.update(visible=finder.answer is not None and finder.answer.found.to_read > 0),
            self._samples: samples_for(self._session.backend.host),  # the demonstration comes and goes
            self._answer: self._panel(finder),
        }

    def settled(self, told: str) -> Updates:
        """Nothing, where the page shows what is known; else what is: an older answer has arrived last."""
        return {self._newest.field: gr.update()} if self._newest.is_in(told) else self.show()

    def _known(self) -> object:
        finder = self.finder
        return finder.number, id(finder.answer), finder.searching

    def _panel(self, finder: Finder) -> Markup:
        """The answer, and to which question: the script asks again where gradio 3 has dropped one."""
        panel = answer_panel(finder, self._session)
        return render("ui/templates/asked.html", number=finder.number, panel=panel)

    def act(self, asked: str) -> Updates:
        """What a button on a card asks for; long work is begun here and followed after."""
        finder = self.finder
        match json.loads(asked) if asked else {}:
            case {"find": "not this", "name": key}:
                finder.leave_out(key)
            case {"find": "all again"}:
                finder.bring_back()
            case {"find": "verify"}:
                self.begin(Finder.verify)
            case {"find": "cancel verify"}:
                finder.cancel_verify()
            case {"find": "forget"}:
                finder.forget()
            case {"find": "load", "name": key}:
                self.wiring.work.begin_own(self.id, lambda: finder.load(key), "Not loaded.", "Loaded.")
        return self.show()

    def send(self) -> Markup:
        """The first picture that was asked about, whole, for the script to hand on: after a reload the browser has it
        no longer."""
        answer = self.finder.answer
        first = answer.asked[0] if answer is not None else None
        return render("ui/templates/picture.html", **_packed(first))


def _packed(asked: Asked | None) -> dict[str, str]:
    """A picture's name, type and content in base64, empty where there is none; the number differs each time, as gradio
    tells no value twice."""
    number = f"{time.monotonic_ns()}"
    if asked is None:
        return {"name": "", "type": "", "data": "", "number": number}
    kind = mimetypes.guess_type(asked.name)[0] or "image/png"
    return {"name": asked.name, "type": kind, "data": b64encode(asked.content).decode(), "number": number}
