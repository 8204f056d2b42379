"""How well a search says whose a picture is where some are nobody's: the open-set curve (OSCR).

A bound on the best score is moved from high to low. At each place: the share of the known models' pictures that are
above it and answered rightly (CCR), and the share of the missing models' pictures that are above it (FPR). Dhamija,
Günther, Boult, "Reducing network agnostophobia" (2018). The area is 1 where all are answered rightly above a bound that
no stranger reaches; it is at most the share of right answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
OpenSet = tuple[Floats, NDArray[np.int64], Floats]
"""Scores [known, models], whose they are [known], scores of strangers [strangers, models]."""

_AT = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def curve(found: OpenSet) -> tuple[Floats, Floats]:
    """FPR and CCR, both from 0 on and rising, at every bound."""
    scores, model, strange = found
    best, right = scores.max(1), scores.argmax(1) == model
    bounds = np.unique(np.concatenate([best, strange.max(1)]))[::-1, None]
    rates = (strange.max(1) >= bounds).mean(1), ((best >= bounds) & right).mean(1)
    fpr, ccr = (np.concatenate([[0.0], each]) for each in rates)
    return fpr, ccr


def area(found: OpenSet) -> float:
    """The area below the curve, 0 … 1."""
    fpr, ccr = curve(found)
    return float((np.diff(fpr) * (ccr[1:] + ccr[:-1]) / 2).sum())


def at(found: OpenSet, rate: float) -> float:
    """The best CCR whose FPR is no higher than this."""
    fpr, ccr = curve(found)
    return float(ccr[fpr <= rate].max())


def print_curve(hubs: Sequence[OpenSet]) -> None:
    """The curve's points and its area, mean over the hubs and its standard error."""
    print("\n| missing artists' pictures taken for known, % | known artists' pictures answered rightly, % |")
    print("|---|---|")
    for rate in _AT:
        print(f"| {100 * rate:.0f} | {_mean([100 * at(hub, rate) for hub in hubs], 1)} |")
    print(f"\nArea (OSCR): {_mean([area(hub) for hub in hubs], 3)}")


def _mean(values: Sequence[float], digits: int) -> str:
    error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{error}"
