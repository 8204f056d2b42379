"""The encoder that a person chose for the search: whether it can be used, fetching its weights, and using it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job
from ...saying import logger_of
from ...text import counted
from ...workspace.finding.encoders import (
    BUILT_IN,
    Readiness,
    default_name,
    download,
    encoder_named,
    readiness,
    remarks_on,
    unload,
)
from ...workspace.workspace import Workspace
from ..tasks import Task
from ..view_state import ViewState

if TYPE_CHECKING:  # SciPy comes with it
    from ...pictures.encoders.encoder import Encoder
    from ...workspace.finding.index import GalleryIndex

_log = logger_of(__name__)


class EncoderChoice:
    """The encoders' side of the backend: one encoder at a time, and what it has learned of the gallery."""

    def __init__(self, session: ViewState) -> None:
        self._session, self.backend = session, session.backend
        self._made: tuple[object, GalleryIndex] | None = None  # what it was made for, and itself

    @property
    def name(self) -> str:
        """As `find_encoders` calls it: the one chosen, or the best that is there."""
        return self._session.choices.encoder or default_name()

    @property
    def remarks(self) -> list[str]:
        """What the answer is to say about it."""
        return remarks_on(self._session.choices.encoder)

    @property
    def vaes(self) -> bool:
        """Whether a search compares VAEs, too."""
        return self._session.choices.vaes

    def compare_vaes(self, wanted: bool) -> None:
        """Whether to do so from now on."""
        self._session.choose(vaes=bool(wanted))

    def choose(self, name: str) -> None:
        """Take another one from now on; none of them, "", leaves it to what is there."""
        self._session.choose(encoder=name)

    def look(self) -> Readiness:
        """Whether the one chosen can be used, and what the next search has to do for it first; takes seconds for the
        first one of open_clip."""
        while True:
            name = self.name
            found = readiness(name, self.backend.host)
            if found.ready and (waiting := self._waiting(name)):
                words = f"{found.words}. New to it: {counted(waiting, 'picture')} of the gallery, which the next search"
                found = replace(found, words=f"{words} encodes first; this is kept")
            if self.name == name:  # else another one was chosen meanwhile
                return found

    def _waiting(self, name: str) -> int:
        """How many pictures of the gallery it has not seen; 0 where that cannot be told now."""
        from ...workspace.finding.index import GalleryIndex

        host = self.backend.host
        try:
            return GalleryIndex(self.backend.gallery, encoder_named(name, host.settings().device, host)).waiting()
        except ModelsimError as error:
            _log.info("the gallery cannot be looked at now: %s", error)
            return 0

    def download(self) -> Task:
        """Fetch the weights of the one chosen; beside the built-in one, what makes it better, which is then used."""
        name = self.name
        return self.backend.run(("download", name), lambda job, _: self._download(name, job), f"Download {name}")

    def _download(self, name: str, job: Job) -> None:
        download(name, job)
        if name == BUILT_IN and self.name == name:
            self.choose("")

    @contextmanager
    def in_use(self, workspace: Workspace, job: Job) -> Iterator[tuple[GalleryIndex, Job]]:
        """The gallery as the chosen encoder sees it, while the encoder is used. Raises ModelsimError where it cannot
        be."""
        name = self.name
        index = self._index(workspace.encoder(name), workspace)  # loads nothing
        with workspace.encoder_in_use(name, index.encoder, job) as shown:
            yield index, shown

    def _index(self, encoder: Encoder, workspace: Workspace) -> GalleryIndex:
        """The one there is, unless another encoder, device or gallery is wanted by now."""
        wanted = encoder.identity, workspace.host.settings().device, workspace.gallery
        if self._made is None or self._made[0] != wanted:
            if self._made is not None:
                unload(self._made[1].encoder)
            self._made = wanted, workspace.gallery_index(encoder)
        return self._made[1]
