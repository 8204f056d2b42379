"""Keypoints of a picture by OpenCV's SIFT: which parts of two pictures show the same, however one was cut or turned.

OpenCV is optional (`available`); nothing here is called without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]
"""[3, 3]: where a point (x, y, 1) of one picture lies in the other; pixels' centres have whole coordinates."""

Codes = NDArray[np.uint8]
"""[codes, 16]: 128 bits of a keypoint's descriptor; all zero where a picture has fewer keypoints than CODES."""

CODES = 48
"""Keypoints of a picture by which a gallery is searched: the strongest of all its parts, so that a caption or a window
around it does not have them all."""

NEAR = 22
"""Differing bits of 128 up to which two codes may be the same place of a picture."""

_LARGE = 384  # pixels of the longer side
_LONGEST, _SHORTEST = (192, 320), (96, 160)
"""Pixels of the sides of what is looked at, as far as its shape allows, of a small picture and of a large one, which
may hold other pictures, as a screenshot does. Of 372 altered copies of small pictures 369 were aligned so, 370 at 320
pixels, which takes nearly twice as long."""

_KEYPOINTS = 300
_CONTRAST = 0.015  # below OpenCV's 0.04: soft pictures have keypoints too
_PARTS = 4  # of each side, among which the codes are chosen
_RATIO = 0.8  # Lowe, "Distinctive image features from scale-invariant keypoints" (2004), §7.1
_OFF = 3.0  # pixels, at the size that is looked at
_FEWEST = 6  # places that agree
_NEAREST = 6  # stored codes that one place of the query may be


@cache
def available() -> bool:
    """Whether OpenCV can be used: one that is there may lack a system library, or be too old for SIFT."""
    if find_spec("cv2") is None:
        return False
    try:
        import cv2
    except ImportError:
        return False
    return hasattr(cv2, "SIFT_create")


@dataclass(frozen=True)
class Keypoints:
    """The strongest of each part of the picture first: `places` float32 [n, 2] in pixels of the picture given,
    `descriptors` float32 [n, 128], rows of length 1 (square roots of shares: Arandjelović and Zisserman, "Three things
    everyone should know", 2012). `unit` is how many of the picture's pixels one of the size looked at is; `width` is
    the picture's."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    unit: float
    width: int

    def codes(self, mirrored: bool = False) -> Codes:
        """[CODES, 16]: of each descriptor, which values are above its mean; as of the mirrored picture if asked."""
        rows = self.descriptors[:CODES]
        rows = rows[:, MIRRORED] if mirrored else rows
        codes = np.zeros((CODES, 16), np.uint8)
        codes[: len(rows)] = np.packbits(rows > rows.mean(1, keepdims=True), axis=1)
        return codes


def _mirrored() -> NDArray[np.intp]:
    """Where a descriptor's values lie in that of the mirrored picture: 4 rows, 4 columns, 8 directions, all relative to
    the keypoint's own direction. The rows change places and the directions turn the other way."""
    values = np.arange(128).reshape(4, 4, 8)
    return values[::-1][:, :, -np.arange(8) % 8].ravel()


MIRRORED = _mirrored()
"""Where the values of a descriptor lie in that of the mirrored picture."""


def keypoints(light: NDArray[np.uint8]) -> Keypoints:
    """Of a picture's lightness, uint8 [height, width]."""
    import cv2

    height, width = light.shape
    large = max(light.shape) > _LARGE
    scale = min(_LONGEST[large] / max(light.shape), max(1.0, _SHORTEST[large] / min(light.shape)))
    seen = light
    if scale != 1:
        way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        seen = cv2.resize(seen, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=way)
    found, descriptors = cv2.SIFT_create(nfeatures=_KEYPOINTS, contrastThreshold=_CONTRAST).detectAndCompute(seen, None)
    if not found or descriptors is None:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), 1 / scale, width)
    places = np.array([each.pt for each in found], np.float32)
    order = _spread(places / (seen.shape[1], seen.shape[0]), np.array([each.response for each in found]))
    places = places[order]
    per_pixel = np.array([seen.shape[1] / width, seen.shape[0] / height], np.float32)
    shares = descriptors[order] / descriptors[order].sum(1, keepdims=True).clip(1e-9)
    return Keypoints((places + 0.5) / per_pixel - 0.5, np.sqrt(shares), 1 / scale, width)


