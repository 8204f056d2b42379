"""The address of a running WebUI that is to generate the images, in place of our own engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ...errors import ModelsimError, joined
from ...text import counted
from ..status import message
from ..view_state import ViewState
from ..wiring import Event, Wiring
from ..work import Updates

_WITHOUT = " To generate without a WebUI, empty this field."


class WebuiField:
    """The field, and beside it whether a WebUI answers there; it is asked as soon as one is entered. Hidden in a WebUI,
    which generates itself."""

    def __init__(self, session: ViewState) -> None:
        self._session, self._here = session, session.backend.host.is_webui
        self._wrong = ""  # why what was entered last is no address
        with gr.Row(visible=not self._here, elem_id="modelsim_webui") as self.row:
            self._address = gr.Textbox(
                label="WebUI address (leave empty to generate without one)",
                placeholder="http://127.0.0.1:7860",
                max_lines=1,
                elem_id="modelsim_webui_address",
                scale=1,
                min_width=280,
            )
            self._said = gr.HTML(elem_id="modelsim_webui_said")
        self._address.do_not_save_to_config = True
        self.outputs = [self._address, self._said]

    def connect(self, wiring: Wiring, opened: Event, show: Callable[..., Updates], *shown: list[Any]) -> None:
        """`show` answers with the page as it is with another engine; `shown` are its inputs and outputs."""
        if self._here:
            return
        self._ask(wiring, wiring.at_once(opened, self.show, self._address, self.outputs).then)
        for event in (self._address.submit, self._address.blur):
            entered = wiring.at_once(event, self.entered, self._address, self.outputs)
            self._ask(wiring, entered.then)
            wiring.at_once(entered.then, show, *shown)

    def _ask(self, wiring: Wiring, event: Event) -> None:
        wiring.beside(event, self.asked, self._said)

    def show(self, had: str | None = None) -> Updates:
        """The address as it was chosen; a field that has it already is not sent it, as a person may be typing."""
        self._wrong = ""
        address = self._session.choices.webui
        return {self._address: gr.update() if had == address else address, self._said: _asking(address)}

    def entered(self, text: str | None) -> Updates:
        """Generate with the WebUI at this address from now on. What is no address is told, and changes nothing."""
        text, had = (text or "").strip(), self._session.choices.webui
        try:
            self._session.generate_with(text)
        except ModelsimError as error:
            self._wrong = joined(str(error), ". What generates has not changed.")
            return {self._address: gr.update(), self._said: message(self._wrong, "error")}
        if text == had and not self._wrong:
            return {self._address: gr.update(), self._said: gr.update()}
        return self.show(text)

    def asked(self) -> str:
        """Whether it answers; of two that are asked at once the one chosen last is told."""
        while True:
            address = self._session.choices.webui
            said = self._answer()
            if address == self._session.choices.webui:
                return message(self._wrong, "error") if self._wrong else said

    def _answer(self) -> str:
        try:
            found = self._session.ask_webui()
        except ModelsimError as error:
            return message(joined(str(error), ".", _WITHOUT), "error")
        if found is None:
            return ""
        name, count = found
        return message(f"{name} answers. It generates the images, with its {counted(count, 'model')}.")


def _asking(address: str) -> str:
    return message(f"Asking {address} …", "stopped") if address else ""
