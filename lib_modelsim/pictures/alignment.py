"""Two pictures → where each point of one lies in the other, to a fraction of a pixel.

By keypoints where OpenCV is there; otherwise, and for soft pictures without keypoints, by trying parts of one against
the other, upright, turned and mirrored, with and without plain borders. Then refined on what both show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canonical import content_box
from .keypoints import Affine, Keypoints, available, keypoints, placement
from .smoothing import Plane, blurred

LONGEST = 512
"""Pixels of the longer side of what is compared."""

_TINTS = 64
"""Pixels of the longer side of what colours are compared by."""

_TRIED = 40  # pixels of a side of the parts that are tried
_PARTS = (1.0, 0.95, 0.9)
_STEP = 0.05
_REFINED = ((96, 8), (208, 6))  # pixels of the longer side, and steps
_HOPEFUL = 0.4  # how alike the best part has to be before it is looked for more closely
_SEVERAL, _SOMEWHAT = 60, 0.75
"""Of two pictures with so many keypoints that agree on nothing, and less alike than this as a whole, no part is tried:
of 370 altered copies none was found so, and most candidates are no copies."""

_SOFT, _AROUND = 1.0, 6.0  # pixels: of the blur before refinement, and of what a pixel is compared with
_ODD = 0.6  # of a difference between locally normalised pixels: from here on it counts for less


@dataclass(frozen=True)
class Prepared:
    """A picture, ready to be compared with many: `planes` uint8 [2, height, width] are its lightness and its strongest
    channel (which a turned hue leaves as it is), no side above LONGEST. `box` is what is left without plain borders:
    left, top, right, bottom. `keypoints` is None without OpenCV. `tints` uint8 [2, height, width] are its colours
    without their lightness (Cb and Cr), coarsely; `moves`: there are more frames or pages, and this is the first."""

    planes: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    keypoints: Keypoints | None
    tints: NDArray[np.uint8]
    moves: bool = False

    @property
    def light(self) -> Plane:
        """The lightness, float32 in 0 … 255."""
        return self.planes[0].astype(np.float32)

    @property
    def value(self) -> Plane:
        """The strongest channel, float32 in 0 … 255."""
        return self.planes[1].astype(np.float32)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.planes.shape[2], self.planes.shape[1]

    @property
    def bytes(self) -> int:
        """That it takes."""
        found = self.keypoints
        own = self.planes.nbytes + self.tints.nbytes
        return own + (found.places.nbytes + found.descriptors.nbytes if found is not None else 0)


def prepare(picture: Image.Image, moves: bool = False) -> Prepared:
    """An RGB picture of any size; `moves` where it is the first of several frames."""
    picture = _shrunk(picture)
    pixels = np.asarray(picture)
    planes = np.stack([np.asarray(picture.convert("L")), pixels.max(-1)])
    found = keypoints(planes[0]) if available() else None
    return Prepared(planes, content_box(pixels), found, _tints(picture), moves)


def _tints(picture: Image.Image) -> NDArray[np.uint8]:
    small = picture.convert("YCbCr")
    small.thumbnail((_TINTS, _TINTS), Image.Resampling.BOX)
    return np.moveaxis(np.asarray(small)[..., 1:], -1, 0).copy()


def _shrunk(picture: Image.Image) -> Image.Image:
    scale = LONGEST / max(picture.size)
    if scale >= 1:
        return picture
    size = tuple(max(8, round(side * scale)) for side in picture.size)
    return picture.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.HAMMING)


def laid_over(stored: Image.Image, where: Affine, size: tuple[int, int]) -> Image.Image:
    """The stored RGB picture, cut and turned as a query of this size (when prepared) shows it; grey where it ends."""
    (a, b, c), (d, e, f) = where[:2]
    corners = (a, b, c + 0.5 - (a + b) / 2, d, e, f + 0.5 - (d + e) / 2)
    return _shrunk(stored).transform(
        size, Image.Transform.AFFINE, corners, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)
    )


def placements(query: Prepared, stored: Prepared) -> Iterator[Affine]:
    """Guesses of where the query's points lie in the stored picture, the best first."""
    if query.keypoints is not None and stored.keypoints is not None:
        found = placement(query.keypoints, stored.keypoints)
        if found is not None:
            yield found
            return
        several = min(len(each.keypoints.places) for each in (query, stored) if each.keypoints is not None) >= _SEVERAL
        if several and _closest_turn(query, stored, query.box, stored.box)[0] < _SOMEWHAT:
            return
    yield _by_parts(query, stored)


