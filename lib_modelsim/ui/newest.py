"""How new a part of the page is, as the page itself remembers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import gradio as gr

from .windows import Windows


@dataclass
class _Followed:
    """What the part followed from when a window last asked, and how often that was another."""

    known: object = None
    number: int = 0


class Newest:
    """A hidden field beside a part of the page, into which each answer that shows all of the part writes its number:
    the page then asks whether it shows what is newest, as an older answer may have arrived last.

    `known` is all that the part follows from. The number counts how often that was another one; behind it is one that
    no other answer has, so that gradio takes each answer for a change."""

    def __init__(self, elem_id: str, known: Callable[[], object]) -> None:
        self.field = gr.Textbox(elem_id=elem_id, show_label=False)
        self._known, self._windows, self._answers = known, Windows(_Followed, share=True), count(1)

    def told(self) -> str:
        """What an answer made of what is known now writes down; to be asked for before the answer is made, as more may
        become known meanwhile."""
        return f"{self._now()} {next(self._answers)}"

    def is_in(self, told: str) -> bool:
        """Whether an answer that wrote this down is still what would be shown."""
        return told.partition(" ")[0] == str(self._now())

    def _now(self) -> int:
        last, known = self._windows.here(), self._known()
        if known != last.known:
            last.known, last.number = known, last.number + 1
        return last.number
