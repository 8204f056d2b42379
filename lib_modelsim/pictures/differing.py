"""What still differs between two pictures that were confirmed to be one: a small spot, the colours, fine details.

`confirming` looks at windows of 128 pixels a side, by lightness: enough to tell one picture from another, too little to
say that nothing was changed. A number in a bill, a closed eye, a dress of another colour are found here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter, uniform_filter

from .alignment import LONGEST, Affine, Plane, Prepared
from .confirming import laid_over
from .smoothing import averaged


@dataclass(frozen=True)
class Differences:
    """`spot` is the share of what both show that differs though all around is the same, 0 where nothing does; `colours`
    and `details`: whether these are not the same. Of what is smaller than a pixel of `LONGEST` nothing is known."""

    spot: float = 0.0
    colours: bool = False
    details: bool = False


NOTHING = Differences()

_WINDOW, _TEXTURED = 9, 8.0  # pixels, and grey levels that a window's pixels spread by
_OUT, _LEAST = 6.0, 0.1
"""A window is another one where 1 - its correlation is so many times that of the worst one in twenty, and this at
least. Of 56 altered copies (exam 1003, but for edits) one had three such in a row, whose hues were turned."""
_WORN = 0.2
"""1 - correlation of the worst one in twenty, from which on fine details are not the same: JPEG 10 to 30, strong noise,
details that were drawn anew."""

_SIDE, _SMOOTH, _TINT = 32, 5, 25.0
"""Pixels of a side and of a window, and the distance in Cb and Cr that the worst in a hundred has where colours differ:
mirrored copies with sharp edges had up to 17, a part of another hue 40 and more."""


def differences(query: Prepared, stored: Prepared, where: Affine) -> Differences:
    """Of two pictures that are one; `where` is the place of the query's points in the stored one."""
    target, other = query, stored
    if abs(np.linalg.det(where[:2, :2])) < 1:  # in the pixels of the coarser one
        target, other, where = stored, query, np.linalg.inv(where)
    odd, worst, inside = _odd(target.light, other.light, where)
    if odd.any():  # a turned hue changes lightness
        odd &= _odd(target.value, other.value, where)[0]
    return Differences(odd.sum() / max(1, int(inside)), _tinted(target, other, where), worst > _WORN)


def _odd(target: Plane, other: Plane, where: Affine) -> tuple[NDArray[np.bool_], float, int]:
    """[height, width] which windows are others than those around them, how well the worst in twenty agree, and how many
    there are."""
    seen, theirs, both = laid_over(target, other, where, LONGEST)
    means = [averaged(plane, _WINDOW) for plane in (seen, theirs, seen * seen, theirs * theirs, seen * theirs)]
    spread = [(means[2] - means[0] ** 2).clip(0), (means[3] - means[1] ** 2).clip(0)]
    inside = uniform_filter(both.astype(np.float32), _WINDOW + 4, mode="constant") > 0.999
    rich = inside & (np.maximum(*spread) > _TEXTURED**2)
    off = 1 - (means[4] - means[0] * means[1]) / np.sqrt(spread[0] * spread[1] + 4)
    worst = float(np.quantile(off[rich], 0.95)) if rich.any() else 0.0
    return minimum_filter(rich & (off > max(_LEAST, _OUT * worst)), 3), worst, int(inside.sum())


def _tinted(target: Prepared, other: Prepared, where: Affine) -> bool:
    """Whether the colours differ somewhere."""
    small, back = _to_tints(other), np.linalg.inv(_to_tints(target))
    off = []
    for ours, theirs in zip(target.tints, other.tints, strict=True):
        seen, laid, both = laid_over(ours.astype(np.float32), theirs.astype(np.float32), small @ where @ back, _SIDE)
        off.append(averaged(seen - laid, _SMOOTH))  # with its sign: an edge that lies a bit beside averages out
    distance = np.hypot(*off)[both]
    return bool(distance.size and np.quantile(distance, 0.99) > _TINT)


def _to_tints(picture: Prepared) -> Affine:
    """The points of a picture in its tints."""
    width, height = picture.size
    return np.diag([picture.tints.shape[2] / width, picture.tints.shape[1] / height, 1.0])
