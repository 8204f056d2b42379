"""Which encoder the search uses: the choice, its state, and the download of what it lacks."""

from __future__ import annotations

import gradio as gr

from ...errors import for_page
from ...workspace.finding.encoders import label_of, name_of, offered
from ..status import message
from ..wiring import Event, Wiring
from ..words import capital
from ..work import Updates
from .encoder_choice import EncoderChoice


class EncodersPanel:
    """An accordion; made inside gradio's Blocks."""

    id = "encoders"

    def __init__(self, choice: EncoderChoice) -> None:
        self._choice = choice
        with gr.Accordion("Encoder: how pictures are compared", open=False, elem_id="modelsim_encoders"):
            self._encoder = gr.Dropdown(
                self._offered(),
                value=label_of(choice.name),
                label="Encoder (or type an open_clip model: ARCHITECTURE/TAG or ARCHITECTURE/FILE.safetensors)",
                allow_custom_value=True,
                elem_id="modelsim_encoder",
            )
            self._state = gr.HTML(elem_id="modelsim_encoder_state")
            self._download = gr.Button(visible=False, elem_id="modelsim_encoder_download")
            self.vaes = gr.Checkbox(
                choice.vaes,
                label="Also find the VAE that the picture came out of: loads each one that your models have",
                elem_id="modelsim_vaes",
            )
        for control in (self._encoder, self.vaes):
            control.do_not_save_to_config = True
        self.outputs = [self._encoder, self._state, self._download]

    def connect(self, wiring: Wiring, opened: Event) -> None:
        """Set going what each control is for."""
        wiring.at_once(self.vaes.input, self._choice.compare_vaes, self.vaes, None)
        wiring.at_once(opened, lambda: self._choice.vaes, None, self.vaes)
        chosen = wiring.at_once(self._encoder.input, self.choose, self._encoder, self.outputs)
        wiring.beside(chosen.then, self.show, self.outputs)
        wiring.at_once(self._download.click, lambda: self._begin(wiring), None, None)
        wiring.when_ended(self.id, self.show, None, self.outputs)

    def choose(self, label: str | None) -> Updates:
        """Take another encoder; what state it is in is found out by `show`."""
        self._choice.choose(name_of(label))
        return {self._state: message("Checking the encoder …"), self._download: gr.update(visible=False)}

    def show(self) -> Updates:
        """The encoder chosen, whether it can be used, and what a click would download."""
        found = self._choice.look()
        wanted = found.download
        return {
            self._encoder: gr.update(choices=self._offered(), value=label_of(self._choice.name)),
            self._state: message(capital(for_page(found.words)), "done" if found.ready or wanted else "error"),
            self._download: gr.update(visible=wanted is not None, value=capital(wanted or "")),
        }

    def _begin(self, wiring: Wiring) -> None:
        stopped = "Stopped. What was downloaded is kept. To go on, press it again."
        wiring.work.begin(self.id, self._choice.download, stopped)

    def _offered(self) -> list[str]:
        """All that there are to choose from; besides, the one chosen."""
        return [label_of(name) for name in dict.fromkeys([*offered(self._choice.backend.host), self._choice.name])]
