"""The pictures that a person chose as a list: their paths in a text file, all that is known of them in a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ...curate.collection import UNKNOWN
from ...text import readable
from ...writing import write_csv, write_text
from .looking import Picture
from .remembered import Mark


def write_paths(pictures: Sequence[Picture], folder: Path) -> Path:
    """One path a line. Raises ModelsimError where the disk refuses."""
    return write_text(folder / f"{file_name()}.txt", "".join(f"{readable(each.about.path)}\n" for each in pictures))


def write_table(
    pictures: Sequence[Picture], marks: Mapping[str, Mark], scores: Mapping[str, str], folder: Path
) -> Path:
    """One row a picture; `scores` is name → what people call it. Raises ModelsimError where the disk refuses."""
    header = ["path", *scores.values(), "stars", "keep", "model", "seed", "suite", "category", "prompt", "sha256"]
    rows = [_row(each, marks.get(each.about.content, Mark()), scores) for each in pictures]
    return write_csv(folder / f"{file_name()}.csv", rows, header)


def file_name() -> str:
    """What files written now are called, without ending."""
    return f"pictures {datetime.now():%Y-%m-%d %H%M%S}"


def _row(picture: Picture, mark: Mark, scores: Mapping[str, str]) -> list[object]:
    about = picture.about
    return [
        readable(about.path),
        *(picture.scores.get(name, math.nan) for name in scores),
        mark.stars,
        int(mark.keep),
        about.model,
        "" if about.seed == UNKNOWN else about.seed,
        about.suite,
        picture.group,
        about.prompt,
        about.content,
    ]
