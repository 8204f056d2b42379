"""The pictures of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PICTURES = (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")


def is_picture(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in PICTURES and path.is_file()


def pictures_under(folder: Path) -> Iterator[Path]:
    """Those of a folder at any depth, in order. Hidden folders are left out, and links to folders: they may lead in a
    circle, or to pictures that are counted already."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield from filter(is_picture, (Path(place, name) for name in sorted(names)))
