"""Duplicates on the page: within the folder, or of its pictures in another one; chosen ones are listed or moved."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gradio as gr

from ...errors import ModelsimError
from ...job import Job
from ...text import counted, readable
from ...workspace.workspace import Workspace
from ..status import note
from ..view_state import ViewState
from ..work import Updates
from .chosen_files import told_of
from .duplicate_cards import cards_of, look_at, paths_of
from .duplicates_view import CopiesState, FoundCopies, on_page, pages_of, shown
from .panel import Begin
from .session import Curator

if TYPE_CHECKING:  # NumPy and SciPy come with them
    from ...workspace.curating.remembered import HiddenPair
    from ...workspace.curating.transfer import Transfer

_STOPPED = "Stopped. What was compared is kept: Find duplicates goes on from there."


class DuplicatesPanel:
    """A field for another folder, a button, the groups; made inside gradio's Blocks."""

    id, title = "duplicates", "Duplicates"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._states: WeakKeyDictionary[Curator, CopiesState] = WeakKeyDictionary()
        self._panel = gr.HTML(elem_id="modelsim_curate_duplicates")
        self._numbers = 0
        self.outputs = [self._panel]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Search, turn the page, hide a pair or show it again; list or move what is chosen."""
        state = self._state(curator)
        _require_answer(state, action)
        if isinstance(action.get("against"), str):
            state.against = action["against"]
        if isinstance(action.get("target"), str):
            state.target = action["target"]
        match action:
            case {"do": "find"}:
                self._begin_find(curator, state, begin)
            case {"do": "page", "page": str(page)} if page.isascii() and page.isdigit():
                turn = partial(self._turn, state, int(page))
                begin(lambda: curator.run(("duplicates page", page), turn, "Show other duplicates"), _STOPPED)
            case {"do": "hide", "a": str(a), "b": str(b)}:
                pair = _paths(state, f"[{a}, {b}]")
                hide = partial(self._hide, curator, state, pair)
                begin(lambda: curator.run(("hide", a, b), hide, "Hide a pair"), _STOPPED)
            case {"do": "show again", **more}:
                pair = self._pair(state, more)
                again = partial(self._again, curator, state, pair)
                begin(lambda: curator.run(("again", pair), again, "Show a pair again"), _STOPPED)
            case {"do": "list", "chosen": str(chosen)}:
                state.listed = _paths(state, chosen)
            case {"do": "ask", "chosen": str(chosen)}:
                state.asked, state.done = self._plan(state, _paths(state, chosen)), ()
            case {"do": "leave"}:
                state.asked = None
            case {"do": "move"} if state.asked is not None:
                asked, state.asked = state.asked, None
                stopped = "Stopped. What was moved before stays there; everything else is where it was."
                move = partial(self._move, curator, state, asked)
                begin(lambda: curator.run(("move", asked), move, "Move duplicates"), stopped)
            case _:
                self._act_on_captions(action, curator, state, begin)
        return (self.id,)

    def show(self, curator: Curator) -> Updates:
        """The answer as far as it is known."""
        if curator.folder is None:
            told = "Choose a folder above. Here stand the pictures in it that show the same."
            return {self._panel: note("No folder yet", told)}
        return {self._panel: shown(self._state(curator), self._backend)}

    def _state(self, curator: Curator) -> CopiesState:
        """Of this window; an answer about another folder is none."""
        state = self._states.setdefault(curator, CopiesState())
        if state.answer is not None and state.answer.found.folder != curator.folder:
            against, target, captions_to = state.against, state.target, state.captions_to
            self._states[curator] = state = CopiesState(against=against, target=target, captions_to=captions_to)
        return state

    # what is begun

    def _begin_find(self, curator: Curator, state: CopiesState, begin: Begin) -> None:
        if curator.folder is None:
            raise ModelsimError("no folder is looked at", None, "choose one first")
        against = self._folder(state.against)
        state.listed, state.asked, state.undo, state.done, state.page = (), None, None, (), 0
        state.captions = None
        state.seen.clear()
        asked = "duplicates", curator.folder, against
        begin(lambda: curator.run(asked, partial(self._find, curator, state), "Look for duplicates"), _STOPPED)

    def _folder(self, typed: str) -> list[Path]:
        """The other folder, where one was typed. Raises ModelsimError for what may not be looked into."""
        return [self._backend.curating.folder(typed)] if typed.strip() else []

    def _find(self, curator: Curator, state: CopiesState, job: Job, workspace: Workspace) -> None:
        if curator.folder is None:
            return
        found = workspace.curating.duplicates(curator.folder, self._folder(state.against), job)
        cards = cards_of(found)
        going = [cards.paths[number] for number in cards.going]
        self._numbers += 1
        state.hidden = workspace.curating.hidden_pairs()
        answer = FoundCopies(self._numbers, found, cards, sum(map(_bytes, going)))
        state.page = min(state.page, pages_of(answer) - 1)
        look_at(paths_of(on_page(answer, state.page)), state.seen, self._backend.curating.thumbnails, job)
        state.answer = answer

    def _turn(self, state: CopiesState, page: int, job: Job, workspace: Workspace) -> None:  # noqa: ARG002 - of all work
        if state.answer is not None:
            page = min(page, pages_of(state.answer) - 1)
            look_at(paths_of(on_page(state.answer, page)), state.seen, self._backend.curating.thumbnails, job)
            state.page = page

    def _hide(self, curator: Curator, state: CopiesState, pair: Sequence[Path], job: Job, workspace: Workspace) -> None:
        if len(pair) == 2:
            state.undo = workspace.curating.never_show(*pair)
        self._find(curator, state, job, workspace)

    def _again(self, curator: Curator, state: CopiesState, pair: HiddenPair, job: Job, workspace: Workspace) -> None:
        workspace.curating.show_again(pair)
        state.undo = None
        self._find(curator, state, job, workspace)

    @staticmethod
    def _pair(state: CopiesState, more: Mapping[str, Any]) -> HiddenPair:
        """The hidden pair that is meant: by its contents, or the last one."""
        contents = more.get("a"), more.get("b")
        found = next((each for each in state.hidden if (each.a, each.b) == contents), state.undo)
        if found is None:
            raise ModelsimError("this pair is shown already", None, "press Find duplicates")
        return found

    # captions

    def _act_on_captions(self, action: Mapping[str, Any], curator: Curator, state: CopiesState, begin: Begin) -> None:
        match action:
            case {"do": "captions"}:
                begin(lambda: curator.run("merge captions", partial(self._merge, state), "Merge captions"), "Stopped.")
            case {"do": "write captions", "captions_to": str(typed)} if state.captions is not None:
                state.captions_to = typed
                target = self._backend.curating.target(typed)
                work = partial(self._write, state, target)
                begin(lambda: curator.run(("write captions", target), work, "Write captions"), "Stopped.")

    def _merge(self, state: CopiesState, job: Job, workspace: Workspace) -> None:  # noqa: ARG002 - of all work
        if state.answer is not None:
            state.captions = workspace.curating.merged_captions(state.answer.found)

    def _write(self, state: CopiesState, target: Path, job: Job, workspace: Workspace) -> None:  # noqa: ARG002 - as above
        if state.captions is not None:
            written = workspace.curating.write_captions(state.captions, target)
            state.done = (f"{counted(len(written), 'caption')} written into {readable(target)}.",)

    # moving

    def _plan(self, state: CopiesState, chosen: Sequence[Path]) -> Transfer:
        """Raises ModelsimError for a folder that cannot take them, and where nothing is chosen."""
        from ...workspace.curating.transfer import Way

        if not chosen:
            raise ModelsimError("no picture is chosen", None, "tick some first")
        return self._backend.curating.plan_transfer(chosen, state.target, Way.MOVE)

    def _move(self, curator: Curator, state: CopiesState, asked: Transfer, job: Job, workspace: Workspace) -> None:
        from ...workspace.curating.transfer import transfer

        try:
            state.done = told_of(asked, transfer(asked, job))
        finally:
            state.answer, state.captions, state.listed = None, None, ()
            curator.refresh(workspace)
        if curator.pictures:
            self._find(curator, state, job, workspace)


def _require_answer(state: CopiesState, action: Mapping[str, Any]) -> None:
    """Numbers of pictures are those of one answer. Raises ModelsimError where there is another one by now."""
    number = state.answer.number if state.answer is not None else 0
    if "chosen" in action and action.get("do") != "find" and action.get("answer", str(number)) != str(number):
        raise ModelsimError("the list has changed meanwhile", None, "choose again")


def _paths(state: CopiesState, chosen: str) -> list[Path]:
    """The pictures of these numbers in the answer, as JSON has them."""
    paths = state.answer.cards.paths if state.answer is not None else ()
    try:
        numbers = json.loads(chosen)
    except ValueError:
        return []
    known = [each for each in numbers if isinstance(each, int)] if isinstance(numbers, list) else []
    return [paths[number] for number in known if 0 <= number < len(paths)]


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
