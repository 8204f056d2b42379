"""`curate --clusters --best`: groups of pictures, models and prompts, in the document and for a person."""

import csv
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from PIL import PngImagePlugin

from tests.command import run
from tests.curate.galleries import subject_of
from tests.pictures.scenes import scene

PROMPTS = (
    "portrait of a woman in a red coat",
    "portrait of an old man",
    "portrait of a girl with freckles",
    "a sailing boat at sea",
    "a fishing boat in a harbour",
    "a boat under a bridge",
    "a castle on a rock",
    "a ruined castle in fog",
    "a castle by night",
)

MODELS = ("plain_v1", "other_v2", "failing_v3")


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path):
    """Pictures as a WebUI writes them: nine prompts by three models."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    for m, model in enumerate(MODELS):
        for p, prompt in enumerate(PROMPTS):
            texts = PngImagePlugin.PngInfo()
            texts.add_text("parameters", f"{prompt}\nSteps: 20, Sampler: Euler, Seed: 1, Size: 128x128, Model: {model}")
            scene(100 * m + p, 128, 128).save(folder / f"{m}-{p}.png", pnginfo=texts)
    return folder


def scored(folder, score):
    """The name of a score of one's own: of each picture `score(model, prompt)` with a little noise."""
    rng = np.random.default_rng(0)
    with open(folder.parent / "mine.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "mine"])
        for m in range(len(MODELS)):
            for p, prompt in enumerate(PROMPTS):
                table.writerow([f"{m}-{p}.png", score(m, subject_of(prompt)) + rng.normal()])
    return f"column:{folder.parent / 'mine.csv'}"


ASKED = ("--clusters", "--best", 6, "--encoder", "builtin", "--min-drop", 4.5)


def test_a_failing_model_and_favoured_portraits(folder):
    name = scored(folder, lambda m, subject: 30 + 12 * (subject == 0) - 14 * (m == 2))
    found = run("curate", folder, "--score", name, *ASKED, "--json")
    assert found.code == 0, found.err
    document = found.document
    failing = {str(folder / f"2-{p}.png") for p in range(len(PROMPTS))}
    worst = max(document["clusters"], key=lambda each: each["drop"])
    assert set(worst["members"]) == failing
    assert (worst["name"], worst["models"], worst["support"]) == ("failing_v3", {"failing_v3": 9}, 9)
    assert worst["p"] <= 0.05
    assert worst["mean"] + worst["drop"] == pytest.approx(np.mean(list(document["overall"].values())))
    assert document["clusters_by"]["min_drop"] == 4.5
    by_name = {each["model"]: each for each in document["models"]}
    assert by_name["failing_v3"]["verdict"] == "worse"
    assert by_name["failing_v3"]["high"] < 0
    plain = [int(path.rpartition("-")[2][0]) for path in document["plain"]["paths"]]
    assert {subject_of(PROMPTS[p]) for p in plain} == {0}
    assert len({each["category"] for each in document["best"]}) == len(document["categories"]) > 1
    assert {subject_of(PROMPTS[int(each["path"].rpartition("-")[2][0])]) for each in document["best"]} == {0, 1, 2}
    assert document["prompts"][0]["prompt"].startswith("portrait")
    assert {each["n"] for each in document["prompts"]} == {3}
    assert set(document["category"]) == set(document["scores"])
    assert document["encoder"] == "built-in descriptor"


def test_the_same_for_a_person(folder):
    name = scored(folder, lambda m, subject: 30 - 14 * (m == 2))
    shown = run("curate", folder, "--score", name, *ASKED).out
    assert "Grouped by what built-in descriptor sees and by the words of prompts." in shown
    assert "failing_v3: 9 pictures of 9 prompts" in shown
    assert "failing_v3: worse, -1" in shown
    assert "By score alone" in shown
    assert "The best prompts:" in shown


def test_without_groups_models_and_prompts_are_judged_and_nothing_else(folder):
    document = run("curate", folder, "--score", "contrast", "--json").document
    assert document["clusters"] is document["best"] is document["categories"] is document["encoder"] is None
    assert {each["prompt"] for each in document["prompts"]} == set(PROMPTS)
    assert [each["categories"] for each in document["models"]] == [[], [], []]
    assert {each["style_range"]["over_prompts"] for each in document["models"]} == {None}


def test_pictures_that_tell_nothing_have_a_sentence_for_each(tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    for i in range(3):
        scene(i).save(folder / f"{i}.png")
    document = run("curate", folder, "--score", "contrast", *ASKED, "--json").document
    assert document["clusters"] == document["prompts"] == document["models"] == []
    assert len(document["best"]) == 3
    told = document["remarks_on"]
    assert told["clusters"] == ["no clusters: 3 different pictures with a score are too few for any"]
    assert told["models"] == ["no models: no picture tells which model made it"]
    assert told["prompts"] == ["no prompts: no picture tells its prompt"]
    assert "no picture tells its prompt: categories are of pictures that look alike" in told["best"]
    assert run("curate", folder, "--score", "contrast", *ASKED).code == 0


def test_a_folder_whose_pictures_cannot_be_opened_is_no_failure(tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    found = run("curate", folder, "--score", "contrast", *ASKED, "--json")
    assert found.code == 0, found.err
    assert found.document["clusters"] == found.document["best"] == []
    assert "in no group, as they cannot be opened or have changed: 1 picture" in found.document["remarks"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--best", 0), "best pictures is out of range"),
        (("--clusters", "--min-support", 1), "least number of pictures in a cluster"),
        (("--clusters", "--min-drop", -1), "least drop of a cluster"),
        (("--clusters", "--min-drop", "nan"), "least drop of a cluster"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is_read(folder, asked, said):
    found = run("curate", folder, *asked, "--encoder", "builtin")
    assert found.code == 2
    assert said in found.err


def test_grouping_does_not_look_for_keypoints_which_take_the_longest(folder, tmp_path):
    assert run("curate", folder, "--score", "sharpness", *ASKED, "--json").code == 0
    (file,) = tmp_path.glob("data/**/folders/*.sqlite")
    with closing(sqlite3.connect(file)) as db:
        methods = {method for (method,) in db.execute("SELECT DISTINCT method FROM features")}
    assert any(method.startswith("fingerprint") for method in methods)
    assert not any(method.startswith("keypoints") for method in methods)
