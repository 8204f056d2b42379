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


class Finder:
    """The search's side of the desk. The pictures asked about are in memory alone, until others take their place."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self.desk, self._studio = desk, studio
        self.found: Found | None = None
        self._pictures: list[bytes] = []

    def take(self, files: Sequence[Path]) -> None:
        """Read the pictures that a browser has sent, and remove the copies that gradio made of them."""
        self.found, self._pictures = None, []
        for file in files:
            self._pictures.append(file.read_bytes())
            with suppress(OSError):
                file.unlink()

    def find(self) -> Task:
        """Learn what is new in the gallery, then answer."""
        return self.desk.run(("find", id(self._pictures)), self._find)

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
        self.found = find(self._pictures, learned, known)
