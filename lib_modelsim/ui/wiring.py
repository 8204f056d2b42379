"""How events are answered: at once and one after another, beside each other, or when long work has ended."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ..hosts.host import Host
from ..templates import render
from .foreign import is_foreign
from .windows import asked_by
from .work import Updates, Work

Event = Callable[..., Dependency]
"""What takes a handler: a component's `click`, or `then` of an earlier answer."""

_DROPS = int(gr.__version__.split(".")[0]) < 4
_EVERY: dict[str, Any] = {} if _DROPS else {"trigger_mode": "multiple"}
"""Else gradio drops what is asked for while the one before is on its way; gradio 3 always does."""

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_name": False, **_EVERY}
"""Long work has a queue of its own; nothing goes through gradio's."""


class Wiring:
    """Connects the events of all pages; `work` is the jobs on the page. Each event brings the
    name of its browser window along, for which it is then answered."""

    def __init__(self, work: Work, host: Host, window: gr.Textbox) -> None:
        self.work, self._host, self._window = work, host, window
        self._one_at_a_time = Lock()

    def at_once(
        self,
        event: Event,
        answer: Callable[..., object],
        inputs: Any,  # noqa: ANN401 - components of gradio
        outputs: Any,  # noqa: ANN401 - the same
    ) -> Dependency:
        """Answer an event one after another: what was found out earlier must not arrive later."""

        def in_turn(*values: object) -> object:
            with self._one_at_a_time:
                return answer(*values)

        return self.beside(event, in_turn, outputs, inputs)

    def settle(self, seen: gr.Textbox, answer: Callable[..., Updates], inputs: Any, outputs: Any) -> None:  # noqa: ANN401
        """Ask once more when an answer has arrived: `seen` says what it shows, which may not be what the controls say
        by then. An answer can overtake a later one on its way, and gradio 3 drops what is asked for meanwhile: also
        this, so the script asks about what arrived meanwhile as soon as it has been answered, by a space behind it."""
        if not _DROPS:
            self.at_once(seen.change, answer, inputs, outputs)
            return
        checked = gr.HTML(visible=False)

        def check(value: str, *values: object) -> Updates:
            value = value.rstrip(" ")
            told = render("ui/templates/checked.html", seen=seen.elem_id, checked=value)
            return {**answer(value, *values), checked: told}

        self.at_once(seen.change, check, inputs, [checked, *outputs])

    def beside(
        self,
        event: Event,
        answer: Callable[..., object],
        outputs: Any,  # noqa: ANN401 - components of gradio
        inputs: Any = None,  # noqa: ANN401 - the same
    ) -> Dependency:
        """Answer an event beside others, which it may outlast by seconds."""

        def answered(request: gr.Request, window: str, *values: object) -> object:  # gradio adds the request
            if request is not None and is_foreign(dict(request.headers)):
                raise gr.Error("This request comes from another web page.")
            with asked_by(window):
                return answer(*values)

        answered.__annotations__ = {"request": gr.Request}  # gradio would evaluate all of them, twice for each event
        return event(answered, self._with_window(inputs), outputs, **_AT_ONCE)

    def when_ended(
        self,
        owner: str,
        answer: Callable[..., object],
        inputs: Any,  # noqa: ANN401 - components of gradio
        outputs: Any,  # noqa: ANN401 - the same
    ) -> Dependency:
        """Show what came of this owner's work whenever some has ended, in each window that is to know."""
        ended, told = self.work.field_of(owner)
        shown = self.at_once(ended.input, answer, inputs, outputs)

        def tell(count: str) -> str:
            return render("ui/templates/ended_shown.html", owner=owner, count=count)

        self.beside(shown.then, tell, told, ended)
        return shown

    def tell_menu(self, done: Dependency) -> None:
        """Tell the host's own menu of checkpoints, where it has one, what is loaded by then."""
        if menu := self._host.menu():
            self.beside(done.then, self._menu, menu.dropdown)

    def _menu(self) -> object:
        menu = self._host.menu()
        return gr.update(choices=list(menu.choices), value=menu.value)

    def _with_window(self, inputs: Any) -> list[Any]:  # noqa: ANN401 - components of gradio
        if inputs is None:
            return [self._window]
        return [self._window, *inputs] if isinstance(inputs, (list, tuple)) else [self._window, inputs]


def without_value(update: object) -> Updates:
    """The update of a control without its value: a person may have chosen another one meanwhile."""
    kept = update if isinstance(update, dict) and "__type__" in update else {}
    return gr.update(**{name: value for name, value in kept.items() if name not in ("value", "__type__")})
