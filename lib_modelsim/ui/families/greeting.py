"""What a person sees before all else on the first day: what this is, and a card for each page."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import NamedTuple

import gradio as gr

from ...templates import render
from ...text import readable
from ..view_state import ViewState
from ..work import Updates


class _Card(NamedTuple):
    """A page by its title, what a person gets there, its picture, and the button that it begins with, if it does."""

    page: str
    gives: str
    picture: str = ""
    press: str = ""


_CARDS = (
    _Card(
        "Families",
        "Which models are copies, which are relatives: a tree with classes.",
        "families.webp",
        "modelsim_generate",
    ),
    _Card("Probes", "What each model generates: the same pictures from every one, side by side.", "probes.webp"),
    _Card("Find my model", "Which model made a picture: drop one, and see the evidence.", "find.webp"),
)

_MORE = (
    _Card("Recipe", "What a checkpoint is made of: its parents, their shares, the method."),
    _Card("Curate", "The best of many pictures, where models fail, and duplicates: choose a folder."),
)

_PICTURES = Path(__file__).parents[2] / "demo" / "cards"
"""Pictures of what the program makes of its demonstration."""

_DOCUMENTATION = Path(__file__).parents[3] / "docs"


@cache
def _picture(name: str) -> str:
    return b64encode((_PICTURES / name).read_bytes()).decode()


class Greeting:
    """Shown until the first families were, or until it is closed, and then never again: who works here daily knows
    what a page is for, and the table or the tree belongs at the top."""

    def __init__(self, session: ViewState) -> None:
        self._session = session
        self._greeting = gr.HTML(elem_id="modelsim_greeting", visible=False)
        self.outputs = [self._greeting]

    def updates(self) -> Updates:
        """The greeting, while it is to be seen."""
        if self._session.choices.greeted:
            return {self._greeting: gr.update(visible=False)}
        html = render(
            "ui/templates/greeting.html",
            cards=[(card, _picture(card.picture)) for card in _CARDS],
            more=_MORE,
            empty=not self._session.backend.rows,
            documentation=readable(_DOCUMENTATION) if _DOCUMENTATION.is_dir() else "",
        )
        return {self._greeting: gr.update(visible=True, value=html)}
