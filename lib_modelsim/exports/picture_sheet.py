"""Pictures of any folder as one HTML file that opens offline: it carries small copies of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..templates import render
from ..writing import write_text
from .made import made_by


@dataclass(frozen=True)
class Shot:
    """A picture: `image` is a WebP in base64, "" for one that cannot be opened, and then `why`."""

    name: str
    model: str
    prompt: str
    scores: Sequence[str]
    image: str
    why: str = ""


def write_picture_sheet(file: Path, title: str, shots: Sequence[Shot]) -> Path:
    """Write the file; all text in it is escaped. Raises ModelsimError where the disk refuses."""
    about = {"title": title, "made": f"{made_by()}."}
    return write_text(file, render("exports/templates/picture_sheet.html", **about, shots=shots))
