"""pictures: how alike models are by what they drew of the same probes (see `pictures/kinship.py`)."""

from __future__ import annotations

from .registry import Joined, PictureMeasure

PICTURES = PictureMeasure(
    name="pictures",
    label="pictures of the probes",
    reads="no weights",
    range=(-float("inf"), 1),
    direct=True,
    joined=Joined.MEAN,
    caveat="Pictures are compared within these models and these probes alone, so there is no scale.",
)

MEASURES = (PICTURES,)
