"""Short weights read together: one read of each file for all that lies near one another, instead of one for each key.

Of 300 small files every key of each is a read of a few kilobytes, and opening a file takes longer than its bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.reader import Weight
from ..checkpoints.source import Source
from ..checkpoints.values import TORCH
from .pieces import Piece

LOT_BYTES = 16 << 20
"""Bytes of a lot at most, of all its models together."""

FEW = 8
"""Models of which each key is read by itself: there is nothing to gain."""

_GAP = 1 << 15
"""Bytes between two weights that are read and not looked at, rather than passed over; never more than were wanted."""

_LONGEST_NUMBER = 8
"""Bytes. What lies at a multiple of it in its run lies at one in memory."""


class _Run(NamedTuple):
    """One read: of which of a model's sources, from which byte on, how many, and where it comes to lie."""

    source: int
    offset: int
    size: int
    column: int


def read_together(lot: Sequence[Sequence[Weight]]) -> list[Piece]:
    """The numbers of the weights lot[key][model], which lie in C order, for each key a piece. Raises ReadError."""
    columns, plans = [], []
    for model in zip(*lot, strict=True):
        sources, spans = list[Source](), []
        for stored in (weight.stored for weight in model):
            if not stored.source.reads_through or stored.source not in sources:
                sources.append(stored.source)
            place = sources.index(stored.source) if stored.source.reads_through else len(sources) - 1
            spans.append((place, stored.offset, stored.bytes))
        start = min(offset for _, offset, _ in spans) // _LONGEST_NUMBER * _LONGEST_NUMBER
        runs, places = _runs(tuple((source, offset - start, size) for source, offset, size in spans))
        plans.append((sources, start, runs))
        columns.append(places)
    width = max(run.column + run.size for _, _, runs in plans for run in runs) if any(plans) else 0
    held = np.empty((len(plans), -(-width // _LONGEST_NUMBER) * _LONGEST_NUMBER), np.uint8)
    for row, (sources, start, runs) in zip(held, plans, strict=True):
        for run in runs:
            sources[run.source].read_into(start + run.offset, memoryview(row)[run.column : run.column + run.size])
    return [_piece(held, weights, [places[key] for places in columns]) for key, weights in enumerate(lot)]


@lru_cache(maxsize=256)
def _runs(spans: tuple[tuple[int, int, int], ...]) -> tuple[list[_Run], list[int]]:
    """What to read for spans of a source, an offset and a size each, and in which column each comes to lie. Cached, as
    files of one layout have the same."""
    runs: list[_Run] = []
    places, wanted = [0] * len(spans), 0
    for i in sorted(range(len(spans)), key=spans.__getitem__):
        source, offset, size = spans[i]
        last = runs[-1] if runs else None
        if last is not None and last.source == source and offset - last.offset - last.size <= min(_GAP, wanted):
            runs[-1] = last._replace(size=max(last.size, offset + size - last.offset))
            wanted += size
        else:
            end = 0 if last is None else last.column + last.size
            column = -(-end // _LONGEST_NUMBER) * _LONGEST_NUMBER + offset % _LONGEST_NUMBER
            runs.append(_Run(source, offset, size, column))
            wanted = size
        places[i] = runs[-1].column + offset - runs[-1].offset
    return runs, places


def _piece(held: NDArray[np.uint8], weights: Sequence[Weight], columns: Sequence[int]) -> Piece:
    """The numbers of one key in what was read of m models, [m, …]: a matrix where it can be one."""
    first = weights[0].stored
    if all(column == columns[0] for column in columns) and all(w.stored.dtype == first.dtype for w in weights):
        return _numbers(torch.from_numpy(held[:, columns[0] : columns[0] + first.bytes]), first.dtype)
    return [
        _numbers(torch.from_numpy(row[column : column + weight.stored.bytes]), weight.stored.dtype)
        for row, weight, column in zip(held, weights, columns, strict=True)
    ]


def _numbers(stored: torch.Tensor, dtype: str) -> torch.Tensor:
    """Bytes as numbers; those that lie across the places of such numbers are copied."""
    kind = TORCH[dtype]
    return (stored.clone() if stored.data_ptr() % kind.itemsize else stored).view(kind)
