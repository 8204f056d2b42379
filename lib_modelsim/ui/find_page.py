"""Find my model: pictures in, the answer with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from .answer import answer_panel
from .finder import Finder
from .session import Session
from .studio import Studio
from .tasks import Task
from .wiring import Wiring
from .work import Updates

FIND_FIELD = "modelsim_find_field"
"""Id of the hidden text field into which the script writes what a button on a card asks for."""


class FindPage:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    def __init__(self, session: Session, studio: Studio, wiring: Wiring) -> None:
        self.finder, self._wiring = Finder(session.desk, studio), wiring
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
        self._answer = gr.HTML(answer_panel(None, session.desk.host), elem_id="modelsim_answer")
        with gr.Row(elem_id="modelsim_hidden"):
            self._field = gr.Textbox(elem_id=FIND_FIELD, show_label=False)
        self.outputs = [self._verify, self._answer]

    def connect(self) -> None:
        """Set going what each control is for."""
        wiring, outputs = self._wiring, self.outputs
        wiring.at_once(self._files.change, self.take, self._files, outputs)
        for button, task in ((self._find, self.finder.find), (self._verify, self.finder.verify)):
            followed = wiring.in_turn(button.click, partial(self.follow, task))
            wiring.at_once(followed.then, self.show, None, outputs)
        wiring.at_once(self._field.input, self.act, self._field, outputs)

    def follow(self, task: Callable[[], Task]) -> Iterator[Updates]:
        """Follow a task to its end."""
        self._wiring.work.begin(task, "Stopped. What was learned is kept.")
        yield from self._wiring.work.follow_begun()

    def take(self, files: Any) -> Updates:  # noqa: ANN401 - gradio 3 gives objects with a name, 4 paths
        """Other pictures: the answer to the ones before is gone."""
        if files:
            self.finder.take([Path(getattr(file, "name", file)) for file in files])
        return self.show()

    def show(self) -> Updates:
        """What is known by now."""
        finder = self.finder
        return {
            self._verify: gr.update(visible=finder.found is not None and bool(finder.found.ranking)),
            self._answer: answer_panel(finder.found, finder.desk.host, finder.verified),
        }

    def act(self, asked: str) -> Updates:
        """What a button on a card asks for."""
        wanted = json.loads(asked) if asked else {}
        if wanted.get("find") == "not this":
            self.finder.not_this(wanted["name"])
        return self.show()
