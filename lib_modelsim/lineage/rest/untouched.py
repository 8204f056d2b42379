"""Shares from the weights that were not changed after the merge.

A LoRA changes the matrices of some layers, and a fit over all weights takes a little of the change for shares. Norms,
biases, most convolutions and embeddings it leaves alone: weights that some shares explain down to rounding were not
touched, and their shares are those of the merge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..parents.shares import solve_inner
from ..recipe import Shares, place_of
from ..values import PROVEN, KeyValues

_NUMBERS = 100
"""Numbers of a weight for each share that is fitted to it: fewer are explained by chance."""

_ENOUGH = 3
"""Weights, at least, that must be explained so."""

_EQUAL = 1e-12
"""‖a − b‖² relative to ‖a‖² up to which two models are the same."""


def shares_of_untouched(sample: Sequence[KeyValues], shares: Mapping[str, Shares]) -> dict[str, Shares] | None:
    """The shares by block again, of the same models, from the weights that they explain down to rounding: one for all
    blocks where that explains them, else each block's own. None where they explain too few."""
    names = list(dict.fromkeys(name for row in shares.values() for name, share in row.items() if abs(share) > 1e-6))
    if len(names) < 2:
        return None
    found: list[tuple[str, np.ndarray, np.ndarray]] = []
    for one in sample:
        if place_of(one.block, one.component) not in shares or any(name not in one.models for name in names):
            continue
        if one.target.size < _NUMBERS * len(names):
            continue
        inner, same = _products(one, names)
        noise = one.rounding**2 * one.target.size
        solution = solve_inner(inner, same)
        if not same[~np.eye(len(names), dtype=bool)].any() and solution.left < PROVEN**2 * noise:
            found.append((place_of(one.block, one.component), inner / noise, solution.shares))
    if len(found) < _ENOUGH:
        return None
    plain = np.eye(len(names), dtype=bool)
    together = solve_inner(sum(inner for _, inner, _ in found), plain)
    if together.left < PROVEN**2 * len(found):
        row = dict(zip(names, together.shares.tolist(), strict=True))
        return {block: _own(row, given) for block, given in shares.items()}
    told = dict.fromkeys(block for block, *_ in found)
    by_block = {block: solve_inner(sum(inner for b, inner, _ in found if b == block), plain) for block in told}
    return {
        block: dict(zip(names, by_block[block].shares.tolist(), strict=True)) if block in by_block else given
        for block, given in shares.items()
    }


def _own(row: Shares, given: Shares) -> Shares:
    """The shares of a block, unless it is one model's own."""
    whole = [name for name, share in given.items() if abs(share) > 1e-6]
    return given if len(whole) < 2 else row


def _products(one: KeyValues, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """⟨a − target, b − target⟩ of the models, and which are the same."""
    target = one.target.astype(np.float64).ravel()
    apart = np.stack([one.models[name].astype(np.float64).ravel() - target for name in names])
    inner = apart @ apart.T
    own = np.diag(inner)
    squares = own[:, None] + own[None, :] - 2 * inner
    return inner, squares <= _EQUAL * max(float(target @ target), 1e-300)
