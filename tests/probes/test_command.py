"""`probe`, `gallery` and `suite` on the command line, with real checkpoint files and an engine that draws noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.probes.engine import CheckpointFailed, EngineCheckpoint
from lib_modelsim.text import size_text
from lib_modelsim.workspace.probing.probes import of_engine, on_disk
from tests.command import run
from tests.probes.fake_engine import FakeEngine


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """The engine of these tests in the place of diffusers."""
    engine = FakeEngine([])

    def engine_of(self, checkpoints):
        engine.available = list(checkpoints)
        return engine

    monkeypatch.setattr(Folders, "engine", engine_of)
    return engine


def test_dry_run_says_what_would_be_drawn_and_draws_nothing(small_family, tmp_path, engine):
    done = run("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--dry-run", "--json")
    assert done.code == 0
    assert (done.document["pictures"], done.document["existing"]) == (5, 0)
    assert [job["checkpoint"] for job in done.document["jobs"]] == ["anna", "base", "bert", "carl", "stranger"]
    for job in done.document["jobs"]:
        assert set(job) >= {"checkpoint", "probe", "parameters", "infotext", "path", "done"}
        assert job["parameters"]["steps"] == 256
        assert parse(job["infotext"]).settings["Seed"] == "1337"
        assert not job["done"]
        assert not Path(job["path"]).exists()
    assert engine.loads == engine.drawn == []


def test_probe_draws_where_the_dry_run_said(small_family, tmp_path):
    command = ("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--json")
    foretold = run(*command, "--dry-run").document
    drawn = run(*command).document
    assert [job["path"] for job in drawn["jobs"]] == [job["path"] for job in foretold["jobs"]]
    assert drawn["existing"] == 5
    assert drawn["failures"] == []
    for job in drawn["jobs"]:
        assert read_records(Path(job["path"])).drawable.infotext == job["infotext"]
    assert run(*command, "--dry-run").document["existing"] == 5


def test_a_broken_checkpoint_is_told_and_the_others_draw(small_family, tmp_path):
    broken = tmp_path / "models" / "broken.safetensors"
    broken.parent.mkdir()
    broken.write_bytes(b"no tensors")
    models = (small_family / "anna.safetensors", broken.parent)
    done = run("probe", "--suite", "cfg1-fast", "--models", *models, "--out", tmp_path / "out", "--json")
    assert done.code == 0
    assert [job["checkpoint"] for job in done.document["jobs"]] == ["anna"]
    assert [bad["path"] for bad in done.document["errors"]] == [str(broken)]


def test_without_one_checkpoint_there_is_still_a_document(tmp_path):
    done = run("probe", "--models", tmp_path / "nothing.ckpt", "--out", tmp_path / "out", "--json")
    assert done.code == 2
    assert done.document["jobs"] == []
    assert len(done.err.splitlines()) == 1


def test_the_dry_run_says_which_checkpoint_cannot_draw_and_why(small_family, tmp_path, engine):
    no_vae = CheckpointFailed("the file has no VAE", "carl")
    engine.foreseen = lambda checkpoint: no_vae if checkpoint.name == "carl" else None
    command = ("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--dry-run")
    document = run(*command, "--json").document
    assert [job["checkpoint"] for job in document["jobs"]] == ["anna", "base", "bert", "stranger"]
    carl = small_family / "carl.safetensors"
    assert document["errors"] == [{"path": str(carl), "error": "the file has no VAE: carl"}]
    assert f"skipped: {carl}: the file has no VAE: carl" in run(*command).out
    assert engine.loads == []


def test_the_dry_run_says_that_packages_are_missing(small_family, tmp_path, engine):
    engine.lacks = ModelsimError("packages are missing", "torch", "install it")
    command = ("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--dry-run")
    assert "nothing can be generated yet: packages are missing: torch. Fix: install it" in run(*command).out
    assert run(*command, "--json").document["missing"] == str(engine.lacks)


def test_pictures_that_exist_count_whatever_the_header_says_now(small_family, tmp_path, engine):
    command = ("probe", "--suite", "cfg1", "--models", small_family / "anna.safetensors", "--out", tmp_path / "out")
    assert run(*command).code == 0
    engine.foreseen = lambda checkpoint: CheckpointFailed("the file has no VAE", checkpoint.name)
    assert run(*command, "--json").document["existing"] == 1


def test_nothing_generated_is_an_error_in_one_line(small_family, tmp_path, engine):
    def refuse(checkpoint):
        raise CheckpointFailed("cannot be loaded", checkpoint.name, "download it again")

    engine.loadable = refuse
    command = ("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--json")
    done = run(*command)
    assert done.code == 2
    assert len(done.document["failures"]) == 5
    (line,) = (line for line in done.err.splitlines() if line.startswith("modelsim: "))
    assert line.startswith("modelsim: nothing was generated: anna: cannot be loaded")
    assert line.endswith("(and 4 more)")
    engine.loadable = lambda checkpoint: refuse(checkpoint) if checkpoint.name == "anna" else None
    assert run(*command).code == 0, "four of five are something"
    assert run(*command).code == 2, "the fifth fails again, alone"


def test_no_checkpoint_that_can_draw_is_an_error_with_the_reason(small_family, tmp_path, engine):
    engine.foreseen = lambda checkpoint: CheckpointFailed("diffusers cannot", "SD3")
    done = run("probe", "--suite", "cfg1", "--models", small_family, "--out", tmp_path / "out", "--json")
    assert done.code == 2
    assert "no checkpoint can generate pictures: diffusers cannot: SD3" in done.err
    assert len(done.document["errors"]) == 5


def test_gallery_tells_rows_columns_and_what_is_missing(small_family, tmp_path):
    out = tmp_path / "out"
    run("probe", "--suite", "prior", "--models", small_family / "anna.safetensors", "--out", out)
    next(out.rglob("nothing 7.png")).unlink()
    document = run("gallery", out, "--suite", "prior", "--json").document
    (row,) = document["checkpoints"]
    assert row["name"] == "anna"
    assert [picture["seed"] for picture in row["pictures"] if picture["path"] is None] == [7]
    told = run("gallery", out, "--suite", "prior").out.splitlines()
    bytes_there = sum(path.stat().st_size for path in out.rglob("*.png"))
    assert told[0] == "anna: 19 of 20 pictures"
    assert told[2:] == [f"{start}19 pictures, {size_text(bytes_there)}" for start in ("In the gallery: ", "  anna: ")]
    assert document["models"] == [{"model": "anna", "pictures": 19, "imported": 0, "bytes": bytes_there}]
    assert run("gallery", tmp_path / "empty").code == 2


def test_a_gallery_says_by_itself_which_suite_it_holds(small_family, tmp_path):
    out, file = tmp_path / "out", tmp_path / "mine.txt"
    file.write_text("a cat\na dog\n")
    assert run("suite", "import", file).code == 0
    run("probe", "--suite", "mine", "--models", small_family / "anna.safetensors", "--out", out)
    assert json.loads((out / "mine" / "suite.json").read_text("utf-8"))["name"] == "mine"
    assert run("gallery", out, "--suite", out / "mine" / "suite.json").out.startswith("anna: 2 of 2 pictures\n")


# suites


def test_suites_are_listed_shown_imported_and_exported(tmp_path):
    names = [suite["name"] for suite in run("suite", "list", "--json").document["suites"]]
    assert names[:5] == ["cfg1", "cfg1-fast", "demonstration", "prior", "standard"]
    prompts = tmp_path / "things.txt"
    prompts.write_text("a lamp\na chair\n", encoding="utf-8")
    imported = run("suite", "import", prompts, "--name", "two things", "--json").document
    assert (imported["name"], imported["pictures"], imported["shipped"]) == ("two things", 2, False)
    assert "two things" in run("suite", "list").out
    shown = run("suite", "show", "two things", "--json").document
    assert [each["prompt"] for each in shown["probes"]] == ["a lamp", "a chair"]
    exported = tmp_path / "exported.json"
    assert run("suite", "export", "two things", "--out", exported).code == 0
    assert json.loads(exported.read_text("utf-8")) == shown
    assert json.loads(run("suite", "export", "two things").out) == shown
    assert run("suite", "import", exported).code == 2, "there is one of this name"
    assert run("suite", "import", exported, "--replace").code == 0


def test_a_picture_s_infotext_becomes_a_suite(shared, tmp_path):
    (picture,) = (shared / "data" / "cfg1").glob("*.png")
    assert run("suite", "import", picture, "--name", "as published").code == 0
    (each,) = run("suite", "show", "as published", "--json").document["probes"]
    assert each["name"] == "no prompt"
    (ours,) = run("suite", "show", "cfg1", "--json").document["probes"]
    assert ours["name"] == "prior"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "no such"),
        ("import", "no such.txt"),
        ("import", "no such.png"),
        ("export", "no such"),
        ("import", __file__, "--name", "standard"),
    ],
)
def test_what_cannot_be_done_with_suites_is_said_in_one_line(arguments):
    done = run("suite", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1


# what an engine lists and what is on disk


def test_what_an_engine_does_not_know_of_a_file_the_file_tells(small_family, tmp_path):
    file = small_family / "anna.safetensors"
    lora = tmp_path / "gone.safetensors"
    listed = [EngineCheckpoint("anna.safetensors [x]", "anna", file), EngineCheckpoint("far", "far", lora, "ab" * 32)]
    with Library(None) as library:
        chosen = of_engine(FakeEngine(listed), [], library, Job())
        (on_this_disk,) = on_disk([file], library, Job()).checkpoints
    anna, far = chosen.checkpoints
    assert (anna.sha256, anna.architecture) == (on_this_disk.sha256, "SD 1.x")
    assert anna.title == "anna.safetensors [x]"
    assert far == replace(listed[1], bare=True)  # nobody knows: it generates with what is chosen there


def test_a_file_that_cannot_be_read_is_left_to_the_engine_and_a_network_alone_is_told(small_family, tmp_path):
    strange, alone = tmp_path / "strange.gguf", tmp_path / "alone.safetensors"
    strange.write_bytes(b"a form of tomorrow")
    weights = load_file(small_family / "anna.safetensors")
    save_file({key: weights[key] for key in weights if key.startswith("model.diffusion_model.")}, alone)
    files = [strange, alone, small_family / "anna.safetensors"]
    with Library(None) as library:
        chosen = of_engine(
            FakeEngine([EngineCheckpoint(path.name, path.stem, path) for path in files]), [], library, Job()
        )
    assert [(each.name, each.architecture, each.bare) for each in chosen.checkpoints] == [
        ("strange", None, True),
        ("alone", "SD 1.x", True),
        ("anna", "SD 1.x", False),
    ]
    assert chosen.unusable == []


def test_checkpoints_of_an_engine_are_meant_by_path_folder_name_or_hash(small_family):
    listed = [EngineCheckpoint(path.name, path.stem, path) for path in sorted(small_family.glob("*.safetensors"))]
    remote = EngineCheckpoint("far.ckpt", "far", None, "c0ffee" * 10 + "abcd", "SDXL")
    engine = FakeEngine([*listed, remote])
    with Library(None) as library:

        def meant(*paths):
            return [each.name for each in of_engine(engine, [Path(path) for path in paths], library, Job()).checkpoints]

        assert meant(small_family) == [each.name for each in listed]
        assert meant(small_family / "bert.safetensors", "far") == ["bert", "far"]
        assert meant("c0ffeec0ffee") == ["far"]
        assert len(meant()) == 6
