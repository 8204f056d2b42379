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


def write_list(
    pictures: Sequence[Picture], marks: Mapping[str, Mark], scores: Mapping[str, str], folder: Path
) -> list[Path]:
    """Write both into a folder; `scores` is name → what people call it. Raises ModelsimError where the disk refuses."""
    name = f"pictures {datetime.now():%Y-%m-%d %H%M%S}"
    header = ["path", *scores.values(), "stars", "keep", "model", "seed", "suite", "prompt", "sha256"]
    rows = [_row(each, marks.get(each.about.content, Mark()), scores) for each in pictures]
    paths = "".join(f"{readable(each.about.path)}\n" for each in pictures)
    return [write_text(folder / f"{name}.txt", paths), write_csv(folder / f"{name}.csv", rows, header)]


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
        about.prompt,
        about.content,
    ]
