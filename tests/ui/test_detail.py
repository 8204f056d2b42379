"""The panel of two models in detail."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

from lib_modelsim.ui.families.detail import detail_panel
from lib_modelsim.workspace.comparing.detail import Detail


def test_the_rounding_of_a_copy_s_sums_is_no_difference_between_blocks():
    copy = Detail("a", "copy", "cosine", ("IN00", "IN01"), (1.0, 1.0 - 2e-16), equal=2)
    assert detail_panel(copy).count("height:100%") == 2


def test_long_names_of_blocks_have_room_below_their_bars():
    transformer = Detail("a", "b", "cosine", ("IN", "context_refiner.00"), (0.9, 0.8), differing=2)
    assert "modelsim-long" in detail_panel(transformer)
    unet = Detail("a", "b", "cosine", ("IN00", "OUT11"), (0.9, 0.8), differing=2)
    assert "modelsim-long" not in detail_panel(unet)


def test_blocks_that_differ_have_bars_from_the_least_to_the_greatest():
    apart = Detail("a", "b", "cosine", ("IN00", "IN01"), (0.9, 0.8), differing=2)
    panel = detail_panel(apart)
    assert "height:100%" in panel
    assert "height:6%" in panel
