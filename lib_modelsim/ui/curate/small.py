"""Small copies of pictures on the page, which are made beside: a place is kept for each until it is there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ...curate.collection import Collected
from ...errors import ModelsimError
from ...job import Job
from ...saying import logger_of
from ...text import readable
from ..backend import Backend

if TYPE_CHECKING:
    from .session import Curator

_log = logger_of(__name__)


@runtime_checkable
class ShowsPictures(Protocol):
    """A panel with pictures."""

    def pictures(self, curator: Curator) -> Iterable[Collected]:
        """Those that it shows now."""


def name_in(folder: Path | None, picture: Path) -> str:
    """A picture as people find it again: its path within the folder that is looked at."""
    inside = folder is not None and picture.is_relative_to(folder)
    return readable(picture.relative_to(folder) if inside else picture.name)


def small(backend: Backend, about: Collected, folder: Path | None = None) -> dict[str, object]:
    """What the template of a small picture takes: `there` says whether its copy is made. In `folder` pictures are
    named by their path."""
    copy = backend.curating.thumbnails.path(about.content)
    return {
        "content": about.content,
        "url": backend.host.picture_url(copy),
        "there": copy.is_file(),
        "name": name_in(folder, about.path),
        "model": about.model,
    }


def make_missing(backend: Backend, pictures: Iterable[Collected]) -> tuple[list[str], dict[str, str]]:
    """Make the copies that are missing; the contents of those that are there then, and content → why there is none."""
    wanted, thumbnails = {each.content: each.path for each in pictures}, backend.curating.thumbnails
    missing = {content: path for content, path in wanted.items() if not thumbnails.path(content).is_file()}
    if not missing:
        return [], {}
    try:
        refused = thumbnails.make(missing.items(), Job())
    except ModelsimError as error:  # the disk refuses: names are shown in the place of pictures
        _log.warning("no small copies of pictures: %s", error)
        return [], {}
    made = [content for content in missing if content not in refused]
    return made, {content: str(error) for content, error in refused.items()}
