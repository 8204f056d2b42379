"""Random masks: differences that are added with some numbers dropped and the others made larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..values import Numbers
from .cases import Case

Mask = NDArray[np.bool_]

ROUNDS = 6
"""Times that masks are read from factors and factors from masks."""

NUMBERS = 1 << 13
"""Of a large weight so many numbers are looked at."""

START = 12
"""Weights from which factors to start from are taken."""

CHANCE = 0.008
"""A linear merge leaves up to 0.006 of the numbers as one model has them."""

RANKED = 40
"""Weights whose numbers are ranked by size."""

CLEAR = 4.0
"""A mask is known where what it adds or not is so many steps of the stored precision."""


@dataclass(frozen=True)
class MaskedWeight:
    """One weight as origin + Σ factor · mask · move: `factors` by role, `masks` by role, `clear` where the masks are
    sure, `squares` what is left, squared in roundings, over `count` numbers, `kept` the share of a move's absolute sum
    that its mask keeps."""

    case: Case
    factors: Mapping[str, float]
    masks: Mapping[str, Mask]
    moves: Mapping[str, Numbers]
    clear: Mask
    squares: float
    count: int
    kept: Mapping[str, float] = field(default_factory=dict)


def first_rows(numbers: Numbers) -> Numbers:
    """Its first rows, NUMBERS numbers of them."""
    if numbers.size <= NUMBERS:
        return numbers
    return numbers[: max(NUMBERS // (numbers.size // len(numbers)), 1)]


def unmasked(case: Case, origin: str, start: Mapping[str, float], mean: bool = False) -> MaskedWeight:
    """The masks and factors of a weight, from factors to `start` from: masks are what comes nearest to the target, then
    factors what least squares make of the masks, some rounds. `mean`: where several are kept, their mean is added, not
    their sum."""
    base = first_rows(case.numbers[origin])
    added = first_rows(case.target) - base
    moves = {role: first_rows(case.numbers[role]) - base for role in start}
    factors = dict(start)
    roles = list(start)
    choices = [[i >> bit & 1 for bit in range(len(roles))] for i in range(1 << len(roles))]
    masks: dict[str, Mask] = {}
    for _ in range(ROUNDS):
        values = [
            sum(
                (np.float32(factors[role]) * moves[role] for role, on in zip(roles, choice, strict=True) if on),
                np.zeros_like(base),
            )
            / np.float32(max(sum(choice), 1) if mean else 1)
            for choice in choices
        ]
        nearest = np.argmin([np.abs(added - value) for value in values], axis=0)
        masks = {role: (nearest >> bit & 1).astype(bool) for bit, role in enumerate(roles)}
        among = np.maximum(sum(masks.values()), 1).astype(np.float32) if mean else np.float32(1)
        parts = [(moves[role] * masks[role] / among).ravel() for role in roles]
        columns = np.stack(parts, axis=1).astype(np.float64)
        gram = columns.T @ columns
        if np.linalg.matrix_rank(gram) < len(roles):
            break
        solved = np.linalg.solve(gram, columns.T @ added.ravel().astype(np.float64))
        if np.allclose(solved, [factors[role] for role in roles], rtol=1e-7, atol=0):
            break
        factors = dict(zip(roles, solved.tolist(), strict=True))
    explained = sum(np.float32(factors[role]) * moves[role] * masks[role] for role in roles) / among
    where = first_rows(case.differs)
    left = ((added - explained)[where] / max(case.rounding, 1e-30)).astype(np.float64)
    step = 2 * first_rows(case.half_steps)
    clear = np.logical_and.reduce([np.abs(factors[role] * moves[role]) > CLEAR * step for role in roles])
    kept = {
        role: float(np.abs(moves[role] * masks[role]).sum() / max(float(np.abs(moves[role]).sum()), 1e-30))
        for role in roles
    }
    return MaskedWeight(case, factors, masks, moves, clear, float(left @ left), left.size, kept)


def left(weights: Sequence[MaskedWeight]) -> tuple[float, dict[str, float]]:
    """As `cases.residuals`; infinite for a component in which the numbers of a parent are nowhere added."""
    squares: dict[str, float] = {}
    counts: dict[str, int] = {}
    for one in weights:
        component = one.case.values.component
        squares[component] = squares.get(component, 0.0) + one.squares
        counts[component] = counts.get(component, 0) + one.count
    each = {component: float(np.sqrt(squares[component] / max(counts[component], 1))) for component in squares}
    for component in each:
        here = [one for one in weights if one.case.values.component == component]
        if any(sum(one.kept[role] for one in here) < 0.005 * len(here) for role in here[0].kept):
            each[component] = float("inf")
    return each[max(counts, key=counts.__getitem__)], each


def start_of(cases: Sequence[Case], origin: str, roles: Sequence[str]) -> dict[str, float] | None:
    """Factors to start from: what most numbers that moved alone agree on. None where no more numbers are the origin's
    own than by chance."""
    ratios: dict[str, list[NDArray[np.float32]]] = {role: [] for role in roles}
    own = count = 0
    for case in sorted((case for case in cases if case.target.ndim > 1), key=lambda case: case.target.size)[:START]:
        base = first_rows(case.numbers[origin])
        added, step = first_rows(case.target) - base, 2 * first_rows(case.half_steps)
        moves = [first_rows(case.numbers[role]) - base for role in roles]
        sure = np.logical_and.reduce([np.abs(move) > 2 * CLEAR * step for move in moves])
        moved = sure & (np.abs(added) > step)
        own, count = own + int((sure & ~moved).sum()), count + int(sure.sum())
        if own < CHANCE * count:
            return None
        for role, move in zip(roles, moves, strict=True):
            clear = moved & (np.abs(move) > 8 * CLEAR * step)
            ratios[role].append(added[clear] / move[clear])
    if count < 100:
        return None
    found = {role: _mode(np.concatenate(parts)) for role, parts in ratios.items()}
    return None if any(factor is None for factor in found.values()) else {role: found[role] for role in roles}


def _mode(values: NDArray[np.float32]) -> float | None:
    """The centre of the hundredth part of their size in which most values lie; small ones are nobody's factor."""
    best, most = None, 0
    for sign in (1, -1):
        some = np.sort(sign * values[sign * values > 0.03])
        if some.size < 20:
            continue
        inside = np.searchsorted(some, some * 1.01) - np.arange(some.size)
        at = int(np.argmax(inside))
        if inside[at] > most:
            best, most = sign * float(np.median(some[at : at + inside[at]])), int(inside[at])
    return best


