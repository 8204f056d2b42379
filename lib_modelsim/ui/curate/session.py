"""What the page Curate works on in one browser window: pictures, what was found out of them, what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job
from ...saying import logger_of
from ...text import readable
from ...workspace.curating.looking import Look, Picture, best_order, labels_of, scored_pictures
from ...workspace.curating.remembered import Mark
from ...workspace.workspace import Workspace
from ..tasks import Task
from ..view_state import ViewState

_log = logger_of(__name__)

if TYPE_CHECKING:  # NumPy and Pillow come with them
    from ...curate.collection import Collection
    from ...workspace.curating.curate import Curated, CurateRequest
    from ...workspace.curating.judging import GroupsRequest
    from ...workspace.curating.transfer import Transfer
    from .chosen_scores import ChosenScores


class Curator:
    """One browser window's side of the page. All of it is in memory, but for stars and what is to be kept, which are
    everybody's and are remembered by content."""

    def __init__(self, session: ViewState) -> None:
        self.session, self.backend = session, session.backend
        self.typed = ""  # the folder as a person named it
        self.collection: Collection | None = None
        self.curated: Curated | None = None
        self.pictures: tuple[Picture, ...] = ()
        self.chosen_scores: ChosenScores | None = None  # None before a person has chosen
        self.groups_request: GroupsRequest | None = None  # None before pictures are to be grouped
        self.look, self.page = Look(), 0
        self.marks: dict[str, Mark] = {}  # of this folder's pictures
        self.selected: frozenset[str] = frozenset()  # contents, as the map's lasso or a list has them
        self.opened = ""  # the content of the one in the larger view
        self.handed: tuple[str, float] | None = None  # that of the one that another page is to have; the asking action
        self.meant, self.target, self.beside = "kept", "", True  # which pictures go where, with what is beside them
        self.asked: Transfer | None = None  # what a person is asked whether to do it
        self.done: tuple[str, ...] = ()  # what was done, in words
        self.lists: list[Path] = []
        self._request: CurateRequest | None = None  # the scores that were taken last
        self.acted = 0.0  # the script's number of the last action that was taken
        self.answered = 0  # answers that this window was given

    @property
    def folder(self) -> Path | None:
        """The folder that is looked at."""
        return self.collection.folder if self.collection is not None else None

    # long work

    def run(self, key: object, work: Callable[[Job, Workspace], object], title: str) -> Task:
        """Long work in the queue, for this window; the same work that goes on or waits already is joined."""
        return self.backend.run((id(self), key), work, title)

    def open(self, typed: str, picture: str = "") -> Task:
        """Read what the pictures of a folder tell of themselves; then open the one at this path, if one is named."""
        self.typed = typed
        work = partial(self._open, typed, picture)
        return self.run(("collect", typed, picture), work, "Read a folder of pictures")

    def _open(self, typed: str, picture: str, job: Job, workspace: Workspace) -> None:
        folder = workspace.curating.folder(typed)
        if self.folder != folder or not picture:
            self.take(workspace.curating.collect(folder, job))
        found = next((each.about for each in self.pictures if readable(each.about.path) == picture), None)
        if found is not None:
            self.opened = found.content

    def score(self, request: CurateRequest) -> Task:
        """Score the pictures of the folder, and show the best first; group them where a person has asked for that."""
        self._request = request
        return self.score_again()

    def score_again(self) -> Task:
        """The same scores, of the folder as it is now."""
        from ...workspace.curating.curate import CurateRequest

        request = replace(self._request or CurateRequest(), groups=self.groups_request)
        return self.run(("score", request), partial(self._score, request), "Score pictures")

    def _score(self, request: CurateRequest, job: Job, workspace: Workspace) -> None:
        if self.folder is None:
            raise ModelsimError("no folder is looked at", None, "choose one first")
        self.take_scores(workspace.curating.curate(self.folder, request, job))

    # what is known

    def take(self, collection: Collection) -> None:
        """Look at these pictures from now on."""
        self.look, self.page, self.selected, self.opened = Look(), 0, frozenset(), ""
        self.asked, self.done, self.lists = None, (), []
        self.collection, self.curated = collection, None
        self.pictures = tuple(map(Picture, collection.pictures))
        self.read_marks()

    def refresh(self, workspace: Workspace) -> None:
        """Look again which pictures the folder has, after some were moved; what was found out of the others stays."""
        if self.folder is None:
            return
        known = {each.about.content: each for each in self.pictures}
        try:
            collection = workspace.curating.collect(self.folder, Job())
        except ModelsimError as error:  # all have gone, or the folder has
            _log.info("%s", error)
            collection = replace(self.collection, pictures=())
        self.collection = collection
        here = (known.get(about.content, Picture(about)) for about in collection.pictures)
        self.pictures = tuple(replace(each, about=about) for each, about in zip(here, collection.pictures, strict=True))

    def take_scores(self, curated: Curated) -> None:
        """What was found out of the pictures; the best stand first."""
        self.collection, self.curated = curated.collection, curated
        self.pictures = scored_pictures(curated)
        self.read_marks()
        self.show(order=self.best_order, reverse=False)

    def picture(self, content: str) -> Picture | None:
        """The picture of this content, the first where there are several."""
        return next((each for each in self.pictures if each.about.content == content), None)

    @property
    def score_labels(self) -> dict[str, str]:
        """Score → what the page calls it, of those that were computed."""
        return {} if self.curated is None else labels_of(self.curated)

    @property
    def groups(self) -> list[str]:
        """Names of categories to filter by."""
        return [name for name, *_ in self.curated.judged.categories] if self.curated is not None else []

    @property
    def best_order(self) -> str:
        """The order in which the best of all stand first; "" before there are scores."""
        return best_order(self.curated) if self.curated is not None else ""

    def number(self, score: str, value: float) -> str:
        """A value with its unit, as people read it."""
        known = self.curated.scores.get(score) if self.curated is not None else None
        unit = f" {known.unit}" if known is not None and known.unit else ""
        return f"{round(value, 2) + 0.0:+.2f}" if known is None else f"{value:.4g}{unit}"

    # what a person says

    def read_marks(self) -> None:
        """Stars and what is to be kept, as they are remembered by now: another window may have given some."""
        with self.backend.curating.remembered() as remembered:
            self.marks = remembered.marks({each.about.content for each in self.pictures})

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Remember stars, and what is to be kept; of pictures of this folder alone."""
        here = {each.about.content for each in self.pictures}
        taken = {content: mark for content, mark in marks.items() if content in here}
        with self.backend.curating.remembered() as remembered:
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
