"""Find my model: pictures in, the answer with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from .answer import answer_panel
from .encoder_choice import EncoderChoice
from .encoders import EncodersPanel
from .finder import Asked, Finder
from .session import Session
from .studio import Studio
from .tasks import Task
from .wiring import Wiring
from .work import Updates

FIND_FIELD = "modelsim_find_field"
"""Id of the hidden text field into which the script writes what a button on a card asks for."""

_WORDS = "Stopped. What was learned is kept.", ""
"""For the status line: where a search is stopped, and when it is done."""


class FindPage:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    def __init__(self, session: Session, studio: Studio, wiring: Wiring) -> None:
        encoder = EncoderChoice(session)
        self.finder, self._session, self._wiring = Finder(encoder, studio), session, wiring
        with gr.Row(elem_id="modelsim_find_controls"):
            self._files = gr.File(
                label="Pictures: drop, click or paste; several of one model are looked at together",
                file_count="multiple",
                file_types=["image"],
                elem_id="modelsim_query",
                scale=6,
            )
            with gr.Column(scale=1, min_width=160):
                self._find = gr.Button("Find", variant="primary", elem_id="modelsim_find_generate")
                self._verify = gr.Button("Verify: draw it again", visible=False, elem_id="modelsim_verify")
        self.encoders = EncodersPanel(encoder)
        self._answer = gr.HTML(answer_panel(self.finder, session), elem_id="modelsim_answer")
        with gr.Row(elem_id="modelsim_hidden"):
            self._field = gr.Textbox(elem_id=FIND_FIELD, show_label=False)
        self.outputs = [self._files, self._verify, self._answer]

    def connect(self) -> None:
        """Set going what each control is for."""
        wiring, outputs = self._wiring, self.outputs
        self.encoders.connect(wiring)
        taken = wiring.at_once(self._files.upload, self.take, self._files, outputs)
        acted = wiring.at_once(self._field.input, self.act, self._field, outputs)
        for begun in (taken, acted):
            followed = wiring.in_background(begun.then, wiring.work.follow_begun)
            wiring.tell_menu(wiring.at_once(followed.then, self.show, None, outputs))
        for button, task in ((self._find, self.finder.find), (self._verify, self.finder.verify)):
            followed = wiring.in_turn(button.click, partial(self.follow, task))
            wiring.at_once(followed.then, self.show, None, outputs)

    def follow(self, task: Callable[[], Task]) -> Iterator[Updates]:
        """Follow a task to its end."""
        self._wiring.work.begin(task, *_WORDS)
        yield from self._wiring.work.follow_begun()

    def take(self, files: Sequence[Any] | None) -> Updates:
        """Other pictures: the answer to the ones before is gone, and the field is free for the next. They are looked at
        at once, unless that would stop other work."""
        self.finder.take([_received(file) for file in files or ()])
        if self.finder.asked and not self._session.desk.busy:
            self._wiring.work.begin(self.finder.find, *_WORDS)
        return {**self.show(), self._files: None}

    def show(self) -> Updates:
        """What is known by now."""
        answer = self.finder.answer
        return {
            self._verify: gr.update(visible=answer is not None and bool(answer.shown.ranking)),
            self._answer: answer_panel(self.finder, self._session),
        }

    def act(self, asked: str) -> Updates:
        """What a button on a card asks for; long work is begun here and followed after."""
        finder = self.finder
        match json.loads(asked) if asked else {}:
            case {"find": "not this", "name": key}:
                finder.leave_out(key)
            case {"find": "all again"}:
                finder.bring_back()
            case {"find": "forget"}:
                finder.take(())
            case {"find": "load", "name": key}:
                self._wiring.work.begin(lambda: finder.load(key), "Not loaded.", "Loaded.")
        return self.show()


def _received(file: Any) -> Asked:  # noqa: ANN401 - gradio 3 gives an object with two names, 4 a path
    """Read a picture that the browser has sent, and remove what gradio has kept of it on disk: the upload, and in
    gradio 3 a copy as well."""
    path, upload = Path(getattr(file, "name", file)), Path(getattr(file, "orig_name", file))
    asked = Asked(path.name, path.read_bytes())
    for kept in {path, upload}:
        with suppress(OSError):
            kept.unlink()
            kept.parent.rmdir()  # it has the digest of the picture as its name
    return asked
