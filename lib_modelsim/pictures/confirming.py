"""Whether two pictures are one, altered: aligned, and then compared window by window.

Pictures of one seed and prompt by related models have one layout, and one number over all pixels cannot tell them from
altered copies: 0.98 for either. Window by window they can be told: a copy is the same nearly everywhere, or exactly
the same but for an edited part; a sibling is nearly the same in most places, and otherwise in some. A copy that was
saved with great losses is nearly the same everywhere, too; but what is left of it, its soft forms, did not move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

from ..text import percent
from .alignment import Affine, Plane, Prepared, covered, placements, refined, scaled, warped
from .smoothing import averaged


class CopyAnswer(Enum):
    """What two pictures are to each other, as far as it can be seen."""

    COPY = "copy"
    SAME_LAYOUT = "same layout, perhaps the same seed by another model"
    TOO_LITTLE = "too little to tell"
    DIFFERENT = "different"


@dataclass(frozen=True)
class WindowShares:
    """Of the textured windows that both pictures have: `same` is the share with a correlation of SAME or more, `exact`
    with EXACT or more, `odd` below ODD; `typical` is the median correlation, `layout` that of a coarser scale. Of all
    windows `textured` is the share of these, and `edited` of those that lie among odd ones alone; `windows` is how many
    were compared. `elsewhere` is a correlation that three in four reach of those that are not near an odd one. `drift`
    is how far the soft forms of one lie off the other's at worst (1 place in 100 is worse), as a share of their own
    spread. Both were looked at only where the other numbers leave it open."""

    same: float
    exact: float
    odd: float
    typical: float
    layout: float
    textured: float
    windows: int
    edited: float = 0.0
    elsewhere: float = 0.0
    drift: float = 1.0


@dataclass(frozen=True)
class CopyMatch:
    """What `confirm` says. `where` is the place of the query's points in the stored picture; `of_query` and `of_stored`
    are the shares of the two pictures' areas that show the same; `edited` is the share of that which does not. `size`
    is the prepared query's width and height."""

    answer: CopyAnswer
    compared: WindowShares | None = None
    where: Affine | None = None
    of_query: float = 0.0
    of_stored: float = 0.0
    edited: float = 0.0
    size: tuple[int, int] = (0, 0)

    @property
    def is_copy(self) -> bool:
        """Whether both are one picture, an edited part or not."""
        return self.answer is CopyAnswer.COPY

    @property
    def told(self) -> str:
        """What was done to it, in words: "mirrored, cut to 74 %"; empty where nothing was."""
        if self.where is None:
            return ""
        worn = self.compared is not None and self.compared.same < COPY and not self.edited
        mirrored = np.linalg.det(self.where[:2, :2]) < 0
        across = self.where[:2, :2] @ [-1 if mirrored else 1, 0]
        turn = round(float(np.degrees(np.arctan2(across[1], across[0]))))
        said = [
            "mirrored" if mirrored else "",
            f"turned by {abs(turn)}°" if turn else "",
            f"cut to {percent(self.of_stored)} of its area" if self.of_stored < WHOLE else "",
            f"{percent(self.of_query)} of your picture" if self.of_query < WHOLE else "",
            f"{percent(self.edited)} of it edited" if self.edited else "",
            "fine details lost" if self.is_copy and worn else "",
        ]
        return ", ".join(filter(None, said))


DIFFERENT = CopyMatch(CopyAnswer.DIFFERENT)

SAME, EXACT, ODD = 0.9, 0.95, 0.8
"""Correlations of a window."""

COPY, FEW = 0.95, 0.01
"""A copy: at least so many of the windows are the same, at most so few are odd."""

EXACTLY, ELSEWHERE = 0.55, 0.985
"""A copy with an edited part: at least so many are exact, and what is not near the edited part is as good as equal.
Elsewhere altered copies had 0.99 and more, pictures of one layout up to 0.96."""

