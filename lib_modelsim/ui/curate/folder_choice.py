"""Which folder of pictures is curated: our own gallery, a folder that the WebUI saves into, any other one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...templates import render
from ...text import counted, readable, several
from ...workspace.curating.choosing_folder import Offered
from ..view_state import ViewState
from ..work import Updates
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:  # NumPy comes with it
    from ...curate.collection import Collection as Pictures

_TOLD = 20
"""Files that cannot be read which get a line; of more it says how many."""


class FolderChoice:
    """A line of buttons and a field; made inside gradio's Blocks."""

    id, title = "folder", "Folder"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._panel = gr.HTML(elem_id="modelsim_curate_folder")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Open a folder, and with `picture` that one of its pictures."""
        match action:
            case {"do": "open", "path": str(path)}:
                curator.typed = path
                picture = str(action.get("picture", ""))
                begin(lambda: curator.open(path, picture), "Stopped. What was read so far is kept.")
        return ()

    def show(self, curator: Curator) -> Updates:
        """The folders that are offered, the one that is looked at, and what is known of it."""
        host, found = self._backend.host, curator.collection
        offered = self._backend.curating.offered()
        chosen = found.folder if found is not None else None
        panel = render(
            "ui/templates/curate_folder.html",
            offered=[(each, readable(each.folder), each.folder == chosen) for each in offered],
            typed=curator.typed if not any(readable(each.folder) == curator.typed for each in offered) else "",
            refused=host.cannot.get("folders", ""),
            told=_told(found, offered) if found is not None else "",
            unreadable=[why for _, why in list(found.unreadable.items())[:_TOLD]] if found is not None else [],
            more=max(len(found.unreadable) - _TOLD, 0) if found is not None else 0,
        )
        return {self._panel: panel}


def _told(found: Pictures, offered: list[Offered]) -> str:
    """How many pictures there are, by whom, and of how many the prompt is known."""
    pictures = found.pictures
    models = sorted({each.model for each in pictures if each.model}, key=str.lower)
    prompts = sum(bool(each.prompt) for each in pictures)
    parts = [counted(len(pictures), "picture")]
    if models:
        parts[0] += f" by {several(models, 3)}" if len(models) <= 3 else f" by {counted(len(models), 'model')}"
    if not prompts:
        parts.append("none tells its prompt")
    elif prompts < len(pictures):
        parts.append(f"{prompts:,} tell their prompt")
    named = next((each.name for each in offered if each.folder == found.folder), None)
    return f"{named or _name(found.folder)}: {'; '.join(parts)}."


def _name(folder: Path) -> str:
    return readable(folder.name or folder)
