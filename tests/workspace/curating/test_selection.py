"""What was selected, as a file to take away."""

import csv
import hashlib

import pytest
from PIL import Image

from lib_modelsim.curate.collection import Collected
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.workspace.curating.looking import Picture
from lib_modelsim.workspace.curating.remembered import Mark
from lib_modelsim.workspace.curating.selection import write_selection
from lib_modelsim.workspace.curating.thumbnails import Thumbnails


@pytest.fixture
def pictures(tmp_path):
    found = []
    for i, prompt in enumerate(["a fox", "=HYPERLINK(1)", "<script>alert(1)</script>"]):
        path = tmp_path / f"{i} ä.png"
        Image.new("RGB", (300, 200), (80 * i, 0, 0)).save(path)
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        about = Collected(path, content, prompt, "Fox v1", "fox", "standard", seed=i or -1)
        found.append(Picture(about, {"clip": float("nan") if i == 1 else i + 0.5}, "foxes"))
    return found


@pytest.fixture
def write(tmp_path, pictures):
    small = Thumbnails(tmp_path / "thumbnails")
    return lambda kind, some=pictures: write_selection(
        some, {pictures[0].about.content: Mark(stars=4)}, {"clip": "CLIP score"}, kind, tmp_path / "out", small, Job()
    )


def test_a_list_has_one_path_a_line(write, pictures):
    file = write("list")
    assert file.read_text("utf-8").splitlines() == [str(each.about.path) for each in pictures]


def test_a_table_has_what_is_known_and_no_formula(write, pictures):
    with write("csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["CLIP score"] for row in rows] == ["0.5", "", "2.5"]
    assert rows[1]["prompt"] == "'=HYPERLINK(1)"
    assert [row["seed"] for row in rows] == ["", "1", "2"]
    assert [row["stars"] for row in rows] == ["4", "0", "0"]
    assert rows[0]["sha256"] == pictures[0].about.content


def test_a_contact_sheet_is_one_file_that_carries_its_pictures(write, pictures):
    pictures[0].about.path.write_bytes(b"no picture any more")
    text = write("sheet").read_text("utf-8")
    assert text.count("data:image/webp;base64,") == 2
    assert "has changed since the folder was read" in text
    assert "<script>" not in text
    assert "http" not in text


def test_nothing_selected_is_said(write):
    with pytest.raises(ModelsimError, match="nothing is selected"):
        write("list", [])


def test_a_sheet_of_too_many_pictures_is_refused_before_any_is_opened(write, pictures):
    with pytest.raises(ModelsimError, match="too many pictures for one sheet: 2001"):
        write("sheet", pictures[:1] * 2001)
