"""The words for how a checkpoint was made: what a recipe's `kind` can be."""

from __future__ import annotations

COPY, CAST = "copy", "cast"
FINE_TUNE, FINE_TUNE_OF_A_MERGE = "fine-tune", "fine-tune of a merge"
LORA, ADJUST, SWAP = "lora", "adjust", "component swap"
WEIGHTED_SUM, TRIPLE_SUM, BLOCK_WEIGHTED = "weighted sum", "triple sum", "block-weighted"
ADD_DIFFERENCE = "add-difference"
UNRELATED, UNKNOWN = "unrelated", "unknown"

SUMS = frozenset({WEIGHTED_SUM, TRIPLE_SUM, BLOCK_WEIGHTED, ADD_DIFFERENCE})
"""Merges that are their parents times shares, for all weights or by block: the shares say all of it."""

_NO_MERGES = {COPY, CAST, FINE_TUNE, LORA, ADJUST, SWAP, UNRELATED, UNKNOWN, "extract"}


def is_merge(kind: str) -> bool:
    """Whether what was made so has the weights of several models mixed in it."""
    return kind not in _NO_MERGES
