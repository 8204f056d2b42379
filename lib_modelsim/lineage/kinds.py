"""The words for how a checkpoint was made: what a recipe's `kind` can be."""

from __future__ import annotations

COPY, CAST = "copy", "cast"
FINE_TUNE, FINE_TUNE_OF_A_MERGE = "fine-tune", "fine-tune of a merge"
LORA, ADJUST, SWAP = "lora", "adjust", "component swap"
WEIGHTED_SUM, TRIPLE_SUM, BLOCK_WEIGHTED = "weighted sum", "triple sum", "block-weighted"
ADD_DIFFERENCE = "add-difference"
UNRELATED, UNKNOWN = "unrelated", "unknown"
