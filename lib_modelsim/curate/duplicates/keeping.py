"""Of pictures that are one picture, which to keep: the one that shows all of it, with nothing added, the largest, the
least compressed. A suggestion that says why; where it cannot be told, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, uniform_filter

from ...pictures.alignment import Plane, prepare
from ...pictures.confirming import WHOLE
from ...pictures.opening import PictureError, open_picture, opened
from ...text import percent
from .facts import PairFacts
from .pairs import PairKind

_LOSSLESS = ("PNG", "BMP", "TIFF", "GIF", "PPM")

_ONE_LEVEL, _NEAR = 0.5, 8
"""Of what lies around a picture, the share within so many grey levels of its commonest one from which on it was put
there: a plain border, a bar with a caption, a window."""

_BLURRED = 0.15
"""Of the detail within a picture what there is around it at most, if that is a blurred border."""

_SEAM, _WINDOW = 4.0, 7
"""Grey levels by which the means of such windows differ along the seam between a picture and what was put around it.
Where a picture was cut it goes on as it was: also a plain sky."""

_CLEARLY = 1.05  # times as many pixels


@dataclass(frozen=True)
class FileFacts:
    """A picture's file: width and height in pixels, its bytes, Pillow's name of its format; `loss` is 0 where nothing
    is lost by the format, else larger the more is; `record` says whether it tells how it was generated."""

    path: Path
    content: str
    size: tuple[int, int]
    bytes: int
    format: str
    loss: float
    record: bool = False

    @property
    def pixels(self) -> int:
        """How many."""
        return self.size[0] * self.size[1]


@dataclass(frozen=True)
class Suggestion:
    """`keep` is None where none is better for sure; `why` in words."""

    keep: Path | None
    why: str


def file_facts(path: Path, content: str, record: bool) -> FileFacts:
    """What the header of a picture's file says. Raises PictureError where it cannot be read."""
    with opened(path) as picture:
        kind, size = picture.format or "", picture.size
        tables = getattr(picture, "quantization", None) or {}
    count = path.stat().st_size
    if kind in _LOSSLESS or (kind == "WEBP" and _webp_without_loss(path)):
        loss = 0.0
    elif tables:
        loss = float(np.mean([np.mean(list(table)) for table in tables.values()]))  # what values are divided by
    else:
        loss = 8.0 * size[0] * size[1] / max(1, count)  # unknown: fewer bytes, more loss
    return FileFacts(path, content, size, count, kind, loss, record)


def _webp_without_loss(path: Path) -> bool:
    """VP8L is the lossless kind (developers.google.com/speed/webp/docs/riff_container)."""
    with path.open("rb") as file:
        return b"VP8L" in file.read(64)


def suggest(files: Sequence[FileFacts], pairs: Mapping[tuple[str, str], PairFacts]) -> Suggestion:
    """Which file of a group to keep; `pairs` are those of its contents, a < b. Pictures that show more than others are
    opened. The order of the files changes nothing."""
    if any(pair.moves for pair in pairs.values()):
        why = "of what moves or has pages the first picture alone was compared: look at them yourself"
        return Suggestion(None, why)
    files = sorted(files, key=lambda file: (len(str(file.path)), str(file.path)))  # a copy's name is the longer one
    path_of = {file.content: file.path for file in reversed(files)}
    lacks, added, edited = _compared(path_of, pairs)
    if lacks is None:
        return Suggestion(None, "one shows only a part of another: look at them yourself")

    def rank(file: FileFacts) -> tuple[bool, float, int, float, float, bool, int]:
        content = file.content
        missing = round(lacks.get(content, 0.0), 2)
        return content in added, missing, edited.get(content, 0), -file.pixels, file.loss, not file.record, -file.bytes

    best, *others = sorted(files, key=rank)
    why = _why(best, others, lacks, added, edited)
    differ = [
        what
        for what, is_so in (
            ("their colours differ", any(pair.colours for pair in pairs.values())),
            ("their fine details differ", any(pair.details for pair in pairs.values())),
        )
        if is_so
    ]
    if differ:
        why += f"{',' if '; but ' in why else '; but'} {', '.join(differ)}: look at them"
    return Suggestion(best.path, why)


