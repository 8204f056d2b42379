"""Grids as pictures: what is written is there, can be read, and lies where nothing else does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.exports.grid_pages import head_of, labels_of, plan_pages, write_pages
from lib_modelsim.figures.lettering import without_glyph_warnings
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.workspace.probing.probes import sheet_of
from tests.figures.families import names
from tests.probes.galleries import fill, noise, small_suite

COLOURS = {("anna", "cat"): (250, 0, 0), ("anna", "dog"): (0, 250, 0), ("bert", "cat"): (0, 0, 250)}


def plain(checkpoint, parameters):
    """A colour of its own for each checkpoint and probe; bert has no dog."""
    colour = COLOURS.get((checkpoint.name, parameters.prompt.removeprefix("a ")))
    return colour and Image.new("RGB", (parameters.width, parameters.height), colour)


def filled(folder, checkpoints, draw=noise, **settings):
    suite = small_suite(**settings)
    fill(folder, suite, checkpoints, draw)
    return sheet_of(folder, suite)


def on_page(pages, drawn, row, column):
    """What lies in the middle of a picture's room."""
    (page,) = pages.layout.pages
    x, y = pages.layout.place(page, row, column)
    return drawn.getpixel((x + pages.layout.cell[0] // 4, y + pages.layout.cell[1] // 4))


def test_each_picture_lies_in_its_row_and_column(tmp_path):
    sheet = filled(tmp_path, ["anna", "bert"], plain)
    pages = plan_pages(sheet)
    (path,) = write_pages(pages, tmp_path)
    drawn = Image.open(path)
    assert drawn.size == pages.layout.pages[0].size
    assert [on_page(pages, drawn, *place) for place in ((0, 0), (0, 1), (1, 0))] == list(COLOURS.values())
    assert on_page(pages, drawn, 1, 1) == (228, 228, 228)


def test_what_is_missing_or_black_says_so(tmp_path):
    sheet = filled(tmp_path, ["anna"], lambda c, p: None if p.prompt == "a cat" else Image.new("RGB", (64, 64)))
    pages = plan_pages(sheet)
    (path,) = write_pages(pages, tmp_path)
    for column, ground in ((0, 228), (1, 0)):
        x, y = pages.layout.place(pages.layout.pages[0], 0, column)
        room = np.asarray(Image.open(path).convert("L").crop((x, y, x + 64, y + 64)))
        assert (room == ground).any()
        assert (room == 255).any()
        assert len(np.unique(room)) > 2


def test_a_torn_picture_is_told_in_its_place(tmp_path):
    sheet = filled(tmp_path, ["anna"])
    first = next(iter(sheet.pictures.values()))
    first.path.write_bytes(first.path.read_bytes()[:200])
    pages = plan_pages(sheet)
    (path,) = write_pages(pages, tmp_path)
    assert on_page(pages, Image.open(path), 0, 0) == (228, 228, 228)
    assert on_page(pages, Image.open(path), 0, 1) != (228, 228, 228)


@pytest.mark.parametrize(("cell", "most_pixels"), [(64, 300_000), (128, 700_000), (512, 3_000_000)])
def test_every_word_lies_within_its_page_and_over_no_other(tmp_path, cell, most_pixels):
    long = ("a probe whose name is longer than anybody would think is good", "cat")
    known = [name.encode(errors="replace").decode() for name in names(12)]
    sheet = filled(tmp_path, known, probes=long, seeds=(1, 2))
    pages = plan_pages(sheet, cell, most_pixels)
    assert len(pages.layout.pages) > 1
    for page in pages.layout.pages:
        for paper in (head_of(pages, page), labels_of(pages, page)):
            boxes = extents(paper, pages.dpi)
            width, height = (side * pages.dpi for side in (paper.width, paper.height))
            for box in boxes:
                assert box.x0 >= -1
                assert box.x1 <= width + 1
                assert box.y0 >= -1
                assert box.y1 <= height + 1
            apart = [a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 3 or b.y1 <= a.y0 + 3
                     for a, b in combinations(boxes, 2)]  # fmt: skip
            assert all(apart)


def extents(paper, dpi):
    paper.figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(paper.figure)
    with without_glyph_warnings():
        canvas.draw()
        return [text.get_window_extent(canvas.get_renderer()) for text in paper.paper.texts if text.get_text()]


def test_names_are_whole_where_there_is_room(tmp_path):
    name = names(1)[0]
    sheet = filled(tmp_path, [name], width=512, height=512)
    pages = plan_pages(sheet)
    lines = [text.get_text() for text in labels_of(pages, pages.layout.pages[0]).paper.texts]
    assert " ".join(lines[:-1]).replace("- ", "-") == name
    assert lines[-1] == name.encode().hex()[:10]


def test_pages_are_numbered_complete_and_within_the_limit(tmp_path):
    sheet = filled(tmp_path, [f"model {i:02}" for i in range(20)])
    pages = plan_pages(sheet, 64, 400_000)
    written = write_pages(pages, tmp_path / "out", "jpeg")
    count = len(written)
    assert count > 1
    assert [path.name for path in written] == [f"grid pets {i} of {count}.jpeg" for i in range(1, count + 1)]
    assert [Image.open(path).size for path in written] == [page.size for page in pages.layout.pages]
    assert all(width * height <= 400_000 for width, height in (page.size for page in pages.layout.pages))


def test_fewer_pages_take_the_place_of_more(tmp_path):
    sheet = filled(tmp_path, [f"model {i:02}" for i in range(20)])
    out = tmp_path / "out"
    write_pages(plan_pages(sheet, 64, 400_000), out)
    (out / "grid pets of mine.png").write_bytes(b"a person's")
    (path,) = write_pages(plan_pages(sheet), out)
    assert {each.name for each in out.iterdir()} == {path.name, "grid pets of mine.png"}


def test_the_cell_is_as_large_as_one_page_allows_and_never_illegible(tmp_path):
    suite = {"width": 1024, "height": 1024}
    sheet = filled(tmp_path, ["anna", "bert"], lambda c, p: Image.new("RGB", (8, 8), "red"), **suite)
    assert plan_pages(sheet).layout.cell == (1024, 1024)
    middling = plan_pages(sheet, most_pixels=2_000_000).layout
    assert len(middling.pages) == 1
    assert 256 < middling.cell[0] < 1024
    assert plan_pages(sheet, most_pixels=400_000).layout.cell == (256, 256)


def test_a_stopped_job_leaves_no_half_page(tmp_path):
    sheet = filled(tmp_path, ["anna", "bert"])
    with pytest.raises(Cancelled):
        write_pages(plan_pages(sheet), tmp_path / "out", job=Job(cancelled=lambda: True))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"cell": 10}, "cell out of range: 10"), ({"most_pixels": 10**9}, "Pillow opens no larger"),
     ({"most_pixels": 1000}, "no room for a picture")],
)  # fmt: skip
def test_sizes_that_cannot_be_are_refused(tmp_path, wrong, said):
    sheet = filled(tmp_path, ["anna"])
    with pytest.raises(ModelsimError, match=said):
        plan_pages(sheet, **wrong)


def test_an_unknown_format_is_refused(tmp_path):
    pages = plan_pages(filled(tmp_path, ["anna"]))
    with pytest.raises(ModelsimError, match="use one of png, jpeg"):
        write_pages(pages, tmp_path, "webp")


def test_a_suite_that_was_not_drawn_has_no_grid(tmp_path):
    fill(tmp_path, small_suite(), ["anna"])
    with pytest.raises(ModelsimError, match="no picture of this suite"):
        plan_pages(sheet_of(tmp_path, small_suite(("horse",))))
