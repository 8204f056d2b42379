"""The page shows the gallery's picture as the one asked about shows it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageOps

from lib_modelsim.identify.evidence.pictures import SimilarPicture
from lib_modelsim.pictures.alignment import laid_over, prepare
from lib_modelsim.pictures.confirming import confirm
from lib_modelsim.ui.find.answer import _alike
from tests.pictures.scenes import scene


@pytest.mark.parametrize("change", [ImageOps.mirror, lambda picture: picture.crop((5, 10, 185, 190))])
def test_the_stored_picture_is_laid_as_the_query(change):
    query, stored = change(scene(5)), scene(5)
    match = confirm(prepare(query), prepare(stored))
    laid = laid_over(stored, match.where, match.size)
    assert laid.size == query.size
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(np.asarray(laid, float)[inner] - np.asarray(query, float)[inner]).mean() < 6


def test_the_page_shows_it_with_its_model_and_leaves_out_what_went_away(tmp_path):
    path = tmp_path / "cat 1.png"
    scene(5).save(path)
    with Image.open(path) as picture:
        match = confirm(prepare(ImageOps.mirror(picture)), prepare(picture))
    kept = SimilarPicture("a", "anna", path, match)
    gone = SimilarPicture("b", "bert", Path("gone.png"), match)
    similar = SimpleNamespace(similar=(kept, gone))
    ((what, model, name, html, where),) = _alike(similar, lambda path: f"/data/{path.name}")
    assert (what, model, name, where) == ("the same, in the gallery", "anna", "cat 1.png", str(path))
    assert "<img" in html
    assert 'data-large="/data/cat 1.png"' in html
