"""What the script is told of a map: numbers packed in base64, and lines about one picture."""

from __future__ import annotations

import math
from base64 import b64encode
from typing import TYPE_CHECKING

from ...workspace.curating.looking import Picture
from ...workspace.curating.remembered import Mark
from .session import Curator

if TYPE_CHECKING:  # NumPy comes with them
    from ...curate.projections.projection import Points
    from ...workspace.curating.colourings import Colouring

_UNIT, _MISSING = 32767, -32768
"""Places from −1 to 1 travel as whole numbers of 16 bits; this one says that there is none."""

_PROMPT = 160
"""Characters of a prompt below the pointer."""


def packed_points(points: Points) -> dict[str, object]:
    """Places [n, 2] as x, y, x, y … in base64: 5 characters a picture instead of 40."""
    import numpy as np

    whole = np.where(np.isfinite(points), np.round(points * _UNIT), _MISSING)
    return {"points": b64encode(whole.astype("<i2").tobytes()).decode()}


def colours_of(by: Colouring) -> dict[str, object]:
    """A colouring as the script takes it."""
    return {
        "label": by.label, "kind": by.kind, "unit": by.unit, "none": by.none, "names": by.names, "ends": by.ends,
        "steps": by.steps, "version": by.version, "codes": b64encode(by.codes.astype("<u2").tobytes()).decode(),
    }  # fmt: skip


def about_point(picture: Picture, curator: Curator) -> list[tuple[str, str]]:
    """Label and text of what is known of one picture."""
    about, mark = picture.about, curator.marks.get(picture.about.content, Mark())
    prompt = about.prompt if len(about.prompt) <= _PROMPT else about.prompt[: _PROMPT - 1] + "…"
    lines = [("model", about.model), ("prompt", prompt), ("suite", about.suite), ("category", picture.group)]
    for score, label in curator.score_labels.items():
        value = picture.scores.get(score, math.nan)
        lines.append((label, "none" if math.isnan(value) else curator.number(score, value)))
    lines.append(("stars", "★" * mark.stars))
    return [(label, text) for label, text in lines if text]
