"""pictures: how alike models are by the pictures they generate from the same probes (see `pictures/kinship.py`)."""

from __future__ import annotations

from .registry import Joined, PictureMeasure

PICTURES = PictureMeasure(
    name="pictures",
    label="pictures of the probes",
    reads="no weights",
    range=(-float("inf"), 1),
    direct=True,
    joined=Joined.MEAN,
    caveat="Pictures are compared only among these models and probes, so there is no fixed scale.",
)

MEASURES = (PICTURES,)
