"""Signed least squares: how much of each parent is in a target, from squared distances alone.

Everything is a difference from the target: with G the products ⟨a − T, b − T⟩, shares s with Σ s = 1 leave sᵀGs. A sum
that is not 1 belongs to SLERP, whose own formula is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..products import Distances, Stack

Array = NDArray[np.float64]

_SINGULAR = 1e-9
"""Of a parent's own direction, beside the others': below, the products have no digits left for it."""


@dataclass(frozen=True)
class Solution:
    """`shares` [p] of the candidates, whose sum is 1, and what they `left`: ‖target − Σ share · candidate‖²;
    `spread` [p, p] is the covariance of the shares for an error of unit variance in every number of the target."""

    shares: Array
    left: float
    spread: Array


def solve(distances: Distances) -> Solution:
    """The shares with the sum 1 that leave least; none of them is held to be positive."""
    inner = distances.products
    return solve_inner(inner, np.eye(len(inner), dtype=bool), float(distances.norms[0]))


def solve_inner(inner: Array, same: NDArray[np.bool_], nothing: float = np.nan) -> Solution:
    """The same from products [p, p], NaN for models that do not hold the weights: their share is 0. Of models that are
    the `same` here the first gets the share of all. Where nobody holds them, `nothing` is left."""
    shares, spread = np.zeros(len(inner)), np.zeros(inner.shape)
    kept: list[int] = []
    for i in range(len(inner)):
        if not np.isnan(inner[i, i]) and not any(same[i, k] for k in kept):
            kept.append(i)
    if not kept:
        return Solution(shares, nothing, spread)
    # Σ s = 1 by taking differences from the nearest: T − m_0 = Σ s_i (m_i − m_0)
    first = min(kept, key=lambda i: inner[i, i])
    others = [i for i in kept if i != first]
    differences, towards = from_origin(inner, first)
    block, turn = _inverse(differences[np.ix_(others, others)]), np.eye(len(others) + 1)[:, 1:]
    turn[0] = -1  # the first has what the others leave
    found = block @ towards[others]
    order = [first, *others]
    shares[order] = turn @ found + np.eye(len(order))[0]
    spread[np.ix_(order, order)] = turn @ block @ turn.T
    picked = shares[kept]
    return Solution(shares, max(float(picked @ inner[np.ix_(kept, kept)] @ picked), 0.0), spread)


def from_origin(inner: Array, origin: int) -> tuple[Array, Array]:
    """⟨a − o, b − o⟩ and ⟨target − o, a − o⟩ of the models, o one of them."""
    row = inner[origin]
    return inner - row[:, None] - row[None, :] + row[origin], row[origin] - row


def _inverse(gram: Array) -> Array:
    """Of a Gram matrix, with its vectors brought to one length first."""
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    return np.linalg.pinv(gram / np.outer(scale, scale), rcond=_SINGULAR, hermitian=True) / np.outer(scale, scale)


@dataclass(frozen=True)
class BlockShares:
    """Row by row (block and component): `shares` [r, p] of the parents, what they `left` [r] (‖·‖²), and the
    `spread` [r, p, p] as in Solution."""

    stack: Stack
    shares: Array
    left: Array
    spread: Array

    @property
    def roundings(self) -> Array:
        """[r]: what is left as a multiple of the rounding of the target's precision, root mean square."""
        return np.sqrt(self.left / floor(self.stack))


def share_out(stack: Stack, parents: Sequence[str]) -> BlockShares:
    """The shares of these parents, block by block."""
    own = stack.of(parents)
    nothing = [float(row.norms[0]) for row in stack.rows]
    found = [solve_inner(i, s, n) for i, s, n in zip(own.inner, own.same, nothing, strict=True)]
    p = len(parents)
    return BlockShares(
        own,
        np.array([one.shares for one in found]).reshape(-1, p),
        np.array([one.left for one in found]),
        np.array([one.spread for one in found]).reshape(-1, p, p),
    )


def pooled(stack: Stack) -> Solution:
    """One share for all blocks: those that leave least, each block measured in its own rounding. `left` is in squared
    roundings."""
    noise = floor(stack)
    whole = stack.held.all(axis=1)
    weights = np.where(whole, stack.counts / np.maximum(noise, 1e-300), 0)
    total = np.einsum("r,rij->ij", weights, np.where(whole[:, None, None], stack.inner, 0))
    return solve_inner(total, np.eye(len(stack.names), dtype=bool))


MOVED = 6
"""Times the square of rounding / difference by which rounding may move a share: where two parents of nearly equal
shares differ by one digit, half of it goes to the nearer, and a digit is √12 times rounding's root mean square."""


def intervals(stack: Stack, shares: Array) -> Array:
    """[p]: half of the 95 % interval of shares [p] that are the same in all blocks.

    What each block pulls at them is their error: the rounding of the target, a training afterwards, what varies within
    the blocks. Rounding is not chance alone: where parents differ by one digit the nearer one takes all, which moves a
    share by up to `MOVED` times the square of rounding / difference. At least `_PRODUCTS`, the accuracy of the
    products.
    """
    noise = floor(stack)
    told = stack.held.all(axis=1) & (stack.counts > 0)
    p, rows = len(shares), int(told.sum())
    if p < 2 or not rows:
        return np.zeros(p)
    weights, inner = (stack.counts / noise)[told], stack.inner[told]
    turn = np.vstack([-np.ones(p - 1), np.eye(p - 1)])
    pulls = weights[:, None] * np.einsum("rij,j->ri", inner, shares) @ turn
    inverse = _inverse(turn.T @ np.einsum("r,rij->ij", weights, inner) @ turn)
    left = np.einsum("i,rij,j->r", shares, inner, shares)
    by_blocks = inverse @ (pulls.T @ pulls) @ inverse * rows / max(rows - p + 1, 1)
    by_rounding = inverse * float(np.mean(left / noise[told]))
    variance = np.maximum(np.diag(turn @ by_blocks @ turn.T), np.diag(turn @ by_rounding @ turn.T))
    moved = MOVED * np.diag(turn @ inverse @ turn.T) * stack.counts[told].sum()
    return _student(rows - p + 1) * np.sqrt(np.maximum(variance, 0)) + np.maximum(moved, 0) + _PRODUCTS


_PRODUCTS = 2e-6
"""Relative accuracy of products that float32 summed up, and the last digit that is told."""


def floor(stack: Stack) -> Array:
    """[r]: ‖·‖² below which nothing is told: the rounding of the target, or the accuracy of the products."""
    own = np.diagonal(stack.inner, axis1=1, axis2=2)
    nearest = np.where(np.isnan(own), np.inf, own).min(axis=1, initial=np.inf)
    return np.maximum(stack.noise, np.where(np.isfinite(nearest), nearest, 0) * _PRODUCTS / 2) + 1e-300


def _student(freedom: int) -> float:
    """97.5 % quantile of Student's t (Cornish-Fisher; within 2 % from 3 degrees of freedom on)."""
    z, n = 1.959964, max(freedom, 1)
    series = z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    return {1: 12.706, 2: 4.303}.get(n, series)