TOGETHER, UNTOUCHED = 0.25, 0.995
"""An edited part is one where so many of the odd windows lie among odd ones, or where all else is as good as untouched,
as beside a few words; else details were lost here and there. Edited parts had 0.45 and more, words 0.1 and 0.999
elsewhere, pictures saved as JPEG 20 or 30 had 0.1 and 0.993."""

DRIFT, WORN = 0.3, 0.8
"""A copy that lost its details: its soft forms drifted by no more than this, and its typical window correlates by so
much or more. Copies saved as JPEG 10 or WebP 20, or four times, had a drift of up to 0.27; the most alike pictures of
one seed by real models that are none had 0.54."""

REPEATS = 0.75
"""Correlation of a picture with itself, moved, from which on it is a pattern: chequers, stripes, lined paper. Each
place of such a picture is like many of any other, and windows tell nothing. Photographs and drawings had up to 0.56."""

WHOLE = 0.97
"""Of a picture's area: less and it was cut."""

_SIDE, _WINDOW = 128, 11  # pixels of the part that both show, and of a window
_WIDE = 41  # pixels: forms that are larger are the light of the whole
_COARSE, _COARSE_WINDOW = 64, 7
_TEXTURED = 4.0  # grey levels that a window's pixels spread by
_ENOUGH, _ENOUGH_SHARE = 300, 0.08  # textured windows
_MUCH = 0.2  # of a picture: where there is less to see, a thing that both have is no proof; the plain rest has to agree
_TURNED = 0.25  # share of odd windows: 0.17 and less after hues were turned
_LAYOUT = 0.8  # of the median window at the coarse scale
_SHOWN = 0.2  # of either picture's area: less is a part that many pictures may have
_EDGE = 1.5  # pixels along the edge of what both show: what lies beyond shines through when a picture is scaled
_BEYOND = -0.75  # pixels: the outermost reach half a one beyond their centres
_LEAST = 24  # pixels of the part that both show


def confirm(query: Prepared, stored: Prepared) -> CopyMatch:
    """What the two pictures are to each other."""
    best = DIFFERENT
    for where in placements(query, stored):
        match = _matched(query, stored, where)
        if match.is_copy:
            return match
        best = match if best is DIFFERENT else best
    return best


def _matched(query: Prepared, stored: Prepared, where: Affine) -> CopyMatch:
    """Looked at in the pixels of the coarser one."""
    scale = np.sqrt(abs(np.linalg.det(where[:2, :2])))
    if not 0.05 < scale < 20:
        return DIFFERENT
    turned = scale < 1
    target, other = (stored, query) if turned else (query, stored)
    where = np.linalg.inv(where) if turned else where
    box = _common(target, other, where)
    if box is None:
        return DIFFERENT
    shift = np.array([[1, 0, box[0]], [0, 1, box[1]], [0, 0, 1]], np.float64)
    lights = target.light[box[1] : box[3], box[0] : box[2]]
    inside = refined(lights, other.light, where @ shift)
    where = inside @ np.linalg.inv(shift)
    size = target.size
    of_target = float(covered(other.planes[0].shape, where, size, _BEYOND).mean())
    back = np.linalg.inv(where)
    of_other = float(covered(target.planes[0].shape, back, other.size, _BEYOND).mean())
    if max(of_target, of_other) < _SHOWN:
        return DIFFERENT
    found = _compared(lights, other.light, inside)
    answer, edited = _judged(found)
    if answer is CopyAnswer.SAME_LAYOUT and found.odd < _TURNED:  # a turned hue changes lightness
        values = _compared(target.value[box[1] : box[3], box[0] : box[2]], other.value, inside)
        if _judged(values)[0] is CopyAnswer.COPY:
            found, (answer, edited) = values, _judged(values)
    if answer is CopyAnswer.COPY and repeats(lights) >= REPEATS:
        answer, edited = CopyAnswer.TOO_LITTLE, 0.0
    of_query, of_stored = (of_other, of_target) if turned else (of_target, of_other)
    where = np.linalg.inv(where) if turned else where
    return CopyMatch(answer, found, where, of_query, of_stored, edited, query.size)


