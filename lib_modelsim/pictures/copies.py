"""Which of many thousands of pictures may be the one asked about, whatever was done to it; without opening them.

Fingerprints find candidates; `confirming.py` then aligns two pictures and says whether they are one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

from .canonical import without_borders

Hashes = NDArray[np.uint8]
Box = tuple[float, float, float]
"""Left, top and side of a part, in shares of the picture's sides."""

CANDIDATE = 0.2
"""Share of differing bits up to which two pictures are worth a look; of unrelated ones about half differ."""

_PARTS = (1.0, 0.95, 0.9)  # sides of the stored picture's parts that a query may be
_WHOLE: Box = (0.0, 0.0, 1.0)
_STEP = 0.05
_PLAIN = 10  # of 255: what JPEG does to a plain ground
_GROUND, _FILLED, _SMALLEST = 0.15, 0.6, 0.05  # shares: of ground, of a thing in its rectangle, of that in the picture
_HASHED, _COMPARED, _WORKED_ON = 32, 48, 256  # pixels of a side


def fingerprint(picture: Image.Image) -> Hashes:
    """uint8 [parts, 8]: the perceptual hash of the picture without borders, of parts that are left of it when it is
    cut, of the largest thing on a plain ground (the picture in a window), and at last of the whole: of a plain
    background another saving may leave another border.

    A hash is 64 signs of the low frequencies against their median (Zauner, "Implementation and benchmarking of
    perceptual image hash functions", 2010).
    """
    return np.stack([_hash(low) for low in _frequencies(picture)])


def turned_fingerprints(picture: Image.Image) -> Hashes:
    """uint8 [8, parts, 8]: as `fingerprint`, of the picture as it is, turned by quarters, and all that mirrored."""
    lows = _frequencies(picture)
    return np.stack([[_hash(_turned(low, turn)) for low in lows] for turn in range(8)])


def turned(stored: Hashes) -> Hashes:
    """uint8 [8, …, 8]: nearly what `turned_fingerprints` tells, from fingerprints [..., 8] alone. The median, which
    changes when every second value changes its sign, is taken to be 0, as it nearly is."""
    bits = np.unpackbits(stored, axis=-1).reshape(*stored.shape[:-1], 8, 8)
    odd = (np.arange(8) % 2).astype(np.uint8)
    found = []
    for turn in range(8):
        low = bits ^ odd if turn >= 4 else bits
        for _ in range(turn % 4):
            low = np.swapaxes(low ^ odd, -1, -2)
        found.append(np.packbits(low.reshape(*stored.shape[:-1], 64), axis=-1))
    return np.stack(found)


def differing(query: Hashes, stored: Hashes) -> NDArray[np.float64]:
    """[pictures]: the least share of differing bits over the turns of the query: it without borders against all parts
    of each stored picture, its parts against each stored picture without borders, and whole against whole.

    `query` [turns, parts, 8] is one picture's `turned_fingerprints`, `stored` [pictures, parts, 8] many `fingerprint`s.
    """
    least = np.full(len(stored), 64, np.uint8)
    inside, wholes = stored[:, :1], stored[:, -1]
    for turn in query:
        for bits in (stored ^ turn[0], inside ^ turn[1:-1], (wholes ^ turn[-1])[:, None]):
            least = np.minimum(least, _BITS[bits].sum(-1, dtype=np.uint8).min(1))
    return least / 64


def likeness(query: Image.Image, stored: Image.Image) -> float:
    """−1 … 1: correlation of the query's pixels with those of the part of the stored picture that suits it best; both
    without borders or both with them, whichever is more alike."""
    return max(_correlation(_inside(query), _inside(stored)), _correlation(_small(query), _small(stored)))


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


def _frequencies(picture: Image.Image) -> list[NDArray[np.float32]]:
    """[8, 8] of each part: its lowest frequencies (discrete cosine transform)."""
    inside, whole = _inside(picture), _small(picture)
    parts = [_part(inside, box, _HASHED) for box in _boxes()]
    framed = thing_on_plain_ground(np.asarray(whole))
    parts.append(parts[0] if framed is None else whole.resize((_HASHED, _HASHED), Image.Resampling.BOX, framed))
    parts.append(_part(whole, _WHOLE, _HASHED))
    return [fft.dctn(np.asarray(part.convert("L"), np.float32), norm="ortho")[:8, :8] for part in parts]


def thing_on_plain_ground(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the largest thing on a ground of one colour, of pixels [height, width, 3]; None
    where there is hardly any ground, or no such thing that fills most of a rectangle."""
    bins = (pixels >> 3).astype(np.intp) @ (1024, 32, 1)
    commonest = pixels[bins == np.bincount(bins.ravel()).argmax()].mean(0)
    plain = np.abs(pixels - commonest).max(-1) <= _PLAIN
    if plain.mean() < _GROUND:
        return None
    things, count = ndimage.label(~plain)
    if not count:
        return None
    largest = np.bincount(things.ravel())[1:].argmax()
    rows, columns = ndimage.find_objects(things)[largest]
    filled = (things[rows, columns] == largest + 1).mean()
    share = (rows.stop - rows.start) * (columns.stop - columns.start) / plain.size
    if filled < _FILLED or share < _SMALLEST:
        return None
    return columns.start, rows.start, columns.stop, rows.stop


def _turned(low: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """The frequencies of a picture turned by `turn` quarters to the left, from 4 on mirrored first: mirrored, every
    second one changes its sign; turned, rows and columns change places besides."""
    signs = np.where(np.arange(8) % 2, np.float32(-1), np.float32(1))
    low = low * signs if turn >= 4 else low
    for _ in range(turn % 4):
        low = (low * signs).T
    return low


def _hash(low: NDArray[np.float32]) -> Hashes:
    values = low.ravel()
    return np.packbits(values > np.median(values[1:]))


def _standardised(picture: Image.Image) -> NDArray[np.float64]:
    values = np.asarray(picture, np.float64)
    return (values - values.mean()) / max(float(values.std()), 1e-9)