# by trying parts


def _by_parts(query: Prepared, stored: Prepared) -> Affine:
    """The part of one picture that is most like the other."""
    found: list[tuple[float, Affine]] = []
    boxes = [(query.box, stored.box)]
    whole = tuple((0, 0, *each.size) for each in (query, stored))
    if whole != boxes[0]:
        boxes.append(whole)
    for one, other in boxes:
        _, turn = _closest_turn(query, stored, one, other)
        value, part = _best_part(_turned(_small(query, one), turn), stored.light, other)
        found.append((value, _between(part) @ _turning(turn) @ np.linalg.inv(_between(one))))
        value, part = _best_part(_turned(_small(stored, other), _BACK[turn]), query.light, one)
        found.append((value, _between(other) @ _turning(turn) @ np.linalg.inv(_between(part))))
    return max(found, key=lambda each: each[0])[1]


def _closest_turn(query: Prepared, stored: Prepared, one: Box, other: Box) -> tuple[float, int]:
    """How alike the two boxes are, and in which turn of the query's."""
    ours, theirs = _small(query, one), _small(stored, other)
    found = [_alike(_turned(ours, turn), theirs) for turn in range(8)]
    return max(found), int(np.argmax(found))


Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_BACK = (0, 3, 2, 1, 4, 5, 6, 7)  # the turn that undoes another: 1, 2, 3 quarters, then the same mirrored


def _turned(plane: Plane, turn: int) -> Plane:
    return np.rot90(plane[:, ::-1] if turn >= 4 else plane, turn % 4)


def _turning(turn: int) -> Affine:
    """What `_turned` does to a point of the unit square."""
    quarter = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1]], np.float64)  # to the left, y goes down
    mirror = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return np.linalg.matrix_power(quarter, turn % 4) @ (mirror if turn >= 4 else np.eye(3))


def _between(box: Box) -> Affine:
    """The unit square → pixels of this box."""
    left, top, right, bottom = box
    return np.array([[right - left, 0, left - 0.5], [0, bottom - top, top - 0.5], [0, 0, 1]], np.float64)


def _small(picture: Prepared, box: Box) -> Plane:
    return _part(Image.fromarray(picture.light), box)


def _part(picture: Image.Image, box: Box) -> Plane:
    values = np.asarray(picture.resize((_TRIED, _TRIED), Image.Resampling.BOX, box))
    values = values - values.mean()
    return values / max(float(np.sqrt(np.square(values).sum())), 1e-9)


def _alike(one: Plane, other: Plane) -> float:
    return float(np.vdot(one, other))


def _best_part(looked_for: Plane, light: Plane, within: Box) -> tuple[float, Box]:
    """How alike the part of `within` is that is most like what is looked for, and where it lies."""
    left, top, right, bottom = within
    picture = Image.fromarray(light).resize((128, 128), Image.Resampling.BOX, within)

    def alike(share: tuple[float, float, float]) -> float:
        x, y, side = (128 * value for value in share)
        return _alike(looked_for, _part(picture, (x, y, x + side, y + side)))

    parts = [
        (float(x), float(y), side)
        for side in _PARTS
        for x in np.arange(0, 1 - side + 1e-9, _STEP)
        for y in np.arange(0, 1 - side + 1e-9, _STEP)
    ]
    best, share = max((alike(part), part) for part in parts)
    step = _STEP / 2 if best >= _HOPEFUL else 0
    while step > 0.004:
        x, y, side = share
        near = [(x + step * i, y + step * j, side + step * k) for i, j, k in _MOVES]
        inside = [(a, b, c) for a, b, c in near if min(a, b) >= 0 and max(a, b) + c <= 1 and c > 0.5]
        value, part = max(((alike(part), part) for part in inside), default=(best, share))
        if value > best:
            best, share = value, part
        else:
            step /= 2
    x, y, side = share
    width, height = right - left, bottom - top
    return best, (left + x * width, top + y * height, left + (x + side) * width, top + (y + side) * height)


