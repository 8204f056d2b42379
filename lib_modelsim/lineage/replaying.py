"""Which merge method, of which parents: formulas are replayed on a sample of the numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from .methods.method import PROVEN, Method, MethodFit
from .methods.registry import methods
from .values import KeyValues, steps

PIECES, PIECE = 14, 1600
"""So many weights are cut to so many numbers for quick looks."""

NUMBERS = 1 << 17
"""Weights of each block are looked at whole until there are so many numbers."""

TRIES = 3
"""Choices of parents that are looked at more closely, of each method."""


WORTH = 10.0
"""Fits that leave more roundings say nothing."""

AS_GOOD = 1.02
"""Two fits whose residuals differ by less are equally good: the simpler one stands first."""


def replay(sample: Sequence[KeyValues], candidates: Sequence[str], base: str | None = None) -> list[MethodFit]:
    """The methods that explain a sample, the best first: of each the best choice of parents among `candidates` and
    `base`. One with less than PROVEN roundings is proven; where several are, nothing in the sample tells them apart for
    sure, and the simplest of the best stands first.

    Empty where the target is, but for few weights, a plain copy of a candidate, and where nothing fits at all. `C` of a
    formula is tried as the base first, as another candidate only where that explains nothing.
    """
    sample = _few([one for one in sample if one.models])
    names = [name for name in dict.fromkeys(candidates) if name != base]
    known = [*names, *([base] if base is not None else [])]
    if any(_copied(sample, name) for name in known):
        return []
    pieces = _pieces(sample)
    origins = [base] if base is not None else names
    found = [_best(method, sample, pieces, _choices(method, known, names, origins)) for method in methods()]
    if base is not None and not any(fit is not None and fit.residual_in_roundings < PROVEN for fit in found):
        others = [method for method in methods() if "C" in method.roles]
        found += [_best(method, sample, pieces, _choices(method, known, names, names)) for method in others]
    fits = [fit for fit in found if fit is not None and fit.residual_in_roundings < WORTH]
    least = min((fit.residual_in_roundings for fit in fits), default=0.0)
    return sorted(fits, key=lambda fit: _place(fit, least))


def _place(fit: MethodFit, least: float) -> tuple[float, int]:
    """Smaller for what stands before: the residual, the number of choices where it is as good as the `least`."""
    choices = len(fit.parents) + len(fit.parameters) + len(fit.blocks)
    as_good = fit.residual_in_roundings <= AS_GOOD * least + 0.02
    return (least if as_good else fit.residual_in_roundings, choices)


def _choices(
    method: Method, known: Sequence[str], names: Sequence[str], origins: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Role → model, all ways; C is one of `origins`."""
    free = [role for role in method.roles if role != "C"]
    pick = itertools.combinations if method.symmetric else itertools.permutations
    if "C" not in method.roles:
        yield from (dict(zip(free, chosen, strict=True)) for chosen in pick(known, len(free)))
        return
    for origin in origins:
        for chosen in pick([name for name in names if name != origin], len(free)):
            yield {**dict(zip(free, chosen, strict=True)), "C": origin}


def _best(
    method: Method, sample: Sequence[KeyValues], pieces: Sequence[KeyValues], choices: Iterator[dict[str, str]]
) -> MethodFit | None:
    """The best fit of a method over choices of parents: a quick look at all, a closer one at the best few."""
    looks = [(method.quick(pieces, parents), parents) for parents in choices]
    best: MethodFit | None = None
    for badness, parents in sorted(looks, key=lambda look: look[0])[:TRIES]:
        if badness >= 1:
            break
        fit = method.fit(sample, parents)
        if fit is not None and (best is None or _unexplained(fit) < _unexplained(best)):
            best = fit
        if best is not None and _unexplained(best)[:3] == (False, 0, 0):
            break
    return best


def _unexplained(fit: MethodFit) -> tuple[bool, int, int, float]:
    """Smaller for the better fit: of twins that differ in a component the one that explains it, with one parameter for
    all blocks."""
    missed = sum(left >= PROVEN for left in fit.components.values())
    return fit.residual_in_roundings >= PROVEN, missed, len(fit.blocks), fit.residual_in_roundings


def _few(sample: Sequence[KeyValues]) -> list[KeyValues]:
    """Of each block and component the smallest matrices until there are numbers enough, and a vector."""
    groups: dict[tuple[str | None, str], list[KeyValues]] = {}
    for one in sample:
        groups.setdefault((one.block, one.component), []).append(one)
    found: list[KeyValues] = []
    for group in groups.values():
        total = 0
        for one in sorted((one for one in group if one.target.ndim > 1), key=lambda one: one.target.size):
            if total < NUMBERS:
                found.append(one)
                total += one.target.size
        found += [one for one in group if one.target.ndim < 2][:1]
    return found


def _pieces(sample: Sequence[KeyValues]) -> list[KeyValues]:
    """Small pieces from the middle of weights that are spread over the network, at most two of them vectors."""
    matrices = [one for one in sample if one.target.ndim > 1]
    vectors = [one for one in sample if one.target.ndim < 2]
    chosen = []
    for group, count in ((matrices, PIECES - 2), (vectors, 2)):
        step = max(len(group) / count, 1)
        chosen += [group[int(i * step)] for i in range(min(count, len(group)))]
    return [_cut(one) for one in chosen]


def _cut(one: KeyValues) -> KeyValues:
    shape = one.target.shape
    fixed = int(np.prod(shape[2:]))
    side = PIECE if len(shape) < 2 else max(int(np.sqrt(PIECE / fixed)), 4)
    at = tuple(
        slice((n - min(n, side)) // 2, (n - min(n, side)) // 2 + side) if axis < 2 else slice(None)
        for axis, n in enumerate(shape)
    )
    models = {name: np.ascontiguousarray(numbers[at]) for name, numbers in one.models.items()}
    return KeyValues(one.key, one.component, one.block, np.ascontiguousarray(one.target[at]), models, one.dtype)


def _copied(sample: Sequence[KeyValues], name: str) -> bool:
    """Whether most weights are this model's own."""
    held = [one for one in sample if name in one.models]
    same = sum(bool((np.abs(one.target - one.models[name]) <= steps(one.target, one.dtype)).all()) for one in held)
    return bool(held) and same > len(held) / 2