def _spread(shares: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows of keypoints that lie at these shares of the picture's sides: the strongest of each of its parts, then the
    second of each, and so on."""
    across, down = (shares * _PARTS).astype(int).clip(0, _PARTS - 1).T
    parts, order = _PARTS * down + across, np.argsort(-strengths, kind="stable")
    rank = np.zeros(len(parts), int)
    for part in np.unique(parts):
        inside = order[parts[order] == part]
        rank[inside] = np.arange(len(inside))
    return order[np.argsort(rank[order], kind="stable")]


def placement(query: Keypoints, stored: Keypoints) -> Affine | None:
    """Where the query's points lie in the stored picture, by a shift, a turn and a scale, mirrored or not: what most
    places agree on. None where fewer than six do."""
    found = [each for each in (_agreed(query, stored, mirrored) for mirrored in (False, True)) if each is not None]
    return max(found, key=lambda each: each[0])[1] if found else None


def _agreed(query: Keypoints, stored: Keypoints, mirrored: bool) -> tuple[int, Affine] | None:
    """How many places agree, and on what (random sample consensus)."""
    import cv2

    descriptors = query.descriptors[:, MIRRORED] if mirrored else query.descriptors
    pairs = _pairs(descriptors, stored.descriptors)
    if len(pairs) < _FEWEST:
        return None
    flip = np.array([[-1, 0, query.width - 1], [0, 1, 0], [0, 0, 1]] if mirrored else np.eye(3), np.float64)
    source = query.places[pairs[:, 0]] @ flip[:2, :2].T.astype(np.float32) + flip[:2, 2].astype(np.float32)
    cv2.setRNGSeed(0)  # the same answer each time
    matrix, agree = cv2.estimateAffinePartial2D(
        source,
        stored.places[pairs[:, 1]],
        method=cv2.RANSAC,
        ransacReprojThreshold=_OFF * max(1.0, stored.unit),
        maxIters=500,
    )
    if matrix is None or int(agree.sum()) < _FEWEST:
        return None
    return int(agree.sum()), np.vstack([matrix, [0, 0, 1]]) @ flip


def _pairs(query: NDArray[np.float32], stored: NDArray[np.float32]) -> NDArray[np.intp]:
    """[pairs, 2]: rows that are each other's nearest, and much nearer than the second nearest."""
    if len(query) < 2 or len(stored) < 2:
        return np.zeros((0, 2), np.intp)
    cosines = query @ stored.T
    best, rows = cosines.argmax(1), np.arange(len(query))
    mutual = cosines.argmax(0)[best] == rows
    nearest = cosines[rows, best]
    cosines[rows, best] = -1
    clear = 1 - nearest < _RATIO**2 * (1 - cosines.max(1))
    return np.stack([rows, best], 1)[mutual & clear]


def votes(query: Keypoints, stored: Codes) -> NDArray[np.int64]:
    """[pictures]: how many of the query's strongest places each picture has, mirrored or not.

    `stored` uint8 [pictures, CODES, 16].
    """
    import cv2

    counted = np.zeros(len(stored), np.int64)
    if not len(stored) or not len(query.places):
        return counted
    flat = np.ascontiguousarray(stored.reshape(-1, 16))
    for mirrored in (False, True):
        codes = query.codes(mirrored)
        codes = np.ascontiguousarray(codes[codes.any(1)])
        if not len(codes):
            continue
        # not OpenCV's BFMatcher, which takes 262,143 codes at most: 5,461 pictures
        apart, rows = cv2.batchDistance(codes, flat, cv2.CV_32S, K=min(_NEAREST, len(flat)), normType=cv2.NORM_HAMMING)
        ones = np.zeros_like(counted)
        for near, pictures in zip(apart <= NEAR, rows // CODES, strict=True):
            ones[np.unique(pictures[near])] += 1
        counted = np.maximum(counted, ones)
    return counted
