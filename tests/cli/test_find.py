"""`find` and `gallery import` on the command line, with the built-in descriptor."""

from __future__ import annotations

import shutil

import pytest
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.probing.probes import on_disk
from tests.command import run
from tests.probes.fake_engine import FakeEngine, drawable
from tests.workspace.finding import tinted

MODELS, THINGS = ("anna", "bert", "carl"), ("cat", "dog", "car")


def drawn(model, thing):
    return tinted(drawable(model), Parameters(prompt=f"a {thing}"))


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("find")
    for model in MODELS:
        (folder / "pictures" / model).mkdir(parents=True)
        for thing in THINGS:
            drawn(model, thing).save(folder / "pictures" / model / f"{thing}.png")
    done = run("gallery", "import", folder / "pictures", "--gallery", folder / "gallery", "--json")
    assert done.document["pictures"] == dict.fromkeys(MODELS, 3)
    return folder / "gallery"


def with_record(path, **settings):
    texts = PngInfo()
    line = ", ".join(f"{label}: {value}" for label, value in settings.items())
    texts.add_text("parameters", f"a lighthouse\nSteps: 20, Sampler: Euler, Seed: 5, Size: 64x64, {line}")
    drawn("stranger", "lighthouse").save(path, pnginfo=texts)
    return path


def test_the_document_ranks_every_model_and_says_why(gallery, tmp_path):
    drawn("bert", "ship").save(tmp_path / "query.png")
    document = run("find", tmp_path / "query.png", "--gallery", gallery, "--json").document
    assert [set(piece) for piece in document["evidence"]] == [{"kind", "model", "certainty", "detail"}]
    assert document["evidence"][0]["kind"] == "features"
    assert document["ranking"][0]["model"] == "bert"
    assert {card["model"] for card in document["ranking"]} == set(MODELS)
    assert all(set(card) == {"model", "sha256", "score", "probability"} for card in document["ranking"])
    assert document["encoder"] == "built-in descriptor"
    assert set(document["self_test"]) == {"top1", "top4", "n_models"}
    assert document["self_test"]["n_models"] == 3
    assert len(run("find", tmp_path / "query.png", "--gallery", gallery, "--json", "--top", 1).document["ranking"]) == 1


def test_the_same_in_words(gallery, tmp_path):
    as_jpeg(drawn("carl", "dog"), 90).save(tmp_path / "query.jpg")
    out = run("find", tmp_path / "query.jpg", "--gallery", gallery).out
    assert "picture: it is a picture that you have, drawn by carl: dog 1.png" in out
    assert "1. carl" in out


def test_with_an_empty_library_the_hash_in_the_picture_stands_in_the_detail(tmp_path):
    path = with_record(tmp_path / "a.png", **{"Model hash": "6ce0161689", "Model": "v1-5-pruned"})
    done = run("find", path, "--no-library", "--gallery", tmp_path / "none", "--json")
    assert done.code == 0
    (piece,) = done.document["evidence"]
    assert (piece["kind"], piece["model"]) == ("record", "v1-5-pruned")
    assert "6ce0161689" in piece["detail"]
    assert "which you do not have" in piece["detail"]
    assert done.document["interrogated_prompt"] == "a lighthouse"
    assert (done.document["ranking"], done.document["self_test"]) == ([], None)
    assert not (tmp_path / "none").exists()


def test_a_picture_that_says_nothing_is_no_failure(tmp_path):
    drawn("anna", "cat").save(tmp_path / "a.png")
    done = run("find", tmp_path / "a.png", "--gallery", tmp_path / "none")
    assert done.code == 0
    assert "no evidence: " in done.out


def test_what_is_missing_for_a_better_answer_is_said(tmp_path):
    path = with_record(tmp_path / "a.png", **{"Model hash": "6ce0161689", "Model": "v1-5-pruned"})
    (tmp_path / "cut.safetensors").write_bytes(b"\xff" * 100)
    out = run("find", path, "--no-library", "--gallery", tmp_path / "none").out
    assert "no checkpoints are known yet: give their folder with --models" in out
    assert f"generate some with probe --out {tmp_path / 'none'}, or import some with gallery import" in out
    out = run("find", path, "--models", tmp_path / "cut.safetensors", "--gallery", tmp_path / "none").out
    assert "skipped: cut.safetensors: " in out


