"""What a part of the page Curate must do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Protocol

from ..view_state import ViewState
from ..work import Updates
from .session import Curator

Begin = Callable[..., None]
"""Puts long work into the queue: `begin(task, stopped, done)`. `task` is called for the Task; the sentences are for
when it is stopped, and when it is done and says nothing itself."""


class Panel(Protocol):
    """A part of the page, laid out by its constructor inside gradio's Blocks. All panels are shown anew when work has
    ended or the page is opened; after what a person did, those that `act` names."""

    id: ClassVar[str]
    """By which the script names it in an action."""

    title: ClassVar[str]
    """On its tab."""

    outputs: list[Any]
    """gradio's components that `show` gives values for."""

    def __init__(self, session: ViewState) -> None: ...

    def show(self, curator: Curator) -> Updates:
        """What is known by now."""

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str] | None:
        """What a person asks for, in `action`, in which anything may stand; the ids of the panels that are to be shown
        anew, None for itself alone. Raises ModelsimError, which is told above the panels."""
