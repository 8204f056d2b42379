"""Which numbers of a weight stand for all of it: the sample that the whole-weight measures can be made from.

A file need not be read to its end to know how far two models are apart. Of every key some chunks are read, spread over
it at random, and its sums ‖a − b‖² and ‖a‖² are scaled up from what was read to the whole: (numbers of the key) /
(numbers read) times the sums of the sample. Nothing else differs from the exact measures.

The chunks depend on the key's common name, on how many numbers it has and on `VERSION` alone: never on the order of
the file, its precision or its other keys. So the samples of two models are of the same numbers, whoever reads them and
when. A key is cut into equal stretches, and of each one chunk is read whose place is drawn at random; one that runs
over the end of its stretch goes on at the beginning. So every number is as likely to be read as any other, which makes
the sums unbiased (stratified random sampling of clusters: W. G. Cochran, Sampling Techniques, 1977, chapters 5 and 9).

The defaults are measured, see docs/sampling.md: 4 % of a file of real size, in reads of 2 to 64 kB of float16. Keys of
up to 32,768 numbers (norms and biases) are read whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

VERSION = 1
"""Part of what the places are drawn from, and of the name under which results are remembered."""

Range = tuple[int, int]
"""Numbers [start, stop) of a weight, flattened in C order."""


@dataclass(frozen=True)
class Sample:
    """How much of a key is read, in numbers, and in chunks of what length.

    `share` of a key, but not less than `least`; in at least `chunks` pieces where these do not get shorter than
    `shortest`; none is longer than `longest`. `seed` draws another sample of the same kind.
    """

    share: float = 0.04
    least: int = 1 << 14
    chunks: int = 16
    shortest: int = 1 << 10
    longest: int = 1 << 15
    seed: int = 0

    def ranges(self, key: str, count: int) -> list[Range]:
        """What is read of a weight of `count` numbers with this common name: ascending, without overlap.

        The whole weight where the sample would be half of it or more.
        """
        wanted = max(self.least, round(self.share * count), 1)
        if 2 * wanted >= count:
            return [(0, count)]
        length = min(max(wanted // self.chunks, self.shortest, 1), self.longest, wanted)
        number = round(wanted / length)
        edges = np.arange(number + 1) * count // number
        draws = _draws(f"{VERSION} {self.seed} {count} {key}", number)
        found: list[Range] = []
        for first, end, draw in zip(edges[:-1].tolist(), edges[1:].tolist(), draws, strict=True):
            start = first + draw % (end - first)
            over = max(0, start + length - end)
            found += [(first, first + over)] if over else []
            found.append((start, start + length - over))
        return found


SAMPLE = Sample()
"""The sample that the measures take."""


def numbers(ranges: Sequence[Range]) -> int:
    """How many numbers there are in these ranges."""
    return sum(stop - start for start, stop in ranges)


def batches(ranges: Sequence[Range], longest: int) -> list[list[Range]]:
    """The ranges in order, cut and put together to lots of at most `longest` numbers."""
    found: list[list[Range]] = []
    room = 0
    for first, stop in ranges:
        start = first
        while start < stop:
            if room == 0:
                found.append([])
                room = longest
            end = min(stop, start + room)
            found[-1].append((start, end))
            room, start = room - (end - start), end
    return found


def _draws(text: str, number: int) -> list[int]:
    """Random whole numbers below 2⁶⁴ that depend on the text alone, on every machine and for ever (SHAKE-128)."""
    return np.frombuffer(hashlib.shake_128(text.encode()).digest(8 * number), "<u8").tolist()
