"""The panel of two models in detail."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

from lib_modelsim.ui.families.detail import detail_panel
from lib_modelsim.workspace.comparing.detail import Detail


def test_the_rounding_of_a_copy_s_sums_is_no_difference_between_blocks():
    copy = Detail("a", "copy", "cosine", ("IN00", "IN01"), (1.0, 1.0 - 2e-16), equal=2)
    assert detail_panel(copy).count("height:0%") == 2


def test_long_names_of_blocks_have_room_below_their_bars():
    transformer = Detail("a", "b", "cosine", ("IN", "context_refiner.00"), (0.9, 0.8), differing=2)
    assert "modelsim-long" in detail_panel(transformer)
    unet = Detail("a", "b", "cosine", ("IN00", "OUT11"), (0.9, 0.8), differing=2)
    assert "modelsim-long" not in detail_panel(unet)


@pytest.mark.parametrize(
    ("measure", "values", "heights", "axis"),
    [
        ("cosine", (0.9, 0.8), (50, 100), ("20 %", "10 %", "0")),
        ("cosine", (0.9995, 1.0), (100, 0), ("0.05 %", "0.025 %", "0")),
        ("delta-cosine", (0.003, -0.2), (50, 60), ("200 %", "100 %", "0")),
        ("l2", (3.0, 1.0), (60, 20), ("5", "2.5", "0")),
    ],
)
def test_bars_grow_from_zero_the_same_as_far_as_the_two_are_apart(measure, values, heights, axis):
    panel = str(detail_panel(Detail("a", "b", measure, ("IN00", "IN01"), values, differing=2)))
    assert [f"height:{height}%" in panel for height in heights] == [True, True]
    assert "".join(f"<em>{tick}</em>" for tick in axis) in panel
