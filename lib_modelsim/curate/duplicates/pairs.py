"""Candidates → pairs of pictures that are confirmed to be one, or said to be merely alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import TypeVar

from ...job import Job, Stage
from ...pictures.alignment import Prepared, prepare
from ...pictures.confirming import CopyAnswer, CopyMatch, confirm
from ...pictures.differing import NOTHING, Differences, differences
from ...pictures.opening import PictureError, moves, open_picture, opened
from .candidates import Pairs
from .described import Described

_In, _Out = TypeVar("_In"), TypeVar("_Out")

COMPARISON = "comparison 3"
"""The number grows when another answer may come out of a pair, here or in what `confirm` and `prepare` do: what was
found of pairs is kept under this name, and then compared anew."""

_HELD = 256 << 20
"""Bytes of the pictures that are held ready to be compared: some 800 of 256 × 256 pixels, 300 of 512 × 512 or more."""

_TOGETHER = 64
"""Pairs that are given to the threads at once."""

_HALF = 0.5
"""Of a picture's area: what shows less of another is a part of it, not a cut copy."""


class PairKind(Enum):
    """What two pictures are to each other."""

    COPY = "copy"
    EDITED = "edited copy"
    PART = "part"
    SAME_LAYOUT = "same layout"
    TOO_LITTLE = "too little to tell"

    @property
    def claimed(self) -> bool:
        """Whether we say that they are one picture."""
        return self in (PairKind.COPY, PairKind.EDITED, PairKind.PART)


@dataclass(frozen=True)
class ConfirmedPair:
    """Two contents (SHA-256) and what they are to each other; `similarity` 0 … 1 is the share of what both show that is
    the same, window by window. `differ` is what is not, of those that we claim; `moves`: one has more frames or pages
    than the one that was compared."""

    a: str
    b: str
    match: CopyMatch
    kind: PairKind
    similarity: float
    differ: Differences = NOTHING
    moves: bool = False


def confirmed_within(
    pairs: Pairs, described: Described, job: Job, held: HeldPictures | None = None
) -> list[ConfirmedPair]:
    """What the pairs of one set are, in their order, but for those that are different; else as `confirmed_between`."""
    return confirmed_between(pairs, described, described, job, held)


def confirmed_between(
    pairs: Pairs, one: Described, other: Described, job: Job, held: HeldPictures | None = None
) -> list[ConfirmedPair]:
    """What pairs of two sets are, in their order, but for those that are different. A picture that cannot be read any
    more makes no pair. `held` are pictures that are ready from another call.

    Raises Cancelled within a pair.
    """
    stage = Stage(job, "comparing pictures in detail", len(pairs), "pairs")
    pictures = held or HeldPictures()

    def compared(pair: Sequence[int]) -> ConfirmedPair | None:
        job.check()
        ready = pictures.of(one.paths[pair[0]]), pictures.of(other.paths[pair[1]])
        found = None if None in ready else confirmed(one.contents[pair[0]], other.contents[pair[1]], *ready)
        stage.advance(1)
        return found

    with ThreadPoolExecutor() as workers:  # Pillow, NumPy and OpenCV compute beside each other
        return [each for each in _in_turn(workers, compared, pairs.tolist()) if each is not None]


def _in_turn(workers: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Sequence[_In]) -> Iterator[_Out]:
    """As `map`, but no more than a few are begun before the last ones are done: then a stop is one."""
    for start in range(0, len(items), _TOGETHER):
        yield from workers.map(work, items[start : start + _TOGETHER])


def confirmed(a: str, b: str, one: Prepared, other: Prepared) -> ConfirmedPair | None:
    """What two pictures are, a and b their contents; None of those that are different."""
    match = confirm(one, other)
    if match.answer is CopyAnswer.DIFFERENT:
        return None
    kind = kind_of(match)
    same = match.compared.same if match.compared is not None else 0.0
    if not kind.claimed or match.where is None:
        return ConfirmedPair(a, b, match, kind, same)
    differ = differences(one, other, match.where)
    if differ.spot and kind is PairKind.COPY:
        kind = PairKind.EDITED
    return ConfirmedPair(a, b, match, kind, same, differ, one.moves or other.moves)


def kind_of(match: CopyMatch) -> PairKind:
    """Of a match that is not DIFFERENT."""
    if match.answer is CopyAnswer.SAME_LAYOUT:
        return PairKind.SAME_LAYOUT
    if match.answer is CopyAnswer.TOO_LITTLE:
        return PairKind.TOO_LITTLE
    if min(match.of_query, match.of_stored) < _HALF:
        return PairKind.PART
    return PairKind.EDITED if match.edited else PairKind.COPY


class HeldPictures:
    """Pictures that are ready to be compared, those used last, in bounded memory; for any thread. Preparing one takes
    longer than to tell that two are no copies: pairs that are compared in several calls hand it on."""

    def __init__(self) -> None:
        self._ready: OrderedDict[Path, Prepared | None] = OrderedDict()
        self._lock = Lock()
        self._bytes = 0

    def of(self, path: Path) -> Prepared | None:
        """None where it cannot be read any more."""
        with self._lock:
            if path in self._ready:
                self._ready.move_to_end(path)
                return self._ready[path]
        try:
            picture = open_picture(path)
            with opened(path) as file:
                ready = prepare(picture, moves(file))
        except PictureError:
            ready = None
        with self._lock:
            if path not in self._ready:
                self._ready[path] = ready
                self._bytes += ready.bytes if ready is not None else 0
            while self._bytes > _HELD and len(self._ready) > 2:
                _, last = self._ready.popitem(last=False)
                self._bytes -= last.bytes if last is not None else 0
        return ready
