"""A training folder: captions of duplicates merged, misfits told; a gallery's repeats of it counted by model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.workspace import Workspace
from tests.command import run
from tests.workspace.curating.test_duplicates import picture


@pytest.fixture
def use(tmp_path):
    with Workspace(Folders([], tmp_path / "our data", Settings()), lambda: Library(None)) as found:
        yield found


@pytest.fixture
def training(tmp_path):
    """Four copies of one picture, one with another's caption; two of another; one alone."""
    folder = tmp_path / "training"
    folder.mkdir()
    captions = {"a1": "a cat sitting", "a2": "a cat sitting, 4k", "a3": "a dancer", "a4": "a cat sitting"}
    captions |= {"b1": "a tree on a hill", "b2": "a fish under water", "c": "portrait of an old man"}
    for i, (name, text) in enumerate(captions.items()):
        image = picture("abc".index(name[0]))
        image.resize((256 - 8 * i, 256 - 8 * i), Image.Resampling.LANCZOS).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"{text}\n")
    return folder


def test_captions_are_merged_and_misfits_told_and_nothing_is_written(training, use):
    before = {path: path.read_bytes() for path in training.iterdir()}
    found = use.curating.merged_captions(use.curating.duplicates(training, [], Job()))
    assert [path.stem for path in found.misfits] == ["a3"]
    assert {path.stem for path in found.undecided} == {"b1", "b2"}
    assert [(group.keep.stem, group.merged) for group in found.groups] == [("a1", "a cat sitting, 4k"), ("b1", "")]
    assert {path: path.read_bytes() for path in training.iterdir()} == before


def test_they_are_written_where_a_person_says_and_replace_nothing(training, use, tmp_path):
    found = use.curating.merged_captions(use.curating.duplicates(training, [], Job()))
    for inside in (training, training / "captions"):
        with pytest.raises(ModelsimError, match="holds the pictures"):
            use.curating.write_captions(found, inside)
    out = tmp_path / "out"
    assert use.curating.write_captions(found, out) == [out / "a1.txt"]
    assert (out / "a1.txt").read_text() == "a cat sitting, 4k\n"
    assert use.curating.write_captions(found, out) == [out / "a1.txt"]
    (out / "a1.txt").write_text("mine")
    with pytest.raises(ModelsimError, match="another file of this name"):
        use.curating.write_captions(found, out)
    assert (out / "a1.txt").read_text() == "mine"


def test_captions_that_cannot_be_read_are_told(training, use):
    (training / "c.txt").write_bytes(b"\xff\xfe")
    assert "c.txt" in use.curating.merged_captions(use.curating.duplicates(training, [], Job())).unreadable[0]


def made_by(model: str, image: Image.Image, path: Path) -> None:
    """As AUTOMATIC1111 writes it: modules/infotext_utils.py."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", f"a cat\nSteps: 20, Sampler: Euler, Seed: 1, Size: 256x256, Model: {model}")
    image.save(path, pnginfo=texts)


@pytest.fixture
def gallery(tmp_path):
    """anna made three pictures, two of them the training picture; bert one of its own; one tells no model."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    made_by("anna", picture(0).resize((200, 200), Image.Resampling.LANCZOS), folder / "1.png")
    shutil.copy(folder / "1.png", folder / "1 again.png")
    made_by("anna", picture(31), folder / "2.png")
    made_by("bert", picture(32), folder / "3.png")
    picture(33).save(folder / "4.png")
    return folder


def test_repeats_are_counted_by_model_with_what_was_compared_and_what_it_does_not_show(gallery, training, use):
    found = use.curating.verbatim_copies(use.curating.duplicates(gallery, [training], Job()))
    told = {each.model: (each.pictures, sorted(one.picture.name for one in each.repeats)) for each in found.models}
    assert told == {"anna": (3, ["1 again.png", "1.png"]), "bert": (1, []), "": (1, [])}
    anna = found.models[0]
    assert anna.model == "anna"
    assert anna.told == "2 of 3 pictures (67 %) repeat 1 picture of the other folder"
    assert anna.repeats[0].original.parent == training
    assert anna.repeats[0].others == 3
    assert found.models[1].told == "none of 1 picture repeats one of the other folder"
    assert "5 pictures" in found.compared[0]
    assert "7 pictures" in found.compared[0]
    words = " ".join((*found.compared, *found.not_shown, *(each.told for each in found.models))).lower()
    assert not {"stole", "stolen", "theft", "plagiar", "infring", "memorized", "guilty"} & set(words.split())


def test_the_command_line_tells_both(gallery, training, tmp_path):
    told = run("duplicates", gallery, "--against", training, "--verbatim")
    assert "anna: 2 of 3 pictures (67 %) repeat 1 picture of the other folder" in told.out
    assert "What this does not show:" in told.out
    document = run("duplicates", gallery, "--against", training, "--verbatim", "--json").document
    assert [each["repeated"] for each in document["verbatim"]["models"]] == [2, 0, 0]
    document = run("duplicates", training, "--captions", tmp_path / "out", "--json").document
    assert [Path(path).stem for path in document["misfits"]] == ["a3"]
    assert [Path(path).name for path in document["written"]] == ["a1.txt"]
    assert "nothing was written" in run("duplicates", training, "--captions").out
    assert "training folder" in run("duplicates", gallery, "--verbatim").err


def test_a_content_that_lies_in_both_folders_is_told_of_each_file(training, use, tmp_path):
    gallery = tmp_path / "two"
    gallery.mkdir()
    for name in ("x.png", "y.png"):
        shutil.copy(training / "c.png", gallery / name)
    shutil.copy(training / "c.png", training / "c again.png")
    found = use.curating.duplicates(gallery, [training], Job())
    assert {(pair.a.name, pair.b.name) for pair in found.pairs} == {
        ("x.png", "c again.png"),
        ("x.png", "c.png"),
        ("y.png", "c again.png"),
        ("y.png", "c.png"),
    }
    assert len(use.curating.verbatim_copies(use.curating.duplicates(gallery, [training], Job())).models[0].repeats) == 2
