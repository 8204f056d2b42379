"""Whether two files hold the same picture, whatever was done to one of them: saved again, scaled, cut, framed.

Fingerprints find candidates among many thousands of pictures without opening them; `likeness` then looks at the two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from .canonical import without_borders

Hashes = NDArray[np.uint8]
Box = tuple[float, float, float]
"""Left, top and side of a part, in shares of the picture's sides."""

CANDIDATE = 0.2
"""Share of differing bits up to which two pictures are worth a look; of unrelated ones about half differ."""

SAME = 0.99
"""Likeness from which two pictures are said to be the same. From one seed, other models have generated pictures with a
likeness of 0.982 (real siblings, docs/identify.md); near copies of a model may still be so alike that both pass."""

RESEMBLING = 0.97
"""Likeness from which two pictures may be the same: altered copies of one, or one seed used by two models."""

_PARTS = (1.0, 0.95, 0.9)  # sides of the stored picture's parts that a query may be
_WHOLE: Box = (0.0, 0.0, 1.0)
_STEP = 0.05
_HASHED, _COMPARED, _WORKED_ON = 32, 48, 256  # pixels of a side


def fingerprint(picture: Image.Image) -> Hashes:
    """uint8 [parts, 8]: the perceptual hash of the picture without borders, of parts that are left of it when it is
    cut, and at last of the whole: of a plain background another saving may leave another border.

    A hash is 64 signs of the low frequencies against their median (Zauner, "Implementation and benchmarking of
    perceptual image hash functions", 2010).
    """
    inside, whole = _inside(picture), _small(picture)
    parts = [*(_part(inside, box, _HASHED) for box in _boxes()), _part(whole, _WHOLE, _HASHED)]
    return np.stack([_hash(part.convert("L")) for part in parts])


def differing(query: Hashes, stored: Hashes) -> NDArray[np.float64]:
    """[pictures]: the least share of differing bits, the query without borders against all parts of each stored
    picture, and whole against whole.

    `query` [parts, 8] is one fingerprint, `stored` [pictures, parts, 8] many.
    """
    parts = _BITS[stored ^ query[0]].sum(-1, dtype=np.uint8).min(1)
    wholes = _BITS[stored[:, -1] ^ query[-1]].sum(-1, dtype=np.uint8)
    return np.minimum(parts, wholes) / 64


def likeness(query: Image.Image, stored: Image.Image) -> float:
    """−1 … 1: correlation of the query's pixels with those of the part of the stored picture that suits it best; both
    without borders or both with them, whichever is more alike."""
    inside = _correlation(_inside(query), _inside(stored))
    return inside if inside >= SAME else max(inside, _correlation(_small(query), _small(stored)))


def _correlation(query: Image.Image, picture: Image.Image) -> float:
    """The greatest over the parts of the picture."""
    looked_for = _standardised(query.resize((_COMPARED, _COMPARED), Image.Resampling.BOX))

    def correlation(box: Box) -> float:
        return float((looked_for * _standardised(_part(picture, box, _COMPARED))).mean())

    best, box = max((correlation(box), box) for box in _boxes())
    step = _STEP / 2
    while step > 0.5 / _COMPARED / 4:
        around = [(correlation(other), other) for other in _neighbours(box, step)]
        if around and max(around)[0] > best:
            best, box = max(around)
        else:
            step /= 2
    return best


_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1, dtype=np.uint8)


def _inside(picture: Image.Image) -> Image.Image:
    return _small(Image.fromarray(without_borders(np.asarray(picture.convert("RGB")))))


def _small(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB").resize((_WORKED_ON, _WORKED_ON), Image.Resampling.BOX)


def _boxes() -> Iterator[Box]:
    for side in _PARTS:
        places = np.arange(0, 1 - side + 1e-9, _STEP)
        yield from ((float(left), float(top), side) for left in places for top in places)


def _neighbours(box: Box, step: float) -> list[Box]:
    """Boxes a step away in place or size, as far as they lie within the picture."""
    left, top, side = box
    moves = [(x, y, s) for x in (-1, 0, 1) for y in (-1, 0, 1) for s in (-1, 0, 1) if (x, y, s) != (0, 0, 0)]
    boxes = [(left + step * x, top + step * y, side + step * s) for x, y, s in moves]
    return [(x, y, s) for x, y, s in boxes if min(x, y) >= 0 and max(x, y) + s <= 1 and s > 0.5]


def _part(picture: Image.Image, box: Box, side: int) -> Image.Image:
    left, top, share = (_WORKED_ON * value for value in box)
    return picture.resize((side, side), Image.Resampling.BOX, (left, top, left + share, top + share))


def _hash(grey: Image.Image) -> Hashes:
    low = fft.dctn(np.asarray(grey, np.float32), norm="ortho")[:8, :8].ravel()
    return np.packbits(low > np.median(low[1:]))


def _standardised(picture: Image.Image) -> NDArray[np.float64]:
    values = np.asarray(picture, np.float64)
    return (values - values.mean()) / max(float(values.std()), 1e-9)
