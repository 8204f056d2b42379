"""Shares by block in words: runs of blocks that have the same ones, and the table of all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from ..recipe import Shares

MINUS = "−"

MOST_RUNS = 4
"""Runs of equal shares that a sentence can take; of more it says that they vary."""

_SAME = 0.005
"""Shares that are equal to two decimals are one run."""

_WORD = re.compile(r"[A-Z]+")


def in_a_few_words(blocks: Mapping[str, Shares], parents: Sequence[str]) -> str:
    """ "IN 0.8/0.2, OUT 0.4/0.6" in the parents' order; empty where that would be too long, or there is one run."""
    runs = runs_of(blocks, parents)
    if not 1 < len(runs) <= MOST_RUNS:
        return ""
    return ", ".join(f"{name} {'/'.join(map(number, shares))}" for name, shares in runs)


def runs_of(blocks: Mapping[str, Shares], parents: Sequence[str]) -> list[tuple[str, tuple[float, ...]]]:
    """Runs of blocks with the same shares, each by a name ("IN", "IN00–IN03", "M00") and its first block's shares."""
    runs: list[tuple[list[str], tuple[float, ...]]] = []
    for block, held in blocks.items():
        shares = tuple(held.get(parent, 0.0) for parent in parents)
        if runs and all(abs(a - b) <= _SAME for a, b in zip(runs[-1][1], shares, strict=True)):
            runs[-1][0].append(block)
        else:
            runs.append(([block], shares))
    return [(_called(names, list(blocks)), shares) for names, shares in runs]


def _called(run: Sequence[str], blocks: Sequence[str]) -> str:
    """A run's name: that of its kind where it has all blocks of it, else from its first to its last."""
    if len(run) == 1:
        return run[0]
    kinds = [kind for kind, _ in groupby(map(_kind, run))]
    whole = [block for block in blocks if _kind(block) in kinds] == list(run)
    ends = (kinds[0], kinds[-1]) if whole else (run[0], run[-1])
    return ends[0] if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"


def _kind(block: str) -> str:
    """The word of a block, without its number; the whole name where it has none."""
    word = _WORD.match(block)
    return word[0] if word else block


def table(blocks: Mapping[str, Shares], parents: Sequence[str]) -> list[tuple[str, ...]]:
    """A head, then a row for each block: its name, and each parent's share."""
    models = [*parents, *sorted({model for held in blocks.values() for model in held} - set(parents))]
    rows = [
        (block, *(f"{held[model]:.2f}".replace("-", MINUS) if model in held else "" for model in models))
        for block, held in blocks.items()
    ]
    return [("block", *models), *rows] if rows else []


def number(value: float) -> str:
    """A share or a parameter without zeros at its end: "0.8", "0.25", "−0.5"."""
    told = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if told == "-0" else told.replace("-", MINUS)
