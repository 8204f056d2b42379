"""What the page that finds a picture's model works on: the pictures asked about, the search, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError
from ..job import Job
from ..library import Library
from .desk import Desk
from .studio import Studio
from .tasks import Task

if TYPE_CHECKING:  # SciPy and Pillow come with them
    from ..service.find import Found
    from ..service.find_index import GalleryIndex
    from ..service.find_verify import Verified


class Finder:
    """The search's side of the desk. The pictures asked about are in memory alone, until others take their place."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self.desk, self._studio = desk, studio
        self.found: Found | None = None
        self.verified: Verified | None = None
        self._pictures: list[bytes] = []

    def take(self, files: Sequence[Path]) -> None:
        """Read the pictures that a browser has sent, and remove the copies that gradio made of them."""
        self.found, self.verified, self._pictures = None, None, []
        for file in files:
            self._pictures.append(file.read_bytes())
            with suppress(OSError):
                file.unlink()

    def find(self) -> Task:
        """Learn what is new in the gallery, then answer."""
        return self.desk.run(("find", id(self._pictures)), self._find)

    def verify(self) -> Task:
        """Draw the picture again with the likeliest few, and rank again."""
        return self.desk.run(("verify", id(self._pictures)), self._verify)

    def not_this(self, key: str) -> None:
        """Take a model out of this answer; nothing is learned from it."""
        from ..service.find import not_this

        if self.found is not None:
            self.found = not_this(self.found, key)

    @cached_property
    def _index(self) -> GalleryIndex:
        from ..pictures.encoder import DescriptorEncoder
        from ..service.find_index import GalleryIndex

        return GalleryIndex(self._studio.desk.gallery, DescriptorEncoder())

    def _find(self, job: Job, library: Library) -> None:
        from ..service.find import find
        from ..service.find_models import known_models

        if not self._pictures:
            raise ModelsimError("no picture to look for", None, "drop one into the field, or paste one")
        learned = self._index.learned(job)
        known = known_models(library, self.desk.host.listed())
        with self.desk.host.at_work("modelsim: looking at a picture", job):
            self.found = find(self._pictures, learned, known, self.desk.host.interrogators())
        self.verified = None

    def _verify(self, job: Job, library: Library) -> None:
        from ..service.find_verify import verify

        if self.found is None:
            raise ModelsimError("nothing was found yet", None, "press Find first")
        encoder, engine = self._index.learned(job).encoder, self._studio.engine(job, library)
        with self.desk.host.at_work("modelsim: drawing a picture again", job) as shown:
            self.verified = verify(self._pictures, self.found, encoder, engine, shown)
        self.found = self.verified.found