def _compared(
    path_of: Mapping[str, Path], pairs: Mapping[tuple[str, str], PairFacts]
) -> tuple[dict[str, float] | None, set[str], dict[str, int]]:
    """Content → which share of the picture it lacks (None where a part cannot be told from the whole), those with
    something around the picture, and content → of how many others it differs in an edited part."""
    lacks: dict[str, float] = {}
    added: set[str] = set()
    edited: dict[str, int] = {}
    for pair in pairs.values():
        for more, less, share in ((pair.a, pair.b, pair.of_a), (pair.b, pair.a, pair.of_b)):
            if share >= WHOLE:
                continue
            if _is_added(path_of[more], path_of[less], pair, more == pair.b):
                added.add(more)
            elif pair.kind is PairKind.PART:
                return None, added, edited
            else:
                lacks[less] = max(lacks.get(less, 0.0), 1 - share)
        if pair.edited:
            for content in (pair.a, pair.b):
                edited[content] = edited.get(content, 0) + 1
    return lacks, added, edited


def _is_added(path: Path, other: Path, pair: PairFacts, is_b: bool) -> bool:
    """Whether what this picture shows beside the other one was put around it."""
    try:
        light, theirs = (prepare(open_picture(each)).light for each in (path, other))
    except PictureError:
        return False
    around = _outside(light, theirs, pair, is_b)
    if not around.any() or around.all() or _seam(light, around) < _SEAM:
        return False
    levels = np.bincount(np.rint(light[around]).astype(np.int64).clip(0, 255), minlength=256)
    if np.convolve(levels, np.ones(2 * _NEAR + 1), "same").max() >= _ONE_LEVEL * around.sum():
        return True
    detail = np.abs(light - uniform_filter(light, 3))
    inner = ~binary_dilation(around, iterations=3)
    without, within = (float(np.percentile(detail[each], 95)) if each.any() else 0.0 for each in (around, inner))
    return without <= _BLURRED * within


def _seam(light: Plane, around: NDArray[np.bool_]) -> float:
    """The mean difference of lightness on both sides of the edge of a region."""
    means, known = [], []
    for side in (around, ~around):
        weight = uniform_filter(side.astype(np.float32), _WINDOW)
        means.append(uniform_filter(np.where(side, light, 0), _WINDOW) / np.maximum(weight, 1e-6))
        known.append(weight > 0.2)
    edge = known[0] & known[1]
    return float(np.abs(means[0] - means[1])[edge].mean()) if edge.any() else 0.0


def _outside(light: Plane, theirs: Plane, pair: PairFacts, is_b: bool) -> NDArray[np.bool_]:
    """[height, width] of `light`: what of it the other one does not show."""
    where = np.array(pair.where if pair.where is not None else np.eye(3))
    where = where if is_b else np.linalg.inv(where)  # the other's points in this one
    height, width = theirs.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]]) @ where.T
    inside = Image.new("1", light.shape[::-1])
    ImageDraw.Draw(inside).polygon([(float(x), float(y)) for x, y in corners[:, :2]], fill=1)
    return ~np.asarray(inside)


def _why(
    best: FileFacts, others: Sequence[FileFacts], lacks: Mapping[str, float], added: set[str], edited: Mapping[str, int]
) -> str:
    """What speaks for the best against at least one of the others, and what speaks against it."""
    said = []
    if any(other.content in added for other in others) and best.content not in added:
        said.append("nothing was put around it")
    cut = [lacks[other.content] for other in others if lacks.get(other.content, 0) > lacks.get(best.content, 0)]
    if cut:
        said.append(f"not cut (another lacks {percent(max(cut))})")
    larger = any(best.pixels * _CLEARLY < other.pixels for other in others)
    if not larger and any(other.pixels * _CLEARLY < best.pixels for other in others):
        size = f"{best.size[0]} × {best.size[1]}"
        said.append(f"the largest of them, {size} (whether it was only enlarged was not looked at)")
    if any(other.loss > best.loss for other in others):
        said.append("saved without loss" if not best.loss else "the least compressed")
    if best.record and not all(other.record for other in others):
        said.append("it tells how it was generated")
    if not said:
        same = all(other.content == best.content for other in others)
        said.append("the files are the same; the shortest path" if same else "nothing sets them apart for sure")
    against = []
    if larger:
        against.append("another one is larger")
    if not best.record and any(other.record for other in others):
        against.append("another one tells how it was generated")
    if edited:
        against.append("they differ in a part: look at both")
    return ", ".join(said) + (f"; but {', '.join(against)}" if against else "")
