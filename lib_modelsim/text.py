"""Shares as people read them: the one form of them in every sentence, bar and table."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share 0 … 1 in whole percents: "68 %"."""
    return f"{100 * share:.0f} %"


def likelihood(share: float) -> str:
    """A probability 0 … 1 in whole percents, never nought or a hundred, which nobody can know: "below 1 %"."""
    return "below 1 %" if share < 0.01 else "over 99 %" if share > 0.99 else percent(share)
