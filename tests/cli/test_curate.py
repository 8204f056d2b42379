"""`curate`: scores of any folder's pictures; what has no score is told, with the reason."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from lib_modelsim.cli.options import data_folder
from lib_modelsim.pictures.encoders import registry
from lib_modelsim.pictures.encoders.encoder import EncoderKind, Readiness
from lib_modelsim.workspace.curating.remembered import Mark, Remembered
from tests.command import run
from tests.pictures.scenes import scene


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for i in range(4):
        scene(i, 200 + 50 * i, 200).save(folder / f"{i}.png")
    scene(9).save(folder / "deeper" / "nine.jpg")
    return folder


def test_every_picture_has_every_score(folder):
    found = run("curate", folder, "--json")
    assert found.code == 0, found.err
    document = found.document
    names = {"sharpness", "contrast", "saturation", "colourfulness", "entropy"}
    assert set(document["scores"]) == {str(path) for path in folder.rglob("*.*")}
    assert all(set(scores) == names for scores in document["scores"].values())
    assert all(isinstance(each, float) for scores in document["scores"].values() for each in scores.values())
    assert document["missing"] == document["unreadable"] == {}
    assert document["units"]["saturation"] == "%"
    assert "no score was named" in document["remarks"][0]


def test_the_best_come_first_and_of_one_score_the_mean_is_that_score(folder):
    document = run("curate", folder, "--score", "contrast", "--json").document
    assert document["overall"] == {path: scores["contrast"] for path, scores in document["scores"].items()}
    best = max(document["overall"], key=document["overall"].get)
    shown = run("curate", folder, "--score", "contrast", "--top", 1).out
    assert best in shown
    assert shown.count(str(folder)) == 1
    assert "levels of 255" in shown


def test_several_scores_may_follow_one_option_and_the_folder_may_stand_behind_them(folder):
    apart = run("curate", folder, "--score", "contrast", "--score", "entropy", "--json").document
    assert run("curate", folder, "--score", "contrast", "entropy", "--json").document == apart
    assert run("curate", "--json", "--score", "contrast", "entropy", folder).document == apart
    found = run("curate", "--score", "contrast")
    assert (found.code, found.out) == (2, "")
    assert "no folder given" in found.err


def test_weights_decide_the_mean(folder):
    asked = ("--score", "contrast", "--score", "saturation")
    plain = run("curate", folder, *asked, "--json").document
    only = run("curate", folder, *asked, "--weight", "saturation=0", "--json").document
    assert plain["overall"] != only["overall"]
    by = sorted(only["overall"], key=only["overall"].get)
    assert by == sorted(by, key=lambda path: only["scores"][path]["contrast"])


def test_what_cannot_be_scored_is_null_with_the_reason(folder):
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:900])
    (folder / "text.png").write_text("no picture")
    (folder / "notes.txt").write_text("a cat")
    (folder / "data.json").write_text("{}")
    found = run("curate", folder, "--score", "contrast", "--json")
    assert found.code == 0, found.err
    scores = {path.rpartition("/")[2]: each["contrast"] for path, each in found.document["scores"].items()}
    assert {name for name, value in scores.items() if value is None} == {"dot.png", "cut.png", "text.png"}
    why = {path.rpartition("/")[2]: each["contrast"] for path, each in found.document["missing"].items()}
    assert "too small" in why["dot.png"]
    assert "damaged" in why["cut.png"]
    assert "not a picture" in why["text.png"]
    assert any(remark.startswith("contrast: 1 of 8 pictures have none: the picture is too small") for remark in
               found.document["remarks"])


def test_a_second_run_opens_nothing(folder, monkeypatch):
    first = run("curate", folder, "--json").document
    from lib_modelsim.pictures import features

    def opened(path, *_):
        raise AssertionError(path)

    monkeypatch.setattr(features, "open_picture", opened)
    assert run("curate", folder, "--json").document == first


def test_each_picture_is_opened_once_for_all_scores(folder, monkeypatch):
    from lib_modelsim.pictures import features

    opened, really = [], features.open_picture
    monkeypatch.setattr(features, "open_picture", lambda path: opened.append(path) or really(path))
    run("curate", folder, "--json")
    assert sorted(opened) == sorted(folder.rglob("*.*"))


def test_nothing_is_written_into_the_folder(folder):
    before = sorted(folder.rglob("*"))
    run("curate", folder)
    assert sorted(folder.rglob("*")) == before


def test_animated_transparent_and_sixteen_bit_pictures_have_scores(folder):
    frames = [scene(i) for i in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:])
    scene(2).convert("RGBA").save(folder / "clear.png")
    Image.fromarray(np.asarray(scene(3).convert("L")).astype(np.uint16) * 257).save(folder / "deep.png")
    document = run("curate", folder, "--json").document
    assert document["missing"] == {}
    assert len(document["scores"]) == 9


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--score", "beauty"], "there is no such score: beauty"),
        (["--score", "contrast:7"], "use contrast"),
        (["--score", "contrast", "--weight", "entropy=1"], "not asked for: entropy"),
        (["--score", "contrast", "--weight", "contrast"], "NAME=NUMBER"),
        (["--score", "contrast", "--weight", "contrast=nan"], "no number"),
        (["--score", "contrast", "--weight", "contrast=0"], "all weights are 0"),
        (["--top", "0"], "--top is out of range"),
    ],
)
def test_what_is_not_understood_is_one_line(folder, asked, told):
    found = run("curate", folder, *asked)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert found.err.count("\n") == 1


def test_a_folder_without_pictures_says_what_to_do(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("nothing")
    found = run("curate", empty, "--json")
    assert (found.code, found.out) == (2, "")
    assert "no pictures" in found.err
    assert "Fix: " in found.err
    assert run("curate", tmp_path / "nowhere").code == 2


def test_only_bad_pictures_still_give_the_document(tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    found = run("curate", folder, "--json")
    assert json.loads(found.out)["overall"] == {str(folder / "a.png"): None}


class Words:
    """A text encoder of its own: pictures and texts by their first letters."""

    name = identity = "words"

    def encode(self, pictures):
        return np.stack([np.array([0.6, 0.8], np.float32)] * len(pictures))

    def encode_text(self, texts):
        return np.array([[0.6, 0.8] if "cat" in text else [0.8, -0.6] for text in texts], np.float32)


@pytest.fixture
def words():
    ready = Readiness(True, "ready")
    registry.register(EncoderKind("words", "words", lambda _which, _device: Words(), lambda _which: ready))
    yield "words"
    registry.forget("words")


def with_prompt(path, prompt):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", f"{prompt}\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Model: mix")
    scene(1).save(path, pnginfo=texts)


def test_the_clip_score_is_of_each_picture_with_the_prompt_of_its_record(folder, words):
    with_prompt(folder / "cat.png", "a (cat:1.3) <lora:x:1>")
    with_prompt(folder / "dog.png", "a dog")
    found = run("curate", folder, "--score", "clip", "--score", "contrast", "--encoder", words, "--json")
    assert found.code == 0, found.err
    document = found.document
    scores = {path.rpartition("/")[2]: each["clip"] for path, each in document["scores"].items()}
    assert scores["cat.png"] == pytest.approx(100)
    assert scores["dog.png"] == 0
    assert scores["0.png"] is None
    assert document["overall"][str(folder / "0.png")] is None
    assert document["missing"][str(folder / "0.png")] == {"clip": "nothing tells its prompt"}
    assert "clip: 5 of 7 pictures have none: nothing tells its prompt" in document["remarks"]
    assert "5 of 7 pictures lack a score, so they have no mean" in document["remarks"]


def test_a_file_that_changes_or_vanishes_meanwhile_has_no_score(folder, monkeypatch):
    from lib_modelsim.workspace.curating import curate as use_case

    really = use_case.collect

    def and_then(*how):
        found = really(*how)
        scene(77).save(folder / "1.png")
        (folder / "2.png").unlink()
        return found

    monkeypatch.setattr(use_case, "collect", and_then)
    document = run("curate", folder, "--score", "contrast", "--json").document
    assert document["scores"][str(folder / "1.png")] == document["scores"][str(folder / "2.png")] == {"contrast": None}
    assert "changed while it was read" in document["missing"][str(folder / "1.png")]["contrast"]
    assert "cannot be read" in document["missing"][str(folder / "2.png")]["contrast"]
    assert document["scores"][str(folder / "3.png")]["contrast"] > 0


def test_a_folder_that_vanishes_is_told(folder, monkeypatch):
    from lib_modelsim.workspace.curating import curate as use_case

    really = use_case.collect

    def and_then(*how):
        found = really(*how)
        shutil.rmtree(folder)
        return found

    monkeypatch.setattr(use_case, "collect", and_then)
    document = run("curate", folder, "--json").document
    assert all(value is None for scores in document["scores"].values() for value in scores.values())
    assert len([remark for remark in document["remarks"] if "cannot be read" in remark]) == 5


def test_without_a_clip_one_line_says_what_to_do(folder, monkeypatch):
    from lib_modelsim.workspace.curating import encoding

    monkeypatch.setattr(encoding, "is_installed", lambda: False)
    found = run("curate", folder, "--score", "clip")
    assert (found.code, found.out) == (2, "")
    assert "open_clip_torch" in found.err
    assert found.err.count("\n") == 1


def test_stars_are_those_that_a_person_gave_whatever_the_file_is_called(folder):
    content = hashlib.sha256((folder / "2.png").read_bytes()).hexdigest()
    with Remembered(data_folder()) as remembered:
        remembered.mark({content: Mark(stars=4)})
    (folder / "2.png").rename(folder / "renamed.png")
    document = run("curate", folder, "--score", "stars", "--json").document
    given = {path.rpartition("/")[2]: each["stars"] for path, each in document["scores"].items()}
    assert given == {"renamed.png": 4, "0.png": None, "1.png": None, "3.png": None, "nine.jpg": None}
    assert document["remarks"] == ["stars: 4 of 5 pictures have none: you gave it no stars"]


def test_a_column_of_one_s_own_beside_another_score(folder, tmp_path):
    (tmp_path / "mine.csv").write_text("name;mine\n0.png;1,5\n1.png;2,5\n2.png;2\nnine.jpg;3\ngone.png;9\n")
    mine = f"column:{tmp_path / 'mine.csv'}"
    found = run("curate", folder, "--score", mine, "--score", "contrast", "--weight", f"{mine}=3", "--json")
    assert found.code == 0, found.err
    document = found.document
    assert document["scores"][str(folder / "1.png")][mine] == 2.5
    assert document["scores"][str(folder / "3.png")][mine] is None
    assert document["overall"][str(folder / "3.png")] is None
    assert any("1 row names no picture of this folder (gone.png)" in remark for remark in document["remarks"])


def test_an_aesthetic_head_needs_a_clip_and_its_file(folder, tmp_path, words):
    found = run("curate", folder, "--score", f"aesthetic:{tmp_path / 'none.pth'}", "--encoder", words)
    assert (found.code, found.out) == (2, "")
    assert "there is no such file for aesthetic" in found.err
    assert run("curate", folder, "--score", "aesthetic").err.count("use aesthetic:FILE.pth") == 1
