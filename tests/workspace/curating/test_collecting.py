"""The pictures of any folder: what their records tell, and that nothing is written there."""

import os

import pytest
from PIL import Image, PngImagePlugin

from lib_modelsim.curate.collection import UNKNOWN
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.workspace.curating.collecting import collect, feature_store

INFOTEXT = """a cat
Negative prompt: dog
Steps: 20, Sampler: Euler, Seed: {seed}, Size: 64x64, Model hash: {hash}, Model: {model}"""


def save(path, colour, infotext=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = PngImagePlugin.PngInfo()
    if infotext:
        texts.add_text("parameters", infotext)
    Image.new("RGB", (64, 64), colour).save(path, pnginfo=texts)
    return path


def collected(folder, data, job=None):
    with feature_store(folder, data) as store:
        return collect(folder, store, job or Job())


@pytest.fixture
def pictures(tmp_path):
    return tmp_path / "pictures"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def test_records_tell_prompt_model_and_seed(pictures, data):
    save(pictures / "a.png", "red", INFOTEXT.format(seed=7, hash="0123456789", model="mix"))
    save(pictures / "deep" / "er" / "b.png", "blue")
    found = collected(pictures, data)
    first, second = found.pictures
    assert (first.prompt, first.model, first.key, first.seed) == ("a cat", "mix", "mix", 7)
    assert (second.prompt, second.model, second.seed) == ("", "", UNKNOWN)
    assert not found.unreadable


def test_two_files_of_one_name_are_two_models(pictures, data):
    for i, hash in enumerate(("0123456789", "aaaaaaaaaa")):
        save(pictures / f"{i}.png", (i, 0, 0), INFOTEXT.format(seed=i, hash=hash, model="mix"))
    first, second = collected(pictures, data).pictures
    assert first.key != second.key
    assert [first.model, second.model] == ["mix [0123456789]", "mix [aaaaaaaaaa]"]


def test_nothing_is_written_into_a_persons_folder(pictures, data):
    save(pictures / "a.png", "red")
    collected(pictures, data)
    assert [path.name for path in pictures.rglob("*")] == ["a.png"]


def test_a_second_look_opens_nothing(pictures, data, monkeypatch):
    save(pictures / "a.png", "red", INFOTEXT.format(seed=7, hash="0123456789", model="mix"))
    before = collected(pictures, data)
    monkeypatch.setattr("lib_modelsim.workspace.curating.collecting.read_records", None)
    assert collected(pictures, data) == before


def test_hidden_folders_and_links_to_folders_are_left_out(pictures, data):
    save(pictures / "a.png", "red")
    save(pictures / ".thumbnails" / "a.png", "blue")
    (pictures / "again").symlink_to(pictures, target_is_directory=True)
    assert len(collected(pictures, data).pictures) == 1


def test_one_bad_file_does_not_stop_the_others(pictures, data):
    save(pictures / "a.png", "red")
    (pictures / "b.png").symlink_to(pictures / "gone.png")
    nameless = os.fsencode(pictures) + b"/\xff.png"
    with open(nameless, "wb") as file:
        file.write((pictures / "a.png").read_bytes())
    found = collected(pictures, data)
    assert [each.path.name for each in found.pictures] == ["a.png"]
    (why,) = found.unreadable.values()
    assert "rename" in why


def test_stopped_it_keeps_what_it_read(pictures, data):
    for i in range(5):
        save(pictures / f"{i}.png", (i, 0, 0))
    asked = iter([False, False, True, True, True])
    with pytest.raises(Cancelled):
        collected(pictures, data, Job(cancelled=lambda: next(asked)))
    with feature_store(pictures, data) as store:
        assert store._db.execute("SELECT count(*) FROM files").fetchone() == (3,)


@pytest.mark.parametrize("there", [False, True])
def test_no_folder_and_no_picture_are_told_in_one_line(pictures, data, there):
    if there:
        pictures.mkdir()
    with pytest.raises(ModelsimError, match=r"there (is|are) no"):
        collected(pictures, data)
