"""The pages of the tab: a package each. docs/extending.md shows how to add one."""

from __future__ import annotations

from typing import ClassVar, Protocol

from .curate.page import CuratePage
from .families.page import FamiliesPage
from .find.page import FindPage
from .probes.page import ProbesPage
from .recipe.page import RecipePage
from .view_state import ViewState
from .wiring import Event, Wiring


class TabPage(Protocol):
    """A page, laid out by its constructor inside gradio's Blocks."""

    id: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, session: ViewState, wiring: Wiring) -> None: ...

    def connect(self, opened: Event) -> None:
        """Set going what each control is for. `opened` is the event of a person coming to the page; before it nothing
        is read."""


PAGES: list[type[TabPage]] = [FamiliesPage, RecipePage, ProbesPage, FindPage, CuratePage]
"""In the order of their tabs; the first is what a person sees first."""