_MOVES = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) != (0, 0, 0)]


# refining


def refined(target: Plane, other: Plane, where: Affine) -> Affine:
    """`where` (target's points → other's) with the shift, turn, scale and shear that make what both show most alike.

    Gauss and Newton's method on locally normalised pixels, so that neither light nor contrast matter; what differs
    much counts for little (Baker and Matthews, "Lucas-Kanade 20 years on", 2004: inverse compositional, with weights).
    A step that leaves them less alike than before is not kept.
    """
    for side, steps in _REFINED:
        seen, ours = scaled(target, min(1.0, side / max(target.shape)))
        start = where @ np.linalg.inv(ours)
        theirs, shrunk = scaled(other, min(1.0, 1 / _scale(start)))
        better = _descended(_normalised(seen), _normalised(theirs), shrunk @ start, steps)
        where = np.linalg.inv(shrunk) @ better @ ours
    return where


def _descended(seen: Plane, theirs: Plane, where: Affine, steps: int) -> Affine:
    height, width = seen.shape
    unit = 2 / max(seen.shape)
    centred = np.array([[unit, 0, -unit * width / 2], [0, unit, -unit * height / 2], [0, 0, 1]])
    down, across = np.gradient(seen)
    x, y = unit * np.arange(width) + centred[0, 2], (unit * np.arange(height) + centred[1, 2])[:, None]
    slopes = np.stack([across * x, across * y, across, down * x, down * y, down]).reshape(6, -1).astype(np.float32)
    best, least = where, np.inf
    for _ in range(steps + 1):
        off = (warped(theirs, where, (width, height), Image.Resampling.BILINEAR) - seen).ravel()
        inside = covered(theirs.shape, where, (width, height)).ravel()
        weight = inside / (1 + np.square(off / _ODD))
        left = 1 - float(weight.sum()) / max(1, int(inside.sum()))
        if left >= least - 1e-4:
            break
        best, least = where, left
        weighed = slopes * weight.astype(np.float32)
        step = np.linalg.solve(weighed @ slopes.T + 1e-3 * np.eye(6), weighed @ off)
        where = where @ np.linalg.inv(np.eye(3) + np.vstack([step.reshape(2, 3), [0, 0, 0]]) @ centred)
    return best


def _normalised(plane: Plane) -> Plane:
    """Each pixel against the mean and the spread around it."""
    soft = blurred(plane, _SOFT)
    mean = blurred(soft, _AROUND)
    spread = blurred(soft * soft, _AROUND) - mean * mean
    return (soft - mean) / np.sqrt(spread.clip(0) + 9)


def scaled(plane: Plane, scale: float) -> tuple[Plane, Affine]:
    """The plane at another size (`scale` ≤ 1), and where its points lie there."""
    height, width = plane.shape
    size = max(8, round(width * scale)), max(8, round(height * scale))
    if size == (width, height):
        return plane, np.eye(3)
    across, down = size[0] / width, size[1] / height
    where = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)), where


def warped(plane: Plane, where: Affine, size: tuple[int, int], way: Image.Resampling) -> Plane:
    """[height, width] of `size` (width, height): at each point what the plane has at `where` of it."""
    (a, b, c), (d, e, f) = where[:2]
    of_corners = (a, b, c + 0.5 - (a + b) / 2, d, e, f + 0.5 - (d + e) / 2)  # Pillow's pixels begin at whole numbers
    return np.asarray(Image.fromarray(plane).transform(size, Image.Transform.AFFINE, of_corners, way))


def covered(shape: tuple[int, ...], where: Affine, size: tuple[int, int], edge: float = 0.0) -> NDArray[np.bool_]:
    """[height, width] of `size`: which points lie within a plane of this shape, so many pixels from its edge."""
    x, y = np.arange(size[0])[None], np.arange(size[1])[:, None]
    u, v = (where[i, 0] * x + where[i, 1] * y + where[i, 2] for i in (0, 1))
    right, bottom = shape[1] - 1 - edge, shape[0] - 1 - edge
    return (u >= edge) & (u <= right) & (v >= edge) & (v <= bottom)


def _scale(where: Affine) -> float:
    return float(np.sqrt(abs(np.linalg.det(where[:2, :2]))))