def test_the_ranking_says_on_what_condition_it_holds(gallery, tmp_path):
    drawn("bert", "ship").save(tmp_path / "new.png")
    assert "likeliest of your models:\n  1. bert" in run("find", tmp_path / "new.png", "--gallery", gallery).out
    path = with_record(tmp_path / "a.png", **{"Model hash": "6ce0161689", "Model": "v1-5-pruned"})
    assert "likeliest of your models, if it is one of them:\n  1. " in run("find", path, "--gallery", gallery).out


def test_one_bad_picture_among_several_is_told_and_stops_nothing(gallery, tmp_path):
    drawn("bert", "ship").save(tmp_path / "new.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    done = run("find", tmp_path / "bad.png", tmp_path / "new.png", "--gallery", gallery, "--json")
    assert done.code == 0
    assert done.document["ranking"][0]["model"] == "bert"
    assert "bad.png is not a picture" in done.document["remarks"][0]


def test_checkpoints_given_or_remembered_answer_to_their_hash(small_family, tmp_path):
    with Library(None) as library:
        (anna,) = on_disk([small_family / "anna.safetensors"], library, Job()).checkpoints
    path = with_record(tmp_path / "a.png", **{"Model hash": anna.sha256[:10], "Model": "an old name"})
    options = ("--gallery", tmp_path / "none", "--json")
    for given in (("--models", small_family), ()):  # the second time from the library
        document = run("find", path, *given, *options).document
        assert (document["evidence"][0]["model"], document["evidence"][0]["certainty"]) == ("anna", 0.99)
        assert document["ranking"][0] == {
            "model": "anna",
            "sha256": anna.sha256,
            "score": None,
            "probability": 0.99,
        }


def test_verify_draws_with_the_models_and_ranks_again(small_family, tmp_path, monkeypatch):
    engine = FakeEngine([])

    def engine_of(self, checkpoints):
        engine.available = list(checkpoints)
        return engine

    monkeypatch.setattr(Folders, "engine", engine_of)
    with Library(None) as library:
        (anna,) = on_disk([small_family / "anna.safetensors"], library, Job()).checkpoints
    path = with_record(tmp_path / "a.png", **{"Model hash": anna.sha256[:10], "Model": "anna"})
    done = run("find", path, "--models", small_family, "--gallery", tmp_path / "none", "--verify", "--json")
    assert [name for name, _ in engine.drawn] == ["anna"]
    last = done.document["evidence"][-1]
    assert (last["kind"], last["model"], last["certainty"]) == ("regenerated", "anna", None)


def test_the_self_test_is_a_table(gallery, tmp_path):
    lines = run("find", "--self-test", "--gallery", gallery).out.splitlines()
    assert lines[0].split() == ["model", "pictures", "top-1", "top-4", "mean", "rank"]
    assert [line.split()[0] for line in lines[1:4]] == list(MODELS)
    assert lines[4].startswith("For your 3 models this search puts the right one first")
    document = run("find", "--self-test", "--gallery", gallery, "--json").document
    assert document["self_test"]["n_models"] == 3
    assert len(document["models"]) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("no such.png",),
        (__file__,),
        ("--self-test", "--gallery", "no such folder"),
        (__file__, "--top", "0"),
        (__file__, "--encoder", "no such"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments):
    done = run("find", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1


def test_verify_needs_something_to_draw_with_before_anything_is_learned(gallery, tmp_path):
    drawn("bert", "ship").save(tmp_path / "new.png")
    done = run("find", tmp_path / "new.png", "--gallery", gallery, "--verify")
    assert done.code == 2
    assert "give checkpoints with --models, or a running WebUI with --webui" in done.err


def test_import_needs_sub_folders_and_gallery_takes_one_folder(gallery, tmp_path):
    assert run("gallery", "import", tmp_path).code == 2
    assert run("gallery", tmp_path, tmp_path).code == 2
    again = shutil.copytree(gallery.parent / "pictures", tmp_path / "again")
    drawn("anna", "ship").save(again / "whose.png")
    lines = run("gallery", "import", again, "--gallery", gallery).out.splitlines()
    assert lines[:4] == ["anna: 0 imported", "bert: 0 imported", "carl: 0 imported", "already in the gallery: 9"]
    assert lines[4].startswith("skipped: 1 not in a sub-folder")