def _judged(found: WindowShares) -> tuple[CopyAnswer, float]:
    """The answer, and the share that was edited."""
    if found.windows < _ENOUGH or found.textured < _ENOUGH_SHARE:
        return CopyAnswer.TOO_LITTLE if found.layout >= _LAYOUT else CopyAnswer.DIFFERENT, 0.0
    if found.same >= COPY and found.odd <= FEW:
        told = found.textured >= _MUCH or found.drift <= DRIFT
        return CopyAnswer.COPY if told else CopyAnswer.TOO_LITTLE, 0.0
    part_differs = found.odd > FEW and found.exact >= EXACTLY and found.elsewhere >= ELSEWHERE
    lost = found.drift <= DRIFT and found.typical >= WORN
    scattered = found.edited < TOGETHER * found.odd * found.textured and found.elsewhere < UNTOUCHED
    if part_differs and found.textured >= _MUCH and not (lost and scattered):
        return CopyAnswer.COPY, max(found.edited, 0.01)
    if lost:
        return CopyAnswer.COPY, 0.0
    return CopyAnswer.SAME_LAYOUT if found.layout >= _LAYOUT else CopyAnswer.DIFFERENT, 0.0


def _common(target: Prepared, other: Prepared, where: Affine) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what both show, in the target."""
    inside = covered(other.planes[0].shape, where, target.size)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if len(rows) < _LEAST or len(columns) < _LEAST:
        return None
    width, height = target.size
    box = columns[0] - 2, rows[0] - 2, columns[-1] + 3, rows[-1] + 3
    return max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])


def _compared(target: Plane, other: Plane, where: Affine) -> WindowShares:
    """At two scales: windows for what is the same, coarser ones for the layout."""
    seen, theirs, both = laid_over(target, other, where, _SIDE)
    windows, rich, within = _correlations(seen, theirs, both, _WINDOW)
    coarse, known, _ = _correlations(*laid_over(target, other, where, _COARSE), _COARSE_WINDOW)
    fine, count = windows[rich], max(1, int(within.sum()))
    layout = _median(coarse[known]) if fine.size else _overall(target, other, where)
    if not fine.size:
        return WindowShares(0.0, 0.0, 1.0, 0.0, layout, 0.0, 0)
    odd = rich & (windows < ODD)
    shares = WindowShares(
        same=float((fine >= SAME).mean()),
        exact=float((fine >= EXACT).mean()),
        odd=float((fine < ODD).mean()),
        typical=_median(fine),
        layout=layout,
        textured=fine.size / count,
        windows=fine.size,
        edited=float(minimum_filter(odd, _WINDOW // 2).sum() / count),
    )
    if shares.same >= COPY and shares.odd <= FEW and shares.textured >= _MUCH:
        return shares
    apart = windows[rich & ~maximum_filter(odd, _WINDOW)] if shares.exact >= EXACTLY else fine[:0]
    return replace(
        shares,
        elsewhere=float(np.quantile(apart, 0.25)) if apart.size >= _ENOUGH else 0.0,
        drift=_drift(seen, theirs, within) if shares.typical >= WORN else 1.0,
    )


def _drift(seen: Plane, theirs: Plane, within: NDArray[np.bool_]) -> float:
    """How far the soft forms of one lie off the other's, but for light and contrast of the whole."""
    soft, others = (averaged(plane, _WINDOW) for plane in (seen, theirs))
    forms = float((soft - averaged(soft, _WIDE))[within].std())
    if forms < _TEXTURED / 2:
        return 1.0  # hardly any forms: nothing that could have drifted
    ours, other = soft[within], others[within]
    ours, other = ours - ours.mean(), other - other.mean()
    off = np.abs(ours - other * (float(ours @ other) / max(float(other @ other), 1e-9)))
    return float(np.quantile(off, 0.99)) / forms


