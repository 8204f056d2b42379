"""Inner products of the changes of many adapters, layer by layer, without making the changes where that costs more.

⟨B₁A₁, B₂A₂⟩ = tr((B₁ᵀB₂)(A₂A₁ᵀ)): of low-rank changes the products of all pairs come from two Gram matrices of all
factors, stacked. A low-rank change and any other: ⟨BA, W⟩ = tr(Bᵀ(WAᵀ)). Two Kronecker products of equal shapes:
⟨A⊗B, C⊗D⟩ = ⟨A, C⟩⟨B, D⟩. What is left is made in pieces of rows. Everything is float64: two changes that are the same
to float32's last digit differ by less than what is told here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..similarity.device import CPU, fallen_back
from ..similarity.parts import KeySums
from .changes import Kronecker, LayerChange, LowRank, product

Array = NDArray[np.float64]

_PIECE = 1 << 22
"""Numbers of all changes together that are made at a time."""

_PREFERRED = 4
"""How many times the multiplications of whole changes those of factors may be: they are fewer and larger products."""

_MOST_RANKS = 2048
"""Ranks of all changes together up to which their factors are multiplied in one piece, in float64."""

_TILE = 1024
"""Ranks in a tile beyond that: few enough for memory, enough for the processor."""

_CLOSE = 0.999
"""Cosine from which on a product of float32 is made again in float64: the difference of two such changes is small."""

_RESOLUTION = 1e-13
"""Of ‖a − b‖² relative to ‖a‖² + ‖b‖²: what is below it is rounding."""


def gram(changes: Sequence[LayerChange], place: torch.device = CPU.torch) -> Array:
    """⟨ΔWᵢ, ΔWⱼ⟩ of all pairs of m changes of one shape, [m, m]. Products of many factors are made at `place`."""
    total = np.zeros((len(changes), len(changes)))
    low = [i for i, change in enumerate(changes) if isinstance(change, LowRank)]
    others = [i for i, change in enumerate(changes) if not isinstance(change, LowRank)]
    if low:
        factors = [changes[i] for i in low]
        rows, columns = changes[0].shape
        ranks = sum(len(change.down) for change in factors)
        cheap = ranks**2 * (rows + columns) <= _PREFERRED * len(low) ** 2 * rows * columns + _PIECE
        total[np.ix_(low, low)] = _of_factors(factors, place) if cheap else _of_pieces(factors)
        for other in others:
            total[other, low] = total[low, other] = _with_factors(changes[other], factors)
    for alike in _alike([(i, changes[i]) for i in others]):
        total[np.ix_(alike, alike)] = _of_kroneckers([changes[i] for i in alike])
    apart = [(i, j) for n, i in enumerate(others) for j in others[: n + 1] if not _match(changes[i], changes[j])]
    if apart:
        pieces = _of_pieces([changes[i] for i in others])
        place = {i: n for n, i in enumerate(others)}
        for i, j in apart:
            total[i, j] = total[j, i] = pieces[place[i], place[j]]
    return total


def _match(a: LayerChange, b: LayerChange) -> bool:
    both = isinstance(a, Kronecker) and isinstance(b, Kronecker)
    return both and (a.left.shape, a.right.shape) == (b.left.shape, b.right.shape)


def _alike(changes: Sequence[tuple[int, LayerChange]]) -> list[list[int]]:
    """Positions of the Kronecker products, by the shapes of their factors."""
    found: dict[tuple, list[int]] = {}
    for i, change in changes:
        if isinstance(change, Kronecker):
            found.setdefault((change.left.shape, change.right.shape), []).append(i)
    return list(found.values())


def _stacked(changes: Sequence[LowRank]) -> tuple[Array, Array, NDArray[np.intp]]:
    """All ups side by side, all downs one below the other, and where each change's begin."""
    starts = np.cumsum([0, *(len(change.down) for change in changes[:-1])])
    return np.hstack([change.up for change in changes]), np.vstack([change.down for change in changes]), starts


def _of_factors(changes: Sequence[LowRank], place: torch.device) -> Array:
    """By the factors: one product of all ups and one of all downs."""
    if sum(len(change.down) for change in changes) > _MOST_RANKS:
        try:
            return _of_many_factors(changes, place)
        except torch.cuda.OutOfMemoryError:
            return _of_many_factors(changes, fallen_back().torch)
    ups, downs, starts = _stacked(changes)
    products = product(ups.T, ups) * product(downs, downs.T)
    return np.add.reduceat(np.add.reduceat(products, starts, axis=0), starts, axis=1)


