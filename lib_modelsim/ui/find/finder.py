"""What the page that finds a picture's model works on: the pictures asked about, the search, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job, Stage
from ...text import several
from ...workspace.workspace import Workspace
from ..tasks import Lane, Task
from .encoder_choice import EncoderChoice

if TYPE_CHECKING:  # SciPy and Pillow come with them
    from PIL import Image

    from ...workspace.finding.find import Found
    from ...workspace.finding.queries import OpenedQuery, Query
    from ...workspace.finding.ranking import Ranked
    from ...workspace.finding.verify import Verified, VerifyPlan

_PREVIEW = 512
"""Pixels of the longer side of what is shown of a picture asked about."""


@dataclass(frozen=True)
class Asked:
    """A picture as the browser sent it; once it was opened a small copy of it, and of the first, which may be generated
    again, the whole. In memory alone."""

    name: str
    content: bytes
    preview: Image.Image | None = None
    query: OpenedQuery | None = None


@dataclass(frozen=True)
class Answered:
    """What was found about these pictures, what was generated again, and the keys of models that a person left out."""

    asked: tuple[Asked, ...]
    found: Found
    verified: Verified | None = None
    would_verify: VerifyPlan | None = None  # while a person is asked whether to do it
    left_out: tuple[str, ...] = ()

    @property
    def pictures(self) -> list[Query]:
        """The pictures asked about, opened where they were."""
        return [each.query or each.content for each in self.asked]

    @property
    def shown(self) -> Found:
        """What was found, in the order of what was generated again, without the models left out."""
        from ...workspace.finding.find import not_this
        from ...workspace.finding.verify import ranked_again

        found = self.found
        if self.verified is not None:
            found = ranked_again(found, self.verified.pictures, self.verified.exact)
        for key in self.left_out:
            found = not_this(found, key)
        return found

    def card(self, key: str) -> Ranked | None:
        """The card of a model."""
        return next((card for card in self.found.ranking if card.key == key), None)


class Finder:
    """The search's side of the backend, of one browser window. The pictures asked about are in memory alone, until
    others take their place."""

    def __init__(self, encoder: EncoderChoice) -> None:
        self.backend, self._encoder = encoder.backend, encoder
        self.asked: tuple[Asked, ...] = ()
        self.number = ""  # the script's, of the pictures asked about
        self.answer: Answered | None = None
        self._before: tuple[tuple[Asked, ...], Answered | None] = (), None  # until the new ones prove to be pictures
        self._search: Task | None = None

    @property
    def searching(self) -> bool:
        """Whether a search that this window began is going on."""
        return self._search is not None and self._search.running

    def take(self, asked: Sequence[Asked]) -> None:
        """Other pictures; those before and their answer are forgotten as soon as one of these can be opened."""
        if self.answer is not None or not self.asked:
            self._before = self.asked, self.answer
        self.asked, self.answer = tuple(asked), None

    def forget(self) -> None:
        """No picture and no answer stays in memory."""
        self.asked, self.answer, self._before = (), None, ((), None)

    def find(self) -> Task:
        """Learn what is new in the gallery, then answer."""
        self._search = self.backend.run(
            ("find", id(self.asked)), self._find, self._title, series=("find", id(self))
        )
        return self._search

    def compare_hashes(self) -> Task:
        """Compute the hashes that the record's is to be compared with for all checkpoints, then find again."""
        return self.backend.run(("compare hashes", id(self.asked)), self._compare_hashes, "Compare all hashes")

    def plan_verify(self) -> Task:
        """Find out what `verify` would generate, for the person to say yes to."""
        title = f"Look what Verify generates for {self._names}"
        return self.backend.run(("plan verify", id(self.answer)), self._plan_verify, title)

    def cancel_verify(self) -> None:
        """The person says no."""
        if self.answer is not None:
            self.answer = replace(self.answer, would_verify=None)

    def verify(self) -> Task:
        """Generate the picture again with the likeliest few, and rank again."""
        self.cancel_verify()
        return self.backend.run(("verify", id(self.answer)), self._verify, f"Verify {self._names}", lane=Lane.GENERATES)

    def load(self, key: str) -> Task:
        """Make a model of the answer the host's current checkpoint."""
        return self.backend.run(("load", key), partial(self._load, key), f"Load {key}")

    def leave_out(self, key: str) -> None:
        """Take a model out of this answer; nothing is learned from it."""
        if self.answer is not None:
            self.answer = replace(self.answer, left_out=(*self.answer.left_out, key))

    def bring_back(self) -> None:
        """Show all models again."""
        if self.answer is not None:
            self.answer = replace(self.answer, left_out=())

    @property
    def _names(self) -> str:
        """The pictures asked about."""
        return several([each.name for each in self.asked], 1)

    @property
    def _title(self) -> str:
        """Of a search."""
        return f"Find the model of {self._names}" if self.asked else "Find my model"

    def _compare_hashes(self, job: Job, workspace: Workspace) -> None:
        queries = [each.content for each in self.asked]
        workspace.compute_hashes(queries, workspace.known_models(job)[0], job)
        self._find(job, workspace)

    def _find(self, job: Job, workspace: Workspace) -> None:
        asked = self.asked
        if not asked:
            raise ModelsimError("no picture to look up", None, "drop, paste or choose one first")
        queries, opened, refused = _opened(asked, job)
        if not opened:
            if self.asked is asked:
                (self.asked, self.answer), self._before = self._before, ((), None)
            raise refused[0]
        self._before = (), None
        known, _ = workspace.known_models(job)
        with self._encoder.in_use(workspace, job) as (index, shown):
            learned = index.learned(shown)
            found = workspace.find(queries, learned, known, shown, vaes=self._encoder.vaes)
        remarks = [*map(str, refused), *found.remarks, *(self._encoder.remarks if learned.pictures else [])]
        if self.asked is asked:  # else a person has come with others meanwhile
            self.answer = Answered(opened, replace(found, remarks=tuple(remarks)))

    def _plan_verify(self, job: Job, workspace: Workspace) -> None:
        answer = self._answered()
        planned = workspace.plan_verify(answer.pictures, answer.shown, job)
        if self.answer is not None and self.answer.found is answer.found:
            self.answer = replace(self.answer, would_verify=planned)

    def _answered(self) -> Answered:
        if self.answer is None:
            raise ModelsimError("no answer to verify yet", None, "press Find first")
        return self.answer

    def _verify(self, job: Job, workspace: Workspace) -> None:
        answer = self._answered()
        with self._encoder.in_use(workspace, job) as (index, shown):
            verified = workspace.verify(answer.pictures, answer.shown, index.encoder, shown)
        if self.answer is not None and self.answer.found is answer.found:
            self.answer = replace(self.answer, verified=verified)

    def _load(self, key: str, job: Job, workspace: Workspace) -> None:
        card = self.answer.card(key) if self.answer is not None else None
        if card is None or card.path is None:
            raise ModelsimError("you do not have this checkpoint", card.model if card else key, "load another one")
        workspace.host.load(card.path, job)


def _opened(asked: Sequence[Asked], job: Job) -> tuple[list[OpenedQuery], tuple[Asked, ...], list[ModelsimError]]:
    """Those that are pictures, with their previews, and why the others are none."""
    from ...pictures.opening import PictureError
    from ...workspace.finding.queries import open_query

    queries, opened, refused = [], [], []
    stage = Stage(job, "opening", len(asked), "pictures")
    for each in asked:
        try:
            query = open_query(each.content, each.name)
        except PictureError as error:
            refused.append(error)
        else:
            small = query.picture.copy() if query.picture is not None else None
            if small is not None:
                small.thumbnail((_PREVIEW, _PREVIEW))
            first = not any(before.picture is not None for before in queries)
            opened.append(replace(each, preview=small, query=query if first else None))
            queries.append(query)
        stage.advance(1)
    return queries, tuple(opened), refused
