"""The suites: looked at, edited, added, imported, exported and removed."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import ModelsimError
from ..status import message
from ..wiring import Wiring
from ..work import Updates
from .studio import Studio
from .suite_menu import suite_file, suite_named

if TYPE_CHECKING:
    from ...probes.suite import Suite


SUITE_FIELD = "modelsim_suite_field"
"""Id of a hidden text field into which the script writes the file to import: with gradio's own button for files,
browsers may have any file of this machine read, and any address."""


class SuitesPanel:
    """An accordion with the suite's text: its JSON, prompts one per line, or an infotext pasted from a picture."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._exports = studio, 0
        with gr.Accordion("Edit, add or import suites", open=False, elem_id="modelsim_suites"):
            with gr.Row():
                self._name = gr.Textbox(label="Name", elem_id="modelsim_suite_name", scale=2, min_width=140)
                self._show = gr.Button("Show selected suite", elem_id="modelsim_suite_show", scale=0, min_width=180)
                self._save = gr.Button("Save", elem_id="modelsim_suite_save", scale=0, min_width=80)
                self._remove = gr.Button("Remove", elem_id="modelsim_suite_remove", scale=0, min_width=80)
                gr.Button("Import file", elem_id="modelsim_suite_import", scale=0, min_width=120)
                self._export = gr.Button("Export file", elem_id="modelsim_suite_export", scale=0, min_width=120)
            self._text = gr.Textbox(
                label="Suite: JSON, or prompts (one per line), or the infotext of a picture",
                lines=8,
                max_lines=24,
                elem_id="modelsim_suite_text",
            )
            self._said = gr.HTML(elem_id="modelsim_suite_said")
            with gr.Row(elem_id="modelsim_suite_hidden"):
                self._file = gr.Textbox(elem_id=SUITE_FIELD, show_label=False)
                self._exported = gr.HTML(elem_id="modelsim_suite_exported")
        for control in (self._name, self._text):
            control.do_not_save_to_config = True

    def connect(
        self, wiring: Wiring, chosen: gr.Dropdown, opened: Callable[[str], Updates], outputs: list[Any]
    ) -> None:
        """`opened` shows the page of probes with a suite chosen."""
        own = [self._name, self._text, self._said]
        wiring.at_once(self._show.click, self.shown, chosen, own)
        wiring.at_once(self._export.click, self.exported, chosen, [self._exported, self._said])
        wiring.at_once(self._file.input, self.imported, self._file, own)
        for button, act in ((self._save, self.saved), (self._remove, self.removed)):
            acted = wiring.at_once(button.click, act, [self._name, self._text], own)
            wiring.at_once(acted.then, opened, self._name, outputs)

    def shown(self, chosen: str | None) -> Updates:
        """The text of the suite chosen."""
        return self._told(lambda: (self._chosen(chosen), "Edit it, change its name and press Save."))

    def exported(self, chosen: str | None) -> Updates:
        """The file of the suite chosen, as a download."""
        try:
            suite = self._chosen(chosen)
        except ModelsimError as error:
            return {self._exported: "", self._said: message(str(error), "error")}
        self._exports += 1
        told = message(f"{suite.name} is in your browser's downloads. Import file reads it, on another machine, too.")
        return {self._exported: suite_file(suite, str(self._exports)), self._said: told}

    def _chosen(self, shown: str | None) -> Suite:
        name = suite_named(shown, self._studio.backend.suites.all())
        if name is None:
            raise ModelsimError("no suite is chosen", None, "choose one in the field Suite")
        return self._studio.backend.suites.named(name)

    def imported(self, sent: str) -> Updates:
        """The text of a file that is a suite, prompts, an infotext, or a picture with one."""
        return self._told(lambda: (self._read(**json.loads(sent)), "File read. Press Save to keep the suite."))

    def saved(self, name: str, text: str) -> Updates:
        """Keep the text as a suite of this name."""
        return self._told(lambda: self._save_text(name.strip(), text))

    def removed(self, name: str, _: str) -> Updates:
        """Forget a suite of the person's own."""
        try:
            self._studio.backend.suites.remove(name.strip())
        except ModelsimError as error:
            return {self._said: message(str(error), "error")}
        return {self._name: "", self._text: "", self._said: message(f"Suite {name} removed. Its images are kept.")}

    def _read(self, name: str, data: str, **_: object) -> Suite:
        """A file as the script sends it: its name, and its content in base64."""
        from ...probes.naming import file_name

        stem, _, ending = name.rpartition(".")
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{file_name(stem)}.{file_name(ending)}"
            path.write_bytes(b64decode(data))
            return self._studio.backend.suites.from_file(path)

    def _save_text(self, name: str, text: str) -> tuple[Suite, str]:
        """A suite's own JSON under the name given, or anything that can be imported."""
        from ...probes.suite import from_document

        if not name:
            raise ModelsimError("the suite has no name", None, "enter one in the field Name")
        try:
            document = json.loads(text)
        except ValueError:
            suite = self._studio.backend.suites.from_text(text, name)
        else:
            suite = from_document({**document, "name": name} if isinstance(document, dict) else document)
        return suite, f"Saved to {self._studio.backend.suites.save(suite, instead=True)}."

    def _told(self, act: Callable[[], tuple[Suite, str]]) -> Updates:
        """Does something with a suite, shows it and says what became of it."""
        from ...probes.suite import to_json

        try:
            suite, words = act()
        except ModelsimError as error:
            return {self._said: message(str(error), "error")}
        return {self._name: suite.name, self._text: to_json(suite), self._said: message(words)}
