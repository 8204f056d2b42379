"""The demonstration: its family and its pictures, written on first use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from safetensors import SafetensorError

from ..demo import PICTURES, SUITE, write_demo_family
from ..errors import ModelsimError, Sentence
from ..saying import tell

_NO_ROOM = Sentence(
    "make room for half a gigabyte, name another folder with --demo, or your own models with --models",
    "make room for half a gigabyte there",
)


def write_demonstration(models: Path, gallery: Path) -> None:
    """Write the family into `models` and the pictures of eight of them into `gallery`, each where there is none yet.

    Raises ModelsimError where that cannot be done.
    """
    try:
        write_demo_family(models, lambda name: tell(f"writing the demonstration family: {name}"))
        _write_pictures(gallery)
    except (OSError, SafetensorError) as error:
        raise ModelsimError(f"the demonstration cannot be written ({error})", models, _NO_ROOM) from error


def _write_pictures(gallery: Path) -> None:
    """The folder of the suite appears whole or not at all; two first starts at once write it once."""
    folder, partial = gallery / SUITE, gallery / f".{SUITE}.{os.getpid()}.partial"
    if folder.exists():
        return
    try:
        shutil.copytree(PICTURES, partial)
        partial.replace(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not folder.exists():
            raise
