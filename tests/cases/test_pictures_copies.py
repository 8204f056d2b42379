"""A reported picture that shares its seed, but not its pixels, with another model's: `find` claims nothing."""

from __future__ import annotations

import pytest

from tests.command import run


@pytest.fixture(params=("with OpenCV", "without"))
def case(request, shared, tmp_path, monkeypatch):
    """The case's folder; G is imported as the case says."""
    if request.param == "with OpenCV":
        pytest.importorskip("cv2")
    else:
        for module in ("pictures.alignment", "pictures.features", "pictures.keypoints", "workspace.finding.similar"):
            monkeypatch.setattr(f"lib_modelsim.{module}.available", lambda: False)
    folder = shared / "cases" / "pictures" / "same_seed_not_same_picture"
    # with --yes, as other tests' checkpoints may be known here, which the folders are not named after
    assert run("gallery", "import", folder / "gallery", "--gallery", tmp_path / "G", "--yes").code == 0
    return folder


@pytest.mark.parametrize(
    ("query", "sibling"), [("query_ABPModel_203.jpg", "VBP2"), ("query_ABPModel_206.jpg", "ACertainDraft")]
)
def test_same_seed_not_same_picture(case, tmp_path, query, sibling):
    told = run("find", case / query, "--gallery", tmp_path / "G", "--no-library", "--json")
    assert told.code == 0
    (piece,) = (each for each in told.document["evidence"] if each["kind"] == "picture")
    assert (piece["model"], piece["certainty"]) == (sibling, None)
    assert "perhaps the same seed and prompt by another model" in piece["detail"]
    assert all(card["probability"] is None for card in told.document["ranking"])
    without = any("opencv-python-headless" in remark for remark in told.document["remarks"])
    assert sum("opencv-python-headless" in remark for remark in told.document["remarks"]) == without


def test_the_pictures_themselves_are_found_whatever_was_done_to_them(case, tmp_path):
    stored = case / "gallery" / "VBP2" / "p049.jpg"
    told = run("find", stored, "--gallery", tmp_path / "G", "--no-library", "--json")
    pieces = [each for each in told.document["evidence"] if each["kind"] == "picture"]
    assert [(each["model"], each["certainty"]) for each in pieces] == [("VBP2", 0.95)]
