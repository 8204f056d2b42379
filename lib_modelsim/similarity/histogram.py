"""How large the differences of two models are, value by value: a histogram per component, as mega_cmp draws them.

The bins are of (a − b) / rms(a), rms(a) over the component's values that both models hold. They are the same for every
pair, symmetric and logarithmic: 16 a decade from 10⁻⁴ to 10 on either side, with one bin around zero for all that is
smaller than 10⁻⁴. The outermost two hold what lies farther out. So the rounding of bfloat16 (10⁻³), fine-tunes (10⁻²
to 10⁻¹) and strangers (about 1) all have bins of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints.reader import Checkpoint
from .device import Device
from .pieces import exact_dtype
from .weights import KeySummer

A_DECADE, SMALLEST, DECADES = 16, 1e-4, 5
"""Bins a decade, the least difference that is not in the middle bin, and the decades from there on."""

SIDE = A_DECADE * DECADES
"""Bins on either side of the middle one."""

_HELD = (1e-30, 1e30)
"""Sizes of weights whose differences float32 holds, whatever share of them they are."""

_SLICE = 1 << 18
"""Numbers worked on at a time: they stay in the cache."""


@dataclass(frozen=True)
class Histogram:
    """The differences of two models in one component.

    `counts` [2 · SIDE + 1] are the values per bin, those of a < b first; `equal` of the middle bin's values do not
    differ at all; `rms` is that of the first model. `left_out` keys have numbers that are not finite.
    """

    component: str
    counts: NDArray[np.int64]
    equal: int
    rms: float
    left_out: int = 0

    @property
    def total(self) -> int:
        """How many values were compared."""
        return int(self.counts.sum())


def edges() -> NDArray[np.float64]:
    """Where the bins meet, [2 · SIDE]: ascending values of (a − b) / rms(a)."""
    right = SMALLEST * 10 ** (np.arange(SIDE) / A_DECADE)
    return np.concatenate([-right[::-1], right])


def histogram(
    pair: Sequence[Checkpoint],
    component: str,
    keys: Sequence[str],
    device: Device,
    tick: Callable[[int], None],
) -> Histogram:
    """The histogram over these keys, which both models hold in one shape; a key with values that are not finite is
    left out.

    Both models are read twice, for the rms and for the bins. `tick(bytes)` is called for what is read and may raise to
    stop.
    """
    summed = KeySummer(pair, device, tick, lambda broken: None).sums(keys)
    norms = [(one.key, one.norms[0]) for one in summed if len(one.members) == 2]
    values = sum(pair[0].weights[key].stored.count for key, _ in norms)
    rms = math.sqrt(sum(norm for _, norm in norms) / values) if values else 0.0
    finite = [key for key, _ in norms]
    binned = list(KeySummer(pair, device, tick, lambda broken: None, form=partial(_Bins, rms=rms)).sums(finite))
    counts = np.sum([np.zeros(2 * SIDE + 1, dtype=np.int64), *(one.counts for one in binned)], axis=0)
    return Histogram(component, counts, sum(one.equal for one in binned), rms, len(keys) - len(finite))


@dataclass(frozen=True)
class _KeyBins:
    """One key's values per bin, and how many do not differ."""

    key: str
    members: tuple[int, ...]
    counts: NDArray[np.int64]
    equal: int


class _Bins:
    """Over the pieces of one key of two models: the values per bin."""

    def __init__(self, m: int, device: Device, rms: float):
        self.largest = np.zeros(m)
        self._device, self._rms = device, rms
        self._counts, self._equal = torch.zeros(2 * SIDE + 1, dtype=torch.int64), 0

    def add(self, values: Sequence[torch.Tensor]) -> None:
        """Take in a piece of both models, in slices that stay in the cache from step to step."""
        held = _HELD[0] < self._rms < _HELD[1]  # in float32
        dtype = exact_dtype(values) if held else torch.float64
        for first in range(0, len(values[0]), _SLICE):
            a, b = (value[first : first + _SLICE].to(self._device.torch, dtype) for value in values)
            self._add_slice(a - b)

    def _add_slice(self, apart: torch.Tensor) -> None:
        """Take in differences [c]; they are overwritten."""
        signs = torch.sign(apart)
        self._equal += len(apart) - int(signs.abs().sum())
        decades = apart.abs_().div_(self._rms * SMALLEST or 1).log10_()  # −∞ where equal
        places = decades.mul_(A_DECADE).floor_().add_(1).clamp_(0, SIDE).mul_(signs).nan_to_num_(0).add_(SIDE)
        self._counts += torch.bincount(places.to(torch.int64), minlength=2 * SIDE + 1).cpu()

    def better(self) -> None:
        """One pass is enough."""

    def finish(self, key: str, members: tuple[int, ...]) -> _KeyBins:
        """The values per bin of the whole key."""
        return _KeyBins(key, members, self._counts.numpy(), self._equal)