def rank_effect(weights: Sequence[MaskedWeight], role: str, whole: bool = False) -> tuple[float, float]:
    """How much likelier than the mean the largest number of a row (of the `whole` weight) is kept: 0 where masks know
    nothing of sizes; and how likely one of the middle is kept."""
    ranks, kept = [], []
    for weight in weights[:: max(len(weights) // RANKED, 1)]:
        size = np.abs(weight.moves[role])
        size = size.reshape(1, -1) if whole or size.ndim < 2 else size
        if size.shape[1] < 8:
            continue
        rank = size.argsort(1, kind="stable").argsort(1, kind="stable") * (2 / (size.shape[1] - 1)) - 1
        known = weight.clear.reshape(size.shape)
        ranks.append(rank[known])
        kept.append(weight.masks[role].reshape(size.shape)[known])
    if not ranks:
        return 0.0, 0.0
    x, y = np.concatenate(ranks), np.concatenate(kept).astype(np.float64)
    off = x - x.mean()
    slope = float(off @ y) / max(float(off @ off), 1e-30)
    return slope, float(y.mean() - slope * x.mean())


def random_masks(weights: Sequence[MaskedWeight]) -> bool:
    """Whether masks look drawn: of two models independent, blind to signs, and not by whole rows."""
    roles = list(weights[0].masks)
    for role in roles:
        rates = [
            (float(weight.masks[role][known & side].mean()), int((known & side).sum()))
            for weight in weights
            for known in [weight.clear]
            for side in (weight.moves[role] > 0, weight.moves[role] < 0)
            if (known & side).any()
        ]
        for half in (rates[::2], rates[1::2]):
            if not half:
                return False
        positive, negative = (
            sum(rate * count for rate, count in half) / max(sum(count for _, count in half), 1)
            for half in (rates[::2], rates[1::2])
        )
        if abs(positive - negative) > 0.1:
            return False
        uniform = [
            float((np.abs(rows.mean(1) - 0.5) > 0.499).mean())
            for weight in weights
            for rows in [weight.masks[role].reshape(len(weight.masks[role]), -1)]
            if rows.shape[1] >= 48 and 0.05 < rows.mean() < 0.95
        ]
        if uniform and np.mean(uniform) > 0.2:
            return False
    if len(roles) == 2:
        first, second = (np.concatenate([w.masks[role][w.clear].ravel() for w in weights]) for role in roles)
        if len(first) and abs(float(np.mean(first & second)) - float(first.mean() * second.mean())) > 0.05:
            return False
    return True
