"""An index of vectors in 64 bytes a picture: exact search among them in NumPy, pictures added and removed at any time.

A vector becomes 64 numbers by a fixed random projection, which keeps angles but for some 0.02 of a cosine of 0.9
(Johnson and Lindenstrauss, "Extensions of Lipschitz mappings into a Hilbert space", 1984), and each number a byte. All
of them are compared, so no structure has to be built or built anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Codes = NDArray[np.int8]

BYTES = 64
"""Of a picture."""

_LARGEST = 0.5  # of a code's numbers, whose squares sum to 1: larger ones are cut off
_CHUNK = 1 << 16  # rows that are allocated at once
_BLOCK = 1 << 13  # rows that are compared at once
_TOGETHER = 128  # queries, likewise
_SEED = 64


@dataclass(frozen=True)
class Nearest:
    """Of each query, the nearest first: `keys` int64 [queries, count], −1 where the index has fewer; `cosines` float32,
    as good as 64 bytes tell them, −inf there."""

    keys: NDArray[np.int64]
    cosines: NDArray[np.float32]


class VectorIndex:
    """Vectors by keys, which are whole numbers from 0 on."""

    def __init__(self, centre: Vectors) -> None:
        """`centre` float32 [d] is taken off every vector first: the mean of such vectors, so that their angles differ
        by what is special of each."""
        self._centre = np.asarray(centre, np.float32)
        projection = np.random.default_rng(_SEED).standard_normal((len(self._centre), BYTES))
        self._projection = (projection / np.sqrt(BYTES)).astype(np.float32)
        self._codes: list[Codes] = []
        self._lengths: list[NDArray[np.float32]] = []
        self._keys: list[NDArray[np.int64]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def coded(self, vectors: Vectors) -> Codes:
        """int8 [n, BYTES] of float32 [n, d]."""
        codes = (vectors - self._centre) @ self._projection
        codes /= np.linalg.norm(codes, axis=1, keepdims=True).clip(1e-12)
        return np.rint(codes * (127 / _LARGEST)).clip(-127, 127).astype(np.int8)

    def add(self, keys: Sequence[int] | NDArray[np.int64], vectors: Vectors) -> None:
        """Vectors float32 [keys, d] under keys that are not there yet."""
        self.add_codes(keys, self.coded(vectors))

    def add_codes(self, keys: Sequence[int] | NDArray[np.int64], codes: Codes) -> None:
        """As `add`, of what `coded` made."""
        keys = np.asarray(keys, np.int64)
        taken = 0
        while taken < len(keys):
            place = self._count % _CHUNK
            if place == 0 and self._count == _CHUNK * len(self._codes):
                self._codes.append(np.zeros((_CHUNK, BYTES), np.int8))
                self._lengths.append(np.ones(_CHUNK, np.float32))
                self._keys.append(np.full(_CHUNK, -1, np.int64))
            rows = min(_CHUNK - place, len(keys) - taken)
            chunk = self._count // _CHUNK
            self._codes[chunk][place : place + rows] = codes[taken : taken + rows]
            self._lengths[chunk][place : place + rows] = _lengths(codes[taken : taken + rows].astype(np.float32))
            self._keys[chunk][place : place + rows] = keys[taken : taken + rows]
            taken += rows
            self._count += rows

    def remove(self, keys: Sequence[int] | NDArray[np.int64]) -> None:
        """Those that are there; the last ones take their places."""
        gone = [
            chunk * _CHUNK + place
            for chunk, held in enumerate(self._keys)
            for place in np.flatnonzero(np.isin(held[: self._count - chunk * _CHUNK], keys)).tolist()
        ]
        for row in reversed(gone):
            self._count -= 1
            last, hole = divmod(self._count, _CHUNK), divmod(row, _CHUNK)
            for each in (self._codes, self._lengths, self._keys):
                each[hole[0]][hole[1]] = each[last[0]][last[1]]
        while len(self._codes) * _CHUNK >= self._count + _CHUNK:
            del self._codes[-1], self._lengths[-1], self._keys[-1]

    def search(self, queries: Vectors, count: int) -> Nearest:
        """The nearest `count` of each query, float32 [queries, d], among all."""
        return self.search_codes(self.coded(queries), count)

    def search_codes(self, queries: Codes, count: int) -> Nearest:
        """As `search`, of what `coded` made."""
        keys = np.full((len(queries), count), -1, np.int64)
        cosines = np.full((len(queries), count), -np.inf, np.float32)
        for start in range(0, len(queries), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            asked = queries[part].astype(np.float32)
            asked /= _lengths(asked)[:, None]
            for codes, lengths, held in self._blocks():
                _take_in(asked @ codes.astype(np.float32).T / lengths, held, keys[part], cosines[part])
        return Nearest(keys, cosines)

    def _blocks(self) -> Iterator[tuple[Codes, NDArray[np.float32], NDArray[np.int64]]]:
        for start in range(0, self._count, _BLOCK):
            chunk, place = divmod(start, _CHUNK)
            rows = slice(place, place + min(_BLOCK, self._count - start))
            yield self._codes[chunk][rows], self._lengths[chunk][rows], self._keys[chunk][rows]


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.einsum("ij,ij->i", rows, rows)).clip(1e-12)


def _take_in(
    found: NDArray[np.float32], held: NDArray[np.int64], keys: NDArray[np.int64], cosines: NDArray[np.float32]
) -> None:
    """Those of `found` [queries, block] that are nearer than the last of the best so far take their places."""
    for row in np.flatnonzero(found.max(1, initial=-np.inf) > cosines[:, -1]).tolist():
        better = np.flatnonzero(found[row] > cosines[row, -1])
        values = np.concatenate([cosines[row], found[row, better]])
        best = np.argsort(-values, kind="stable")[: keys.shape[1]]
        keys[row] = np.concatenate([keys[row], held[better]])[best]
        cosines[row] = values[best]