def _of_many_factors(changes: Sequence[LowRank], place: torch.device) -> Array:
    """As `_of_factors`, tile by tile in float32; lengths, and the products of pairs that are nearly the same, in
    float64."""
    tiles = _tiles([len(change.down) for change in changes])
    total = np.zeros((len(changes), len(changes)))
    halves = [_in_single(changes[first:last], place) for first, last in tiles]
    for i, (ups, downs, starts) in enumerate(halves):
        for j in range(i, len(tiles)):
            others, lower, ends = halves[j]
            products = ((ups @ others.T) * (downs @ lower.T)).cpu().numpy().astype(np.float64)
            sums = np.add.reduceat(np.add.reduceat(products, starts, axis=0), ends, axis=1)
            total[slice(*tiles[i]), slice(*tiles[j])] = sums
            total[slice(*tiles[j]), slice(*tiles[i])] = sums.T
    for i, change in enumerate(changes):
        total[i, i] = _pair(change, change)
    lengths = np.sqrt(total.diagonal())
    for i, j in np.argwhere(np.triu(total > _CLOSE * np.outer(lengths, lengths), 1)):
        total[i, j] = total[j, i] = _pair(changes[i], changes[j])
    return total


def _tiles(ranks: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of the changes that make up each tile."""
    found, first, size = [], 0, 0
    for i, rank in enumerate(ranks):
        if size and size + rank > _TILE:
            found.append((first, i))
            first, size = i, 0
        size += rank
    return [*found, (first, len(ranks))]


def _in_single(changes: Sequence[LowRank], place: torch.device) -> tuple[torch.Tensor, torch.Tensor, Array]:
    """All ups and all downs of a tile, each [ranks, …] in float32, and where each change's begin."""
    starts = np.cumsum([0, *(len(change.down) for change in changes[:-1])])
    ups = torch.cat([torch.from_numpy(change.up).to(torch.float32).T for change in changes])
    downs = torch.cat([torch.from_numpy(change.down).to(torch.float32) for change in changes])
    return ups.to(place), downs.to(place), starts


def _pair(a: LowRank, b: LowRank) -> float:
    """⟨a, b⟩ in float64."""
    up = np.asarray(a.up, np.float64).T @ np.asarray(b.up, np.float64)
    return float((up * (np.asarray(a.down, np.float64) @ np.asarray(b.down, np.float64).T)).sum())


def _with_factors(change: LayerChange, factors: Sequence[LowRank]) -> Array:
    """⟨change, upᵢ downᵢ⟩ of each, [m]."""
    ups, downs, starts = _stacked(factors)
    return np.add.reduceat((change.applied(downs.T) * ups).sum(axis=0), starts)


def _of_kroneckers(changes: Sequence[Kronecker]) -> Array:
    left, right = (
        np.stack([part.reshape(-1) for part in parts])
        for parts in ([c.left for c in changes], [c.right for c in changes])
    )
    return product(left, left.T) * product(right, right.T)


def _of_pieces(changes: Sequence[LayerChange]) -> Array:
    """By the changes themselves, a few rows of all of them at a time."""
    total = np.zeros((len(changes), len(changes)))
    for first, last in _pieces(changes[0].shape, len(changes)):
        piece = np.stack([change.rows(first, last).reshape(-1) for change in changes])
        total += product(piece, piece.T)
    return total


def _pieces(shape: tuple[int, int], count: int) -> Iterator[tuple[int, int]]:
    step = max(1, _PIECE // max(1, count * shape[1]))
    for first in range(0, shape[0], step):
        yield first, min(first + step, shape[0])


def key_sums(key: str, members: tuple[int, ...], products: Array) -> KeySums:
    """What measures are made from: ‖a−b‖² and ‖a‖² of one layer, of the models at these positions."""
    own = np.maximum(products.diagonal(), 0)
    sizes = own[:, None] + own[None, :]
    squares = sizes - 2 * products
    return KeySums(key, members, np.where(squares > _RESOLUTION * sizes, squares, 0), own, products)
