"""The pictures of a gallery that are the one asked about, or look like it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...identify.evidence.pictures import SimilarPicture
from ...pictures.alignment import Prepared, prepare
from ...pictures.confirming import DIFFERENT, CopyAnswer, CopyMatch, confirm
from ...pictures.copies import CANDIDATE, differing, turned_fingerprints
from ...pictures.keypoints import available, votes
from ...pictures.opening import PictureError, open_picture
from .index import Learned

_LOOKED_AT = 24
_APART = 0.07
"""So many pictures of the gallery are opened at most, those whose fingerprints are most like the query's, and of these
only the ones that differ from it by at most so much more than the nearest does: opening one takes some 30 ms."""

_VOTERS, _VOTES = 12, 4
"""So many more that have most of the query's keypoints, at least so many of them: pictures that were cut, framed or
part of a larger one, which fingerprints do not find."""

WITHOUT_OPENCV = (
    "copies that were cut by more than a tenth, turned by a few degrees or set into another picture are not found: "
    "that needs the package opencv-python-headless"
)


def similar_pictures(query: Image.Image | None, learned: Learned) -> list[SimilarPicture]:
    """Whatever was done to them; the closest first. None of a query without pixels."""
    if query is None or learned.fingerprints is None:
        return []
    prepared = prepare(query)
    apart = differing(turned_fingerprints(query), learned.fingerprints)
    candidates = [learned.gallery[row] for row in _candidates(prepared, apart, learned)]
    with ThreadPoolExecutor() as readers:  # Pillow, NumPy and OpenCV compute beside each other
        matches = list(readers.map(lambda stored: _match(prepared, stored.path), candidates))
    found = [
        SimilarPicture(stored.key, stored.model, stored.path, match)
        for stored, match in zip(candidates, matches, strict=True)
        if match.answer is not CopyAnswer.DIFFERENT
    ]
    return sorted(found, key=lambda each: each.closeness, reverse=True)


def remarks(learned: Learned) -> list[str]:
    """What was not looked for."""
    return [WITHOUT_OPENCV] if learned.fingerprints is not None and not available() else []


def _candidates(prepared: Prepared, apart: NDArray[np.float64], learned: Learned) -> Sequence[int]:
    """Rows of the gallery, whose fingerprints are so far `apart` from the query's."""
    nearest = np.argsort(apart, kind="stable")[:_LOOKED_AT]
    rows = nearest[apart[nearest] <= min(CANDIDATE, apart[nearest[0]] + _APART)].tolist()
    if learned.keypoints is None or prepared.keypoints is None:
        return rows
    counted = votes(prepared.keypoints, learned.keypoints)
    most = np.argsort(-counted, kind="stable")[:_VOTERS]
    return list(dict.fromkeys([*rows, *most[counted[most] >= _VOTES].tolist()]))


def _match(query: Prepared, path: Path) -> CopyMatch:
    """DIFFERENT for a picture that went away since it was learned."""
    try:
        return confirm(query, prepare(open_picture(path)))
    except PictureError:
        return DIFFERENT
