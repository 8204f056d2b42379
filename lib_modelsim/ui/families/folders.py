"""The folders that the page looks in without a WebUI: which there are, one more, one less, the demonstration."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import gradio as gr

from ...hosts.folder_list import FolderList
from ...templates import render
from ...text import counted
from ...workspace.catalogue.table import LibraryRow
from ..choices import LIBRARY
from ..view_state import ViewState
from ..work import Updates

_EXAMPLE = "~/stable-diffusion-webui/models/Stable-diffusion"
_STOPPED = "Stopped. What was read so far is kept."


class _Folder(NamedTuple):
    """A folder, what is in it, and whether it is `there`; one that was `given` at the start stays."""

    path: str
    name: str
    told: str
    there: bool
    given: bool


class FoldersPanel:
    """The folders, and a field for one more; nothing in a WebUI, which has a folder of its own."""

    def __init__(self, session: ViewState) -> None:
        self._session = session
        self._panel = gr.HTML(elem_id="modelsim_folders", visible=False)
        self.outputs = [self._panel]

    def updates(self) -> Updates:
        """With the library; beside a drawing only where there is something to do: while nothing but the demonstration
        is shown, or where a folder is not there."""
        folders = self._session.backend.host.folders
        if folders is None:
            return {self._panel: gr.update(visible=False)}
        rows = self._session.backend.rows
        listed = [_folder(path, folders, rows) for path in folders.paths]
        gone = sum(not each.there for each in listed)
        in_library = self._session.choices.view == LIBRARY
        if not (in_library or gone or not folders.own):
            return {self._panel: gr.update(visible=False)}
        html = render(
            "ui/templates/folders.html",
            folders=listed,
            gone=gone,
            alone=not folders.own,
            demonstration=not folders.shows_demonstration,
            opened=in_library and (bool(gone) or not rows),
            example=os.path.normpath(os.path.expanduser(_EXAMPLE)),  # noqa: PTH111 - pathlib's raises without a home
        )
        return {self._panel: gr.update(visible=True, value=html)}

    def change(self, asked: dict[str, str], begin: Callable[..., None]) -> None:
        """Begin what a button of the panel asks for, and show the library, where it ends."""
        backend = self._session.backend
        match asked:
            case {"do": "add folder", "path": typed}:
                begin(lambda: backend.add_folder(typed), _STOPPED)
            case {"do": "remove folder", "path": path}:
                begin(lambda: backend.remove_folder(Path(path)), _STOPPED)
            case {"do": "show demonstration"}:
                begin(backend.show_demonstration, _STOPPED)
        self._session.choose(view=LIBRARY)


def _folder(path: Path, folders: FolderList, rows: list[LibraryRow]) -> _Folder:
    inside = [row for row in rows if row.path.is_relative_to(path)]
    there = not any(row.path == path and row.size is None for row in inside)
    told = counted(len(inside), "checkpoint") if inside else "no checkpoints"
    told += ", named at the start" if path in folders.given else ""
    return _Folder(
        path=str(path),
        name="Demonstration" if path == folders.demonstration else str(path),
        told=told if there else "not there: connect its drive, or remove it; what is known of its models is kept",
        there=there,
        given=path in folders.given,
    )
