"""What the page Curate works on in one browser window: pictures, what was found out of them, what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...job import Job
from ...workspace.curating.looking import Look, Picture
from ...workspace.curating.remembered import Mark, Remembered
from ...workspace.workspace import Workspace
from ..tasks import Task
from ..view_state import ViewState

if TYPE_CHECKING:  # NumPy and Pillow come with them
    from ...curate.collection import Collected, Collection


class Curator:
    """One browser window's side of the page. All of it is in memory, but for stars and what is to be kept, which are
    everybody's and are remembered by content."""

    def __init__(self, session: ViewState, window: str = "") -> None:
        self.session, self.backend, self.window = session, session.backend, window
        self.typed = ""  # the folder as a person named it
        self.collection: Collection | None = None
        self.pictures: tuple[Picture, ...] = ()
        self.look, self.page = Look(), 0
        self.marks: dict[str, Mark] = {}  # of this folder's pictures
        self.selected: frozenset[str] = frozenset()  # contents, as the map's lasso or a list has them
        self.opened: Collected | None = None  # the one in the larger view
        self.acted = 0.0  # the script's number of the last action that was taken

    @property
    def folder(self) -> Path | None:
        """The folder that is looked at."""
        return self.collection.folder if self.collection is not None else None

    # long work

    def run(self, doing: object, work: Callable[[Job, Workspace], object]) -> Task:
        """Long work in the background thread, for this window; the same work that goes on already is joined."""
        return self.backend.run((self.window, doing), work)

    def open(self, typed: str) -> Task:
        """Read what the pictures of a folder tell of themselves."""
        self.typed = typed
        return self.run(("collect", typed), lambda job, workspace: self._open(typed, job, workspace))

    def _open(self, typed: str, job: Job, workspace: Workspace) -> None:
        from ...workspace.curating.choosing_folder import folder_to_look_into

        folder = folder_to_look_into(typed, self.backend.host, workspace.gallery)
        self.take(workspace.collect(folder, job))

    # what is known

    def take(self, collection: Collection) -> None:
        """Look at these pictures from now on."""
        self.look, self.page, self.selected, self.opened = Look(), 0, frozenset(), None
        self.collection = collection
        self.pictures = tuple(map(Picture, collection.pictures))
        self.read_marks()

    def picture(self, content: str) -> Picture | None:
        """The picture of this content, the first where there are several."""
        return next((each for each in self.pictures if each.about.content == content), None)

    @property
    def score_labels(self) -> dict[str, str]:
        """Score → what the page calls it, of those that were computed."""
        return {}

    @property
    def groups(self) -> list[str]:
        """Names of categories and clusters to filter by."""
        return []

    def number(self, score: str, value: float) -> str:  # noqa: ARG002 - until there are scores
        """A value as people read it."""
        return f"{value:.2f}"

    # what a person says

    def read_marks(self) -> None:
        """Stars and what is to be kept, as they are remembered by now: another window may have given some."""
        with Remembered(self.backend.host.data) as remembered:
            self.marks = remembered.marks({each.about.content for each in self.pictures})

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Remember stars, and what is to be kept; of pictures of this folder alone."""
        here = {each.about.content for each in self.pictures}
        taken = {content: mark for content, mark in marks.items() if content in here}
        with Remembered(self.backend.host.data) as remembered:
            remembered.mark(taken)
        self.marks |= taken

    def select(self, contents: Iterable[str]) -> None:
        """Show these in the gallery; none shows all."""
        self.selected = frozenset(contents) & {each.about.content for each in self.pictures}
        self.show(selected=bool(self.selected))

    def show(self, **changes: object) -> None:
        """Look at other pictures, or in another order: from the first on."""
        self.look, self.page = replace(self.look, **changes), 0

    def keep(self, contents: Iterable[str]) -> None:
        """Keep these, and none of the others of this folder."""
        wanted = set(contents)
        said = {each.about.content: self.marks.get(each.about.content, Mark()) for each in self.pictures}
        changed = {content: mark for content, mark in said.items() if mark.keep != (content in wanted)}
        self.mark({content: replace(mark, keep=not mark.keep) for content, mark in changed.items()})

    @property
    def kept(self) -> list[Picture]:
        """Those that are to be kept."""
        return [each for each in self.pictures if self.marks.get(each.about.content, Mark()).keep]
