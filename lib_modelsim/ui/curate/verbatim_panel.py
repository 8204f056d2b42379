"""Verbatim copies on the page: of each model how many of the folder's pictures repeat one of a training folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gradio as gr

from ...curate.duplicates.words import how_alike
from ...errors import ModelsimError
from ...job import Job
from ...templates import render
from ...text import counted
from ...workspace.workspace import Workspace
from ..status import note
from ..view_state import ViewState
from ..words import capital
from ..work import Updates
from .duplicate_cards import ShownPictures, look_at, member, shown_pictures
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:  # NumPy and SciPy come with them
    from markupsafe import Markup

    from ...curate.duplicates.keeping import FileFacts
    from ...curate.duplicates.verbatim import ModelRepeats, Repeat
    from ...workspace.curating.verbatim import VerbatimCopies

_OF_MODEL = 12
"""Repeats of a model of which pictures are shown; of more it says how many."""

_STOPPED = "Stopped. What was compared is kept: Compare goes on from there."


@dataclass
class VerbatimState:
    """One browser window's side of the panel; `facts` is what is known of the pictures that are shown."""

    training: str = ""
    found: VerbatimCopies | None = None
    facts: dict[Path, FileFacts] = field(default_factory=dict)


class VerbatimPanel:
    """A field for the training folder, a button, the models; made inside gradio's Blocks."""

    id, title = "verbatim", "Verbatim copies"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._states: WeakKeyDictionary[Curator, VerbatimState] = WeakKeyDictionary()
        self._panel = gr.HTML(elem_id="modelsim_curate_verbatim")
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Compare the pictures with those of the folder that was typed."""
        match action:
            case {"do": "compare", "training": str(typed)}:
                state = self._state(curator)
                state.training = typed
                folder, training = curator.folder, self._backend.curating.folder(typed)
                if folder is None:
                    raise ModelsimError("no folder is looked at", None, "choose one first")
                work = partial(self._compare, state, folder, training)
                title = "Look for copies of training pictures"
                begin(lambda: curator.run(("verbatim", folder, training), work, title), _STOPPED)
        return (self.id,)

    def _compare(self, state: VerbatimState, folder: Path, training: Path, job: Job, workspace: Workspace) -> None:
        found = workspace.curating.verbatim_copies(workspace.curating.duplicates(folder, [training], job))
        state.facts.clear()
        shown = [path for each in found.models for one in each.repeats[:_OF_MODEL] for path in _both(one)]
        look_at(dict.fromkeys(shown), state.facts, self._backend.curating.thumbnails, job)
        state.found = found

    def show(self, curator: Curator) -> Updates:
        """The models, with what was compared and what that does not show."""
        if curator.folder is None:
            told = "Choose a folder of generated pictures above. Then name the folder of training pictures."
            return {self._panel: note("No folder yet", told)}
        state, refused = self._state(curator), self._backend.host.cannot.get("folders", "")
        found = state.found
        seen = shown_pictures(state.facts, {}, self._backend)
        panel = render(
            "ui/templates/verbatim.html",
            training=state.training,
            refused=refused,
            models=[_model(each, seen) for each in found.models] if found is not None else [],
            compared=found.compared if found is not None else (),
            not_shown=found.not_shown if found is not None else (),
        )
        return {self._panel: panel}

    def _state(self, curator: Curator) -> VerbatimState:
        """Of this window; an answer about another folder is none."""
        state = self._states.setdefault(curator, VerbatimState())
        if state.found is not None and state.found.found.folder != curator.folder:
            state.found = None
        return state


def _both(one: Repeat) -> tuple[Path, Path]:
    return one.picture, one.original


def _model(each: ModelRepeats, seen: ShownPictures) -> dict[str, object]:
    return {
        "name": each.model or "Model not told by the pictures",
        "told": each.told,
        "repeats": [_side_by_side(one, seen) for one in each.repeats[:_OF_MODEL]],
        "more": max(len(each.repeats) - _OF_MODEL, 0),
    }


def _side_by_side(one: Repeat, seen: ShownPictures) -> Markup:
    """The picture of the model, and the one that it repeats."""
    told = one.told.replace("the first", "this one").replace("the second", "the other one")
    others = f"and {counted(one.others, 'picture')} more of that folder" if one.others else "in the other folder"
    return render(
        "ui/templates/duplicate_group.html",
        title=capital(one.kind),
        similarity=how_alike(one.kind, one.similarity),
        members=[member(one.picture, seen, told), member(one.original, seen, others)],
    )
