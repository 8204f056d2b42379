"""The encoder that a person chose for the search: whether it can be used, fetching its weights, and using it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...job import Job
from ...workspace.finding.encoders import (
    Readiness,
    download,
    encoder_named,
    in_use,
    readiness,
    takes_turn,
    unload,
)
from ..tasks import Task
from ..view_state import ViewState

if TYPE_CHECKING:  # SciPy comes with it
    from ...workspace.finding.index import GalleryIndex


class EncoderChoice:
    """The encoders' side of the desk: one encoder at a time, and what it has learned of the gallery."""

    def __init__(self, session: ViewState) -> None:
        self._session, self.desk = session, session.desk
        self._made: tuple[object, GalleryIndex] | None = None  # what it was made for, and itself

    @property
    def name(self) -> str:
        """As `find_encoders` calls it."""
        return self._session.choices.encoder

    def choose(self, name: str) -> None:
        """Take another one from now on."""
        self._session.choose(encoder=name)

    def look(self) -> Readiness:
        """Whether the one chosen can be used; takes seconds for the first one of open_clip."""
        while True:
            name = self.name
            found = readiness(name, self.desk.host)
            if self.name == name:  # else another one was chosen meanwhile
                return found

    def download(self) -> Task:
        """Fetch the weights of the one chosen."""
        name = self.name
        return self.desk.run(("download", name), lambda job, _: download(name, job))

    @contextmanager
    def in_use(self, job: Job) -> Iterator[tuple[GalleryIndex, Job]]:
        """The gallery as the chosen encoder sees it. One that may want the GPU works in the host's turn, and gives the
        memory back afterwards unless the settings say otherwise.

        Raises ModelsimError where it cannot be used.
        """
        host = self.desk.host
        if not takes_turn(self.name):
            yield self._index(), job
            return
        with host.at_work("modelsim: looking at pictures", job) as shown:
            index = self._index()
            with in_use(index.encoder, host.settings().keep_encoder):
                yield index, shown

    def _index(self) -> GalleryIndex:
        """The one there is, unless another encoder, device or gallery is wanted by now."""
        from ...workspace.finding.index import GalleryIndex

        host, gallery = self.desk.host, self.desk.gallery
        device = host.settings().device
        encoder = encoder_named(self.name, device, host)  # loads nothing
        wanted = encoder.identity, device, gallery
        if self._made is None or self._made[0] != wanted:
            if self._made is not None:
                unload(self._made[1].encoder)
            self._made = wanted, GalleryIndex(gallery, encoder)
        return self._made[1]
