"""Which merge method, of which parents: formulas are replayed on a sample of the numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..methods.method import Method, MethodFit
from ..methods.registry import methods
from ..values import PROVEN, KeyValues, Numbers, steps
from .pieces import pieces_of

NUMBERS = 1 << 17
"""Weights of each block are looked at whole until there are so many numbers."""

MODELS = 5
"""So many models' whole weights are in memory at a time."""

TRIES = 3
"""Choices of parents that are looked at more closely, of each method."""


WORTH = 10.0
"""Fits that leave more roundings say nothing."""

AS_GOOD = 1.02
"""Two fits whose residuals differ by less are equally good: the simpler one stands first."""


def replay(sample: Sequence[KeyValues], candidates: Sequence[str], base: str | None = None) -> list[MethodFit]:
    """`replayed`, of a sample that is read already."""
    return replayed(pieces_of([one for one in sample if one.models]), lambda names: sample, candidates, base)


def replayed(
    pieces: Sequence[KeyValues],
    read: Callable[[Sequence[str]], Sequence[KeyValues]],
    candidates: Sequence[str],
    base: str | None = None,
) -> list[MethodFit]:
    """The methods that explain a target, the best first: of each the best choice of parents among `candidates` and
    `base`. One with less than PROVEN roundings is proven; where several are, nothing in the sample tells them apart for
    sure, and the simplest of the best stands first.

    A quick look at `pieces` of all models says which parents are worth a closer one; `read(names)` gives whole weights
    of target and these models, at most MODELS of them at a time. Empty where most of the target is a plain copy of a
    candidate, and where nothing fits at all. `C` of a formula is tried as the base first, as another candidate only
    where that explains nothing. Where nothing is proven and a candidate is stored more coarsely than the target (the
    cast of a parent), its rounding is allowed for: such a fit is `coarse`.
    """
    names = [name for name in dict.fromkeys(candidates) if name != base]
    if any(_copied(pieces, name) for name in [*names, *([base] if base is not None else [])]):
        return []
    found = _found(pieces, read, names, base)
    dtype, coarse = _coarser(pieces, [*names, *([base] if base is not None else [])])
    if coarse and not any(fit.residual_in_roundings < PROVEN for fit in found):
        rounder = _found(_stored_as(pieces, dtype), lambda chosen: _stored_as(read(chosen), dtype), names, base)
        found += [replace(fit, coarse=True) for fit in rounder if coarse & set(fit.parents.values())]
    fits = [fit for fit in found if fit.residual_in_roundings < WORTH]
    least = min((fit.residual_in_roundings for fit in fits), default=0.0)
    return sorted(fits, key=lambda fit: _place(fit, least))


def _found(
    pieces: Sequence[KeyValues],
    read: Callable[[Sequence[str]], Sequence[KeyValues]],
    names: Sequence[str],
    base: str | None,
) -> list[MethodFit]:
    """Of each method the best fit, where one is worth a word."""
    known = [*names, *([base] if base is not None else [])]
    origins = [base] if base is not None else names
    looks = [look for method in methods() for look in _looks(method, pieces, _choices(method, known, names, origins))]
    first = {one.key for one in pieces}
    found = _closer(looks, read, first)
    if base is not None and not any(fit.residual_in_roundings < PROVEN for fit in found):
        others = [method for method in methods() if "C" in method.roles]
        looks = [look for method in others for look in _looks(method, pieces, _choices(method, known, names, names))]
        found += _closer(looks, read, first)
    return found


def rivals(fits: Sequence[MethodFit]) -> list[MethodFit]:
    """The others that explain a target as well as the first: nothing in the sample tells them apart."""
    if not fits or fits[0].residual_in_roundings >= PROVEN:
        return []
    return [fit for fit in fits[1:] if fit.residual_in_roundings <= AS_GOOD * fits[0].residual_in_roundings + 0.02]


def _coarser(pieces: Sequence[KeyValues], names: Sequence[str]) -> tuple[str, set[str]]:
    """The candidates whose numbers have fewer digits than the target's dtype holds, and the dtype that holds them."""
    fine = {one.dtype for one in pieces} & {"F16", "F32"}
    rough = {
        name for name in names if fine and _fits(pieces, name, lambda x: ~(x.view(np.uint32) & 0xFFFF).astype(bool))
    }
    if rough or "F32" not in fine:
        return "BF16", rough
    with np.errstate(over="ignore"):
        return "F16", {name for name in names if _fits(pieces, name, lambda x: x.astype(np.float16) == x)}


def _fits(pieces: Sequence[KeyValues], name: str, exact: Callable[[Numbers], NDArray[np.bool_]]) -> bool:
    held = [one.models[name] for one in pieces if name in one.models]
    return bool(held) and all(exact(numbers).all() for numbers in held)


def _stored_as(sample: Sequence[KeyValues], dtype: str) -> list[KeyValues]:
    return [replace(one, dtype=dtype) for one in sample]


def _place(fit: MethodFit, least: float) -> tuple[float, int, float]:
    """Smaller for what stands before: the residual, the number of choices where it is as good as the `least`."""
    choices = len(fit.parents) + len(fit.parameters) + len(fit.blocks)
    as_good = fit.residual_in_roundings <= AS_GOOD * least + 0.02
    return least if as_good else fit.residual_in_roundings, choices, fit.residual_in_roundings


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


@dataclass(frozen=True)
class _Look:
    """What a quick look said: parents that a method may have had, and how badly it would explain the pieces."""

    badness: float
    method: Method
    parents: Mapping[str, str]


def _looks(method: Method, pieces: Sequence[KeyValues], choices: Iterable[Mapping[str, str]]) -> list[_Look]:
    """The choices of parents that are worth a closer look, the best few."""
    looks = [_Look(method.quick(pieces, parents), method, parents) for parents in choices]
    return sorted((look for look in looks if look.badness < 1), key=lambda look: look.badness)[:TRIES]


def _closer(
    looks: Sequence[_Look], read: Callable[[Sequence[str]], Sequence[KeyValues]], first: Container[str]
) -> list[MethodFit]:
    """The best fit of each method. Choices that share models are looked at together, so that few are read at a time;
    what does not explain the `first` keys is not tried on the others."""
    waiting = sorted(looks, key=lambda look: look.badness)
    best: dict[Method, MethodFit] = {}
    while waiting:
        models: list[str] = []
        for look in waiting:
            more = [name for name in look.parents.values() if name not in models]
            models += more if len(models) + len(more) <= MODELS else []
        now = [look for look in waiting if set(look.parents.values()) <= set(models)]
        waiting = [look for look in waiting if look not in now]
        sample = _few([one for one in read(models) if one.models])
        few = [one for one in sample if one.key in first]
        for look in now:
            known = best.get(look.method)
            if known is None or _unexplained(known)[:3] != (False, 0, 0):
                fit = look.method.fit(few, look.parents) if few else None
                if few and (fit is None or fit.residual_in_roundings > WORTH):
                    continue
                fit = look.method.fit(sample, look.parents)
                if fit is not None and (known is None or _unexplained(fit) < _unexplained(known)):
                    best[look.method] = fit
        if any(_unexplained(fit)[:3] == (False, 0, 0) for fit in best.values()):
            break
    return list(best.values())


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


def _copied(sample: Sequence[KeyValues], name: str) -> bool:
    """Whether most weights are this model's own."""
    held = [one for one in sample if name in one.models]
    same = sum(bool((np.abs(one.target - one.models[name]) <= steps(one.target, one.dtype)).all()) for one in held)
    return bool(held) and same > len(held) / 2
