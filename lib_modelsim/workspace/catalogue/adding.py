"""Whether a folder that a person typed can be added to those that are looked in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...checkpoints.folder import is_diffusers_folder
from ...errors import ModelsimError
from .places import no_checkpoints, walk


def folder_to_add(typed: str, known: Sequence[Path]) -> Path:
    """The folder, which is none of those that are `known`, nor in one of them. Raises ModelsimError that says what is
    wrong with it."""
    text = typed.strip().strip("\"'").strip()  # Windows copies a path with quotes
    if not text:
        raise ModelsimError("no folder is named", None, "type or paste the path of the folder with your checkpoints")
    folder = Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises for a user that there is none of
    if not folder.is_absolute():
        raise ModelsimError("this is only a part of a path", text, f"write all of it, beginning with {_beginning()}")
    folder = Path(os.path.normpath(folder))
    _require_folder(folder)
    for other in known:
        if _within(folder, other):
            raise ModelsimError("this folder is among your folders already", folder, "choose another one")
    if not is_diffusers_folder(folder) and next(iter(walk(folder)), None) is None:
        raise no_checkpoints(folder)
    return folder


def _beginning() -> str:
    return "the drive, as in D:\\models" if os.name == "nt" else "/"


def _require_folder(folder: Path) -> None:
    """Raises ModelsimError where it is none, or may not be looked into."""
    if not os.path.exists(folder):  # noqa: PTH110 - pathlib's raises where a name is too long for the system
        raise ModelsimError("there is no such folder", folder, "check the path, and that its drive is connected")
    if not folder.is_dir():
        raise ModelsimError("this is a file, not a folder", folder, f"add the folder that it is in: {folder.parent}")
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        fix = "choose a folder that you may read"
        raise ModelsimError(f"this folder cannot be opened ({error.strerror or error})", folder, fix) from error


def _within(folder: Path, other: Path) -> bool:
    """Whether a folder is another one or lies in it, by their paths: a link is a place of its own."""
    one, two = (Path(os.path.normcase(os.path.abspath(each))) for each in (folder, other))  # noqa: PTH100 - as above
    return one.is_relative_to(two)