def laid_over(target: Plane, other: Plane, where: Affine, side: int) -> tuple[Plane, Plane, NDArray[np.bool_]]:
    """The target and what the other has at its points, [height, width] each, so that what both show has about side²
    pixels; and which they are."""
    area = covered(other.shape, where, target.shape[::-1]).sum()
    seen, shrunk = scaled(target, min(1.0, side / float(np.sqrt(max(area, 1)))))
    where = where @ np.linalg.inv(shrunk)
    theirs, shrunk = scaled(other, min(1.0, 1 / float(np.sqrt(abs(np.linalg.det(where[:2, :2]))))))
    where = shrunk @ where
    size = seen.shape[::-1]
    both = covered(theirs.shape, where, size, _EDGE) & covered(seen.shape, np.eye(3), size, _EDGE)
    return seen, warped(theirs, where, size, Image.Resampling.BICUBIC), both


def _correlations(
    seen: Plane, theirs: Plane, both: NDArray[np.bool_], window: int
) -> tuple[Plane, NDArray[np.bool_], NDArray[np.bool_]]:
    """[height, width], a window around each pixel: its correlation, whether it is textured, whether both show it."""
    means = [averaged(plane, window) for plane in (seen, theirs, seen * seen, theirs * theirs, seen * theirs)]
    spread = [(means[2] - means[0] ** 2).clip(0), (means[3] - means[1] ** 2).clip(0)]
    within = uniform_filter(both.astype(np.float32), window, mode="constant") > 0.999
    rich = within & (np.maximum(*spread) > _TEXTURED**2)
    return (means[4] - means[0] * means[1]) / np.sqrt(spread[0] * spread[1] + 1e-3), rich, within


def repeats(plane: Plane) -> float:
    """0 … 1: the greatest correlation of the details of a lightness [height, width] with themselves, moved by at least
    a window and at most half the picture."""
    detail, _ = scaled(plane, min(1.0, _SIDE / float(np.sqrt(plane.size))))
    detail = detail - averaged(detail, _WINDOW)
    height, width = detail.shape
    size = (2 * height, 2 * width)  # nothing comes in at the other edge
    spectrum = fft.rfft2(detail, size)
    moved = fft.irfft2(np.abs(spectrum) ** 2, size)
    shown = fft.rfft2(np.ones_like(detail), size)
    energy = fft.irfft2(fft.rfft2(detail * detail, size) * np.conj(shown), size)  # of what both show, in one of them
    other = np.roll(energy[::-1, ::-1], (1, 1), (0, 1))
    correlation = moved / np.sqrt(np.maximum(energy, 1) * np.maximum(other, 1))
    down, right = (np.abs(np.fft.fftfreq(side, 1 / side)) for side in size)
    far = np.maximum.outer(down, right) >= _WINDOW
    near = np.logical_and.outer(down <= height // 2, right <= width // 2)
    return float(correlation[far & near].max(initial=0))


def _overall(target: Plane, other: Plane, where: Affine) -> float:
    """Correlation of what both show, where no window has texture; 1 of two that are plain."""
    size = target.shape[::-1]
    both = covered(other.shape, where, size, _EDGE)
    ours, theirs = target[both], warped(other, where, size, Image.Resampling.BILINEAR)[both]
    if not ours.size or max(np.ptp(ours), np.ptp(theirs)) < _TEXTURED:
        return float(bool(ours.size) and abs(ours.mean() - theirs.mean()) < _TEXTURED)
    spread = float(ours.std() * theirs.std())
    return float(((ours - ours.mean()) * (theirs - theirs.mean())).mean() / max(spread, 1e-9))


def _median(values: NDArray[np.float32]) -> float:
    return float(np.median(values)) if values.size else 0.0
