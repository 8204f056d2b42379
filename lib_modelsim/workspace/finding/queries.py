"""The pictures asked about: each is opened once, and nothing of them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ...pictures.opening import PictureError
from ...pictures.records.reading import Records, look_at


@dataclass(frozen=True, eq=False)
class OpenedQuery:
    """A picture asked about: what it is called, its pixels as `open_picture` gives them, its records. Without pixels
    (cut short, in a format that cannot be decoded) it has a record at least."""

    name: str
    picture: Image.Image | None
    records: Records


Query = Path | bytes | Image.Image | OpenedQuery
"""A file, a file's bytes, a picture that somebody has opened (its `info` tells its record), or one opened here."""


def open_query(query: Query, name: str | None = None) -> OpenedQuery:
    """Open it, unless it is open; a file is called by its name unless it is told another. Raises PictureError."""
    if isinstance(query, OpenedQuery):
        return query
    shown = name or (query.name if isinstance(query, Path) else "the picture")
    looked = look_at(query, shown)
    return OpenedQuery(shown, looked.picture, looked.records)


def open_queries(queries: Sequence[Query]) -> tuple[list[OpenedQuery], list[PictureError]]:
    """Those that are pictures, and why the others are none; what has no name is called by its place.

    Raises PictureError where none is a picture.
    """
    opened, failures = [], []
    for place, query in enumerate(queries, 1):
        try:
            opened.append(open_query(query, None if isinstance(query, Path) else f"picture {place}"))
        except PictureError as error:
            failures.append(error)
    if not opened:
        raise failures[0] if failures else PictureError("there is no picture", None, "choose one")
    return opened, failures
