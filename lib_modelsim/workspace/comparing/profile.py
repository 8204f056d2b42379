"""The block profile of a model: how alike each of the others is to it, block by block, as a figure."""

from __future__ import annotations

from pathlib import Path

from ...errors import ModelsimError
from ...figures.block_profile import draw_block_profile
from ...figures.saving import write_figure
from .compare import Comparison

MOST_PAIRS = 7
"""Lines that one figure keeps apart."""


def write_profile(found: Comparison, path: Path) -> Path:
    """Draw the first model (besides the base) against the others, as SVG or PNG by the path's ending.

    Raises ModelsimError for another ending, or where there are more models than one figure keeps apart.
    """
    matrix = found.matrix
    first, *others = (i for i, name in enumerate(matrix.models) if name != found.base_model)
    if not 1 <= len(others) <= MOST_PAIRS:
        raise ModelsimError(
            f"--profile takes 2 to {MOST_PAIRS + 1} models, not", len(others) + 1, "choose fewer models"
        )
    pairs = {matrix.models[i]: matrix.values[first, i].tolist() for i in others}
    unit = matrix.measure + (f", base {found.base.told(matrix.models)}" if found.base else "")
    figure = draw_block_profile(matrix.blocks, pairs, f"{matrix.models[first]}, block by block", unit)
    return write_figure(figure, path)
