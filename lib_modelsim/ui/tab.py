"""The tab: its layout, and what each control sets going. The same in a WebUI and standalone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr
from gradio.events import Dependency

from . import references
from .choices import LIBRARY, TREE
from .chosen import ChosenPanel
from .desk import Desk
from .families import FamiliesControls, FamiliesPanel
from .naming import save_name
from .session import Session
from .status import message
from .words import size
from .work import Work

STYLE = Path(__file__).parents[2] / "style.css"
SCRIPTS = sorted((Path(__file__).parents[2] / "javascript").glob("*.js"))

Updates = dict[Any, Any]
"""Component → its new value, as gradio takes it."""

_QUIET = {"show_progress": "hidden", "api_name": False}
_AT_ONCE = {"queue": False, **_QUIET}
"""Long work is queued; all that answers at once is not, and so works beside it."""


def build_tab(desk: Desk) -> gr.Blocks:
    """The tab as gradio's Blocks, for a WebUI or a page of its own. Nothing is read before it is looked at."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        Tab(Session(desk))
    return blocks


class Tab:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._one_at_a_time = Lock()
        with gr.Column(elem_id="modelsim_tab"):
            self._controls = FamiliesControls(session)
            with gr.Row(elem_id="modelsim_bar"):
                status = gr.HTML(message(""), elem_id="modelsim_status")
                self._index = gr.Button("Index what is new", elem_id="modelsim_index", scale=0, min_width=160)
                self._hash = gr.Button("Find identical files", elem_id="modelsim_hash", visible=False, scale=0)
                self._refresh = gr.Button("Refresh", elem_id="modelsim_refresh", scale=0, min_width=90)
            with gr.Row(elem_id="modelsim_panels"):
                with gr.Column(scale=8, min_width=320):
                    self._families = FamiliesPanel(session)
                with gr.Column(scale=4, min_width=320):
                    self._chosen = ChosenPanel(session)
            self._opened = gr.Button("open", elem_id="modelsim_open", visible=True)  # pressed by the script
        self.work = Work(session, status, self._controls.stop)
        self._connect()

    @property
    def _all(self) -> list[Any]:
        return [
            *self._controls.outputs,
            *self._families.outputs,
            *self._chosen.outputs,
            self._index,
            self._hash,
        ]

    def show(self) -> Updates:
        """Everything as chosen and known by now."""
        return {
            **self._controls.updates(),
            **self._families.updates(),
            **self._chosen.updates(),
            **self._buttons(),
        }

    def _connect(self) -> None:
        work, controls, families, chosen = self.work, self._controls, self._families, self._chosen
        self._at_once(self._opened.click, self.look)
        self._at_once(self._refresh.click, self._refreshed)
        controls.stop.click(work.stop, None, None, **_AT_ONCE)
        self._start(self._index.click, work.index)
        self._start(self._hash.click, work.hash_all)
        self._compare(self._at_once(controls.go.click, self.towards_tree).then)
        for control, meaning in [*controls.taken(), *families.taken()]:
            taken = self._at_once(control.input, self._taker(meaning), control)
            if control in (controls.measure, controls.base):
                self._compare(taken.then)
            elif control is not families.view:
                self._weigh(taken)
        for button, inputs, act in (
            (controls.suggest, controls.count, references.suggest),
            (controls.load, None, references.load),
            (controls.save, None, references.save),
        ):
            self._weigh(self._at_once(button.click, self._telling(act, controls.said), inputs))
        exported = [families.exporting, families.exported]
        begun = families.export.click(families.begin_export, None, exported, **_AT_ONCE)
        begun.then(families.run_export, None, exported, **_AT_ONCE)
        self._at_once(chosen.chosen_field.input, chosen.choose, chosen.chosen_field, chosen.outputs)
        self._at_once(chosen.family_field.input, chosen.choose_family, chosen.family_field, chosen.outputs)
        acted = self._at_once(chosen.action_field.input, self.act, chosen.action_field)
        followed = acted.then(work.follow_begun, None, work.outputs, **_QUIET)
        self._at_once(followed.then, chosen.updates, None, chosen.outputs)

    def _at_once(
        self,
        event: Callable[..., Dependency],
        answer: Callable[..., object],
        inputs: Any = None,  # noqa: ANN401 - a component of gradio
        outputs: Any = None,  # noqa: ANN401 - the same
    ) -> Dependency:
        """Answer an event one after another: what was found out earlier must not arrive later."""

        def in_turn(*values: object) -> object:
            with self._one_at_a_time:
                return answer(*values)

        return event(in_turn, inputs, outputs or self._all, **_AT_ONCE)

    def _start(self, event: Callable[..., Dependency], task: Callable[..., object]) -> Dependency:
        """Follow a task to its end, then show everything."""
        begun = event(self.work.take_turn, None, None, **_AT_ONCE)
        done = begun.then(task, None, self.work.outputs, **_QUIET)
        return self._at_once(done.then, self.look)

    def _compare(self, event: Callable[..., Dependency]) -> None:
        """Compare, show the families, weigh their classes, then look for what hashes can tell."""
        weighed = self._weigh(self._start(event, self.work.compare))
        hashed = weighed.then(self.work.hash_few, None, self.work.outputs, **_QUIET)
        self._at_once(hashed.then, self.look)

    def _weigh(self, shown: Dependency) -> Dependency:
        """Weigh the classes shown, in a step of its own, as it may take a second."""
        weighed = shown.then(self._weigh_shown, None, None, **_AT_ONCE)
        return self._at_once(weighed.then, self._families.named_classes, None, self._families.classes)

    def _weigh_shown(self) -> None:
        shown = self.session.shown()
        if shown.family is not None and not self.session.desk.busy:
            shown.answer.weigh(shown.how, shown.family)

    def _taker(self, meaning: Callable[[Any], dict[str, object]]) -> Callable[[object], Updates]:
        """Takes a control's value down as a choice, and shows what follows."""

        def take(value: object) -> Updates:
            self.session.choose(**meaning(value))
            return self.show()

        return take

    def _telling(self, act: Callable[..., str], said: gr.HTML) -> Callable[..., Updates]:
        """Does something, shows what follows, and tells what became of it."""

        def told(*values: object) -> Updates:
            text = act(self.session, *values)
            return {**self.show(), said: text}

        return told

    def towards_tree(self) -> Updates:
        """Who asks for families wants to see them."""
        if self.session.choices.view == LIBRARY:
            self.session.choose(view=TREE)
        return self.show()

    def _refreshed(self) -> Updates:
        desk = self.session.desk
        desk.host.refresh()
        if desk.host.settings().index_new and not desk.busy:
            desk.hash_files()
        return self.look()

    def look(self) -> Updates:
        """Everything, after another look at the files."""
        self.session.desk.look()
        return self.show()

    def act(self, action: str) -> Updates:
        """What a button or a field inside a panel's HTML asks for; long work is begun here and followed after."""
        asked = json.loads(action) if action else {}
        session, said = self.session, self._chosen.said
        match asked:
            case {"do": "load", "name": name}:
                self.work.begin(lambda: session.desk.load(name), "Not loaded.")
            case {"do": "compare", "name": name}:
                self.work.begin(lambda: session.begin_detail(name), "Stopped.")
            case {"do": "close"}:
                session.choose(other=None)
                return self._chosen.updates()
            case {"do": "reference", "name": name}:
                session.toggle_reference(name)
                return self.show()
            case {"do": "name"}:
                told = save_name(session, asked)
                return {**self.show(), said: told}
        return {said: ""}

    def _buttons(self) -> Updates:
        left = self.session.desk.unhashed
        return {
            self._index: gr.update(),
            self._hash: gr.update(visible=left > 0, value=f"Find identical files: reads {size(left)}"),
        }
