"""The grid's layout: every picture on one page, within the limits, nothing over anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.probes import grid
from lib_modelsim.probes.grid import GAP, LONGEST_SIDE, lay_out
from lib_modelsim.workspace.probing.probes import sheet_of
from tests.probes.galleries import fill, small_suite

sides = st.integers(16, 700)


def head(width):
    """As words wrap: the narrower, the higher."""
    return 30 + 20_000 // width


@given(st.integers(1, 400), st.integers(1, 60), st.tuples(sides, sides), st.integers(1_100_000, 90_000_000))
def test_every_picture_has_one_room_within_the_limits(rows, columns, cell, most_pixels):
    layout = lay_out(rows, columns, cell, 200, head, 400, most_pixels)
    shown = [(row, column) for page in layout.pages for row in page.rows for column in page.columns]
    assert sorted(shown) == [(row, column) for row in range(rows) for column in range(columns)]
    assert [page.number for page in layout.pages] == list(range(1, len(layout.pages) + 1))
    for page in layout.pages:
        width, height = page.size
        assert width * height <= most_pixels
        assert max(width, height) <= LONGEST_SIDE
        assert head(width) <= layout.head
        first = layout.place(page, page.rows.start, page.columns.start)
        last = layout.place(page, page.rows.stop - 1, page.columns.stop - 1)
        assert first == (200, layout.head)
        assert last[0] + cell[0] < width + GAP
        assert last[1] + cell[1] < height


@given(st.tuples(sides, sides), st.integers(0, 40), st.integers(0, 40))
def test_rooms_are_apart(cell, row, column):
    layout = lay_out(41, 41, cell, 200, head, 400, 10**9)
    page = next(p for p in layout.pages if row in p.rows and column in p.columns)
    x, y = layout.place(page, row, column)
    assert layout.place(page, row + 1, column + 1) == (x + cell[0] + GAP, y + cell[1] + GAP)


def test_there_is_no_page_for_a_picture_that_fits_on_none():
    assert lay_out(3, 3, (700, 700), 200, head, 400, 300_000) is None


def test_a_long_suite_is_cut_into_columns():
    layout = lay_out(2, 500, (512, 512), 200, head, 400, 89_000_000)
    assert len({page.columns for page in layout.pages}) > 1
    assert {page.rows for page in layout.pages} == {range(2)}


def test_rows_follow_the_order_given_and_the_rest_their_names(tmp_path):
    checkpoints = fill(tmp_path, small_suite(), ["anna", "bert", "carl", "dora"])
    sheet = sheet_of(tmp_path, small_suite())
    ordered = grid.in_order(sheet, [checkpoints[2].sha256, checkpoints[1].sha256, "unknown"])
    assert [row.name for row in ordered.rows] == ["carl", "bert", "anna", "dora"]
    assert ordered.of_checkpoint(checkpoints[2].sha256) == sheet.of_checkpoint(checkpoints[2].sha256)


def test_the_head_says_what_was_drawn_and_how(tmp_path):
    suite = small_suite(seeds=(1, 2), sampler="DPM++ 2M", scheduler="Karras", negative_prompt="blurry")
    fill(tmp_path, suite, ["anna"])
    sheet = sheet_of(tmp_path, suite)
    assert grid.headline(sheet) == "pets: 1 checkpoint × 4 pictures"
    assert grid.settings(sheet) == (
        "fake 1.0 · DPM++ 2M Karras · 4 steps · CFG 7 · seed 1 or seed 2 · 64 × 64 · clip skip 1 · GPU noise"
        " · prompt: a cat or prompt: a dog · negative prompt: blurry"
    )
    assert grid.column_names(sheet) == ["cat, seed 1", "cat, seed 2", "dog, seed 1", "dog, seed 2"]


def test_the_room_of_a_picture_holds_the_largest(tmp_path):
    fill(tmp_path, small_suite(width=128, height=64), ["anna"])
    sheet = sheet_of(tmp_path, small_suite(width=128, height=64))
    assert grid.native_cell(sheet) == 128
    assert grid.cell_of(sheet, 256) == (256, 128)
