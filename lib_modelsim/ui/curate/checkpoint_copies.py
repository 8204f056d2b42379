"""Which checkpoints are the same, and what could be freed: one list on the page, to copy or to save."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import gradio as gr

from ...errors import for_page
from ...job import Job
from ...templates import render
from ...text import counted, readable
from ...workspace.workspace import Workspace
from ..view_state import ViewState
from ..words import capital
from ..work import Updates
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:
    from ...workspace.catalogue.checkpoint_copies import CheckpointCopies, SameCheckpoints

_GROUPS = 100
"""Groups that are shown; of more it says how many. The list to copy or save has all."""

_STOPPED = "Stopped. What was hashed is kept."


class CheckpointCopiesPanel:
    """A button and a list; made inside gradio's Blocks. The checkpoints are everybody's, and so is the list."""

    id, title = "checkpoint_copies", "Checkpoints"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._found: CheckpointCopies | None = None
        self._panel = gr.HTML(elem_id="modelsim_curate_checkpoint_copies")
        self.outputs = [self._panel]

    def act(
        self,
        action: Mapping[str, Any],
        curator: Curator,  # noqa: ARG002 - the list is everybody's
        begin: Begin,
    ) -> Collection[str]:
        """Make the list anew."""
        match action:
            case {"do": "list", **more}:
                quick = more.get("quick") == "yes"
                title = "Look for copies of checkpoints"
                begin(lambda: self._backend.run(("checkpoint copies", quick), self._work(quick), title), _STOPPED)
        return (self.id,)

    def _work(self, quick: bool) -> Any:  # noqa: ANN401 - what the backend runs
        def work(job: Job, workspace: Workspace) -> None:
            self._found = workspace.checkpoint_copies(job, quick)

        return work

    def show(self, curator: Curator) -> Updates:  # noqa: ARG002 - as above
        """The list, or what it would tell."""
        found = self._found
        text = _text(found) if found is not None else ""
        panel = render(
            "ui/templates/checkpoint_copies.html",
            told=found.told if found is not None else "",
            remarks=found.remarks if found is not None else (),
            groups=[_group(each) for each in found.groups[:_GROUPS]] if found is not None else [],
            more=max(len(found.groups) - _GROUPS, 0) if found is not None else 0,
            apart=_apart(found) if found is not None else [],
            text=text,
            address=f"data:text/plain;charset=utf-8,{quote(text)}",
        )
        return {self._panel: panel}


def _text(found: CheckpointCopies) -> str:
    """The whole list, as the command line prints it."""
    from ...workspace.catalogue.copies_list import listed

    return "".join(f"{line}\n" for line in listed(found))


def _group(group: SameCheckpoints) -> dict[str, object]:
    return {
        "kind": capital(group.kind),
        "space": group.space,
        "members": [
            {
                "name": member.name,
                "path": readable(member.path),
                "size": member.size,
                "told": member.told,
                "more": "; ".join([*(each.told for each in member.also_at), *member.remarks]),
            }
            for member in group.members
        ],
    }


def _apart(found: CheckpointCopies) -> list[tuple[str, list[str]]]:
    """What no copy is counted of, or nothing is said of, with why."""
    linked = [f"{each.name}: {'; '.join(also.told for also in each.also_at)}" for each in found.linked]
    bad = [f"{readable(each.path.name)}: {for_page(each.error)}" for each in found.unreadable]
    parts = [
        (f"{counted(len(linked), 'file')} met by several paths: a link frees nothing", linked),
        (
            f"{counted(len(found.not_hashed), 'file')} not compared by content, because they were never hashed",
            list(found.not_hashed),
        ),
        (f"{counted(len(bad), 'file')} that could not be read: nothing is said of them", bad),
    ]
    return [(title, lines) for title, lines in parts if lines]
