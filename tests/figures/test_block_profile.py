"""The block profile: a line per pair, gaps where blocks are missing, names at the ends."""

import numpy as np
import pytest

from lib_modelsim.figures.block_profile import draw_block_profile

from .families import BLOCKS, NAMES
from .words import assert_clean

SD1 = ("BASE", *(f"IN{i:02}" for i in range(12)), "M00", *(f"OUT{i:02}" for i in range(12)), "VAE")
FLUX = ("BASE", "IN", *(f"D{i:02}" for i in range(19)), *(f"S{i:02}" for i in range(38)), "OUT", "VAE")


@pytest.mark.parametrize("blocks", [BLOCKS, SD1, FLUX, ("M00",)])
@pytest.mark.parametrize("count", [1, 4, 30])
def test_nothing_overlaps_or_is_cut(blocks, count):
    random = np.random.default_rng(0)
    pairs = {f"{NAMES[i % 5]} × model {i}": 0.99 + 0.01 * random.random(len(blocks)) for i in range(count)}
    words = assert_clean(draw_block_profile(blocks, pairs, "title", "cosine"))
    assert set(blocks) <= set(words)


def test_a_missing_block_is_a_gap_and_a_pair_without_any_is_still_named():
    pairs = {"gap": [1.0, float("nan"), 2.0], "nothing": [float("nan")] * 3}
    figure = draw_block_profile(("BASE", "M00", "VAE"), pairs, "title", "l2")
    line = next(line for line in figure.axes[1].lines if len(line.get_xdata()) == 3)
    assert np.isnan(line.get_ydata()[1])
    assert {"gap", "nothing"} <= set(assert_clean(figure))
