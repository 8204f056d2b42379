"""What the command line promises: fields, null for missing, nothing else on stdout, exit codes, one line on stderr."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib_modelsim import demo

from ..checkpoints.literal_files import entry, safetensors_file
from ..command import ROOT, run, run_process

SHAPES = demo.sd1_shapes(4, 16, 1)


@pytest.fixture
def pair(small_family, tmp_path):
    folder = tmp_path / "Höfe & Gärten"
    folder.mkdir()
    for name in ("anna", "base"):
        shutil.copy(small_family / f"{name}.safetensors", folder)
    return folder


def listed(folder):
    return [path.name for path in folder.iterdir()]


def refused(*arguments):
    """Runs a command that must fail with 2, nothing on stdout and one line on stderr; returns the line."""
    outcome = run(*arguments, "--no-library")
    assert (outcome.code, outcome.out) == (2, "")
    return one_line(outcome)


def one_line(outcome):
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("modelsim: ")
    assert outcome.err.strip().isprintable()
    return outcome.err.strip()


# documents


def test_scan_tells_these_fields(small_family):
    outcome = run("scan", small_family, "--no-library", "--json")
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    row = outcome.document["checkpoints"][0]
    required = [
        "name",
        "path",
        "format",
        "architecture",
        "components",
        "size",
        "sha256",
        "short_hash",
        "legacy_hash",
        "autov3",
        "metadata",
        "error",
    ]
    assert set(required) <= set(row)
    assert (row["name"], row["format"], row["architecture"], row["error"]) == ("anna", "safetensors", "SD 1.x", None)
    assert set(row["components"]) == {"unet", "te", "vae"}
    assert row["components"]["unet"]["dtype"] == "F16"
    assert set(row["components"]["unet"]["content"]) == {"exact", "float16"}
    assert (len(row["sha256"]), len(row["autov3"]), len(row["legacy_hash"])) == (64, 64, 8)
    assert row["short_hash"] == row["sha256"][:10]


def test_a_quick_scan_leaves_hashes_null(small_family):
    row = run("scan", small_family, "--quick", "--no-library", "--json").document["checkpoints"][0]
    assert [row[name] for name in ("sha256", "short_hash", "legacy_hash", "autov3")] == [None] * 4
    assert row["components"]["unet"]["content"] is None


def test_compare_tells_these_fields(small_family):
    outcome = run("compare", small_family, "--measure", "cosine", "--no-library", "--json")
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    document = outcome.document
    assert list(document) == [
        "measure",
        "models",
        "blocks",
        "values",
        "overall",
        "coverage",
        "components",
        "base",
        "reasons",
        "remarks",
        "merges",
        "roundings",
        "errors",
    ]
    assert (document["measure"], document["base"], document["reasons"], document["errors"]) == ("cosine", None, [], [])
    assert document["models"] == ["anna", "base", "bert", "carl", "stranger"]
    assert np.shape(document["values"]) == (5, 5, len(document["blocks"]))
    assert np.shape(document["overall"]) == (5, 5)
    assert set(document["components"]) == {"unet", "te", "vae"}


def test_delta_cosine_tells_its_base_and_leaves_it_null(small_family):
    document = run(
        "compare", small_family, "--measure", "delta-cosine", "--base", "base", "--no-library", "--json"
    ).document
    base = document["models"].index("base")
    assert document["base"] == "base"
    assert document["overall"][base] == [None] * 5
    assert document["values"][0][base] == [None] * len(document["blocks"])


def test_elements_are_the_values_of_every_key(small_family):
    files = [small_family / f"{name}.safetensors" for name in ("base", "anna", "bert")]
    document = run("compare", *files[:2], "--elements", "--measure", "l2", "--no-library", "--json").document
    assert {tuple(element) for element in document["elements"]} == {("key", "component", "block", "value")}
    assert len(document["elements"]) == len(SHAPES)
    unet = sum(e["value"] ** 2 for e in document["elements"] if e["component"] == "unet")
    assert unet**0.5 == pytest.approx(document["overall"][0][1], rel=1e-6)
    document = run(
        "compare", *files, "--elements", "--measure", "delta-cosine", "--base", "base", "--no-library", "--json"
    ).document
    assert all(-1 <= e["value"] <= 1 for e in document["elements"] if e["component"] != "vae")
    assert "--elements takes two models" in refused("compare", *files, "--elements", "--measure", "l2", "--json")


def test_classify_tells_what_it_wrote(small_family, tmp_path):
    by = ("--measure", "asimilarity", "--dpi", 20)
    outcome = run("classify", small_family, *by, "--out", tmp_path / "out", "--no-library", "--json", figures=True)
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    tables = {"classes.csv", "features.csv", "distances.csv", "linkage.csv", "order.csv", "hashes.csv", "about.csv"}
    figures = {f"{name}.{ending}" for name in ("dendrogram", "heatmap", "map") for ending in ("svg", "png")}
    names = tables | figures | {"references.txt", "tree.nwk", "families.xlsx", "report.html"}
    assert {"written", "classes", "base", "errors"} <= set(outcome.document)
    assert {Path(path).name for path in outcome.document["written"]} == names == set(listed(tmp_path / "out"))
    assert [row["model"] for row in outcome.document["classes"]] == ["anna", "base", "bert", "carl", "stranger"]


def test_classify_leaves_the_base_out(small_family, tmp_path):
    arguments = (
        "--measure",
        "delta-cosine",
        "--base",
        "base",
        "--dpi",
        20,
        "--out",
        tmp_path,
        "--no-library",
        "--json",
    )
    document = run("classify", small_family, *arguments).document
    assert document["base"] == "base"
    assert [row["model"] for row in document["classes"]] == ["anna", "bert", "carl", "stranger"]
    for table in ("classes.csv", "features.csv", "distances.csv"):
        assert "base" not in (tmp_path / table).read_text("utf-8")
    assert sorted((tmp_path / "order.csv").read_text("utf-8").strip().split(",")) == ["1", "2", "3", "4"]


def test_each_architecture_has_its_own_tree(small_family, tmp_path):
    models = shutil.copytree(small_family, tmp_path / "models")
    for i in range(2):
        demo.save(models / f"sd2 {i}.safetensors", demo.draw(demo.sd2_shapes(4, 16, 1), seed=i))
    demo.save(models / "xl.safetensors", demo.draw(demo.sdxl_shapes(2, 8, (1, 1)), seed=1))
    outcome = run(
        "classify",
        models,
        "--measure",
        "cosine",
        "--classes",
        2,
        "--dpi",
        20,
        "--out",
        tmp_path / "out",
        "--no-library",
        "--json",
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert sorted(listed(tmp_path / "out")) == ["SD 1.x", "SD 2.x", "SDXL"]
    assert sorted(listed(tmp_path / "out" / "SDXL")) == ["classes.csv", "hashes.csv"]
    assert "linkage.csv" in listed(tmp_path / "out" / "SD 2.x")
    classes = {row["model"]: row["class"] for row in outcome.document["classes"]}
    assert classes["xl"] == 1
    assert len(classes) == 8


def test_more_classes_than_an_architecture_has_models(small_family, tmp_path):
    """A number of classes fits the large families; a small one beside them has as many as it has models."""
    models = shutil.copytree(small_family, tmp_path / "models")
    demo.save(models / "xl 1.safetensors", demo.draw(demo.sdxl_shapes(2, 8, (1, 1)), seed=1))
    demo.save(models / "xl 2.safetensors", demo.draw(demo.sdxl_shapes(2, 8, (1, 1)), seed=2))
    outcome = run(
        "classify",
        models,
        "--measure",
        "cosine",
        "--classes",
        4,
        "--dpi",
        20,
        "--out",
        tmp_path / "out",
        "--no-library",
        "--json",
    )
    assert (outcome.code, outcome.err) == (0, "")
    classes = {row["model"]: row["class"] for row in outcome.document["classes"]}
    assert (classes["xl 1"], classes["xl 2"]) == (1, 2)
    assert "cannot make this many classes" in refused(
        "classify", small_family, "--measure", "cosine", "--classes", 0, "--out", tmp_path
    )


# bad input


def test_one_bad_file_among_good_ones_is_an_entry(pair):
    (pair / "cut.safetensors").write_bytes((pair / "anna.safetensors").read_bytes()[:5000])
    outcome = run("compare", pair, "--no-library", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.document["models"] == ["anna", "base"]
    (error,) = outcome.document["errors"]
    assert error["path"] == str(pair / "cut.safetensors")
    assert "Fix:" in error["error"]
    rows = run("scan", pair, "--no-library", "--json").document["checkpoints"]
    assert [(row["name"], row["error"] is None) for row in rows] == [("anna", True), ("base", True), ("cut", False)]


def test_every_file_bad(tmp_path):
    for name in ("a.safetensors", "b.ckpt"):
        (tmp_path / name).write_text("<html>not found</html>")
    outcome = run("scan", tmp_path, "--no-library", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert all(row["error"] for row in outcome.document["checkpoints"])
    for command in (["compare"], ["compare", "--elements"], ["classify", "--out", tmp_path / "out"]):
        outcome = run(*command, tmp_path, "--no-library", "--json")
        assert outcome.code == 2
        assert len(outcome.document["errors"]) == 2
        assert "two readable models are needed, found 0" in one_line(outcome)
        assert run(*command, tmp_path, "--no-library").out == ""
    assert not (tmp_path / "out").exists()


def test_one_model_is_too_few(small_family, tmp_path):
    for command in (
        ["compare"],
        ["compare", "--elements"],
        ["classify", "--out", tmp_path],
        ["compare", "--measure", "asimilarity"],
    ):
        outcome = run(*command, small_family / "anna.safetensors", "--no-library", "--json")
        assert outcome.code == 2
        assert outcome.document["errors"] == []
        assert "found 1" in one_line(outcome)


def test_scan_of_a_folder_without_checkpoints(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    outcome = run("scan", tmp_path, "--no-library", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "this folder has no checkpoints" in outcome.document["checkpoints"][0]["error"]


@pytest.mark.parametrize(
    "name", ["absent", "a" * 300, "x" * 5000], ids=["absent", "longer than names may be", "longer than paths may be"]
)
def test_a_path_that_is_not_there(tmp_path, name):
    outcome = run("scan", tmp_path / name, "--no-library", "--json")
    assert outcome.code == 2
    assert "no such file or folder" in one_line(outcome)
    assert outcome.document["checkpoints"][0]["error"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_does_not_hang(pair):
    os.mkfifo(pair / "pipe.safetensors")
    outcome = run_process("compare", pair, "--no-library", "--json")
    assert outcome.code == 0
    assert "this is not a regular file" in outcome.document["errors"][0]["error"]


@pytest.mark.parametrize("measure", ["cosine", "asimilarity"])
@pytest.mark.parametrize("happens", ["vanishes", "shrinks"])
def test_a_file_that_changes_under_the_reading(pair, small_family, monkeypatch, happens, measure):
    """The rest goes on, with the numbers that it has without that file."""
    shutil.copy(small_family / "bert.safetensors", pair / "zzz.safetensors")
    from lib_modelsim.checkpoints.values import ValueReader

    read, left = ValueReader._read, [20]

    def reading(*arguments):
        left[0] -= 1
        if left[0] == 0 and happens == "vanishes":
            (pair / "zzz.safetensors").unlink()
        elif left[0] == 0:
            os.truncate(pair / "zzz.safetensors", 50_000)
        return read(*arguments)

    monkeypatch.setattr(ValueReader, "_read", reading)
    outcome = run("compare", pair, "--measure", measure, "--no-library", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.document["models"] == ["anna", "base"]
    assert [error["path"] for error in outcome.document["errors"]] == [str(pair / "zzz.safetensors")]
    monkeypatch.undo()
    alone = run(
        "compare", pair / "anna.safetensors", pair / "base.safetensors", "--measure", measure, "--no-library", "--json"
    ).document
    np.testing.assert_allclose(outcome.document["overall"], alone["overall"], atol=1e-6)


def test_long_and_unprintable_names_stay_on_one_line(tmp_path):
    key = "line\nbreak\x1b[31m" + "k" * 900
    (tmp_path / "a.safetensors").write_bytes(safetensors_file({key: entry(0, 5, [1])}, b"abcde"))
    outcome = run("compare", tmp_path, "--no-library")
    assert outcome.code == 2
    assert len(one_line(outcome)) < 600


# names


def test_names_tell_files_apart(pair):
    (pair / "inner").mkdir()
    shutil.copy(pair / "anna.safetensors", pair / "inner" / "anna.safetensors")
    shutil.copy(pair / "anna.safetensors", pair / "xl_1.0.safetensors")
    shutil.copy(pair / "base.safetensors", pair / "base.ckpt")
    names = [row["name"] for row in run("scan", pair, "--quick", "--no-library", "--json").document["checkpoints"]]
    assert names == [f"{pair.name}/anna", "base.ckpt", "base.safetensors", "xl_1.0", "inner/anna"]


def test_a_file_named_twice_is_one_model(pair, monkeypatch):
    monkeypatch.chdir(pair)
    rows = run(
        "scan",
        pair,
        "anna.safetensors",
        pair / ".." / pair.name / "anna.safetensors",
        "--quick",
        "--no-library",
        "--json",
    ).document["checkpoints"]
    assert [row["name"] for row in rows] == ["anna", "base"]


@pytest.mark.parametrize("said", ["base", "base.safetensors", "BASE", "bas"])
def test_a_base_by_name_ending_or_part(small_family, said):
    assert (
        run("compare", small_family, "--measure", "delta-cosine", "--base", said, "--no-library", "--json").document[
            "base"
        ]
        == "base"
    )


def test_a_base_by_hash_also_of_a_copy(small_family, pair, tmp_path):
    library = ("--library", tmp_path / "library.sqlite", "--json")
    shutil.copy(pair / "base.safetensors", pair / "copy of base.safetensors")
    rows = run("scan", pair, small_family / "bert.safetensors", *library).document["checkpoints"]
    (hash_of_base,) = {row["sha256"] for row in rows if "base" in row["name"]}
    for said in (hash_of_base, hash_of_base[:8], rows[1]["autov3"][:12].upper()):
        document = run(
            "compare", pair, small_family / "bert.safetensors", "--measure", "delta-cosine", "--base", said, *library
        ).document
        assert document["base"] == "base"


def test_bases_that_cannot_be(small_family):
    delta = ("compare", small_family, "--measure", "delta-cosine")
    assert "no model matches" in refused(*delta, "--base", "nobody")
    assert "models match 'a'" in refused(*delta, "--base", "a")
    assert "only be used with delta-cosine" in refused("compare", small_family, "--measure", "cosine", "--base", "base")
    assert "needs a base" in refused(
        "compare", small_family / "anna.safetensors", small_family / "base.safetensors", "--measure", "delta-cosine"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "MODELS", "--measure", "likeness"],
        ["compare", "MODELS", "--measure", "asimilarity", "--elements"],
        ["classify", "MODELS", "--linkage", "ward", "--out", "OUT"],
        ["classify", "MODELS", "--classes", "0", "--out", "OUT"],
        ["classify", "MODELS", "--classes", "many", "--out", "OUT"],
        ["classify", "MODELS"],
        ["classify", "--out", "OUT"],
        ["classify", "MODELS", "--features", "OUT", "--out", "OUT"],
        ["compare"],
        ["compare", "MODELS", "--what"],
        ["dream", "MODELS"],
        [],
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_one_line(small_family, tmp_path, arguments):
    files = {"MODELS": small_family / "anna.safetensors", "OUT": tmp_path}
    arguments = [files.get(argument, argument) for argument in arguments]
    if arguments[1:2] == [files["MODELS"]]:
        arguments.insert(2, small_family / "base.safetensors")
    outcome = run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    one_line(outcome)


def test_no_library_leaves_no_file(small_family, tmp_path):
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    assert run_process("compare", small_family, "--no-library", "--json", env=home).code == 0
    assert list(tmp_path.iterdir()) == []
    assert run_process("scan", small_family, "--quick", "--json", env=home).code == 0
    assert (tmp_path / "modelsim" / "library.sqlite").is_file()


def test_for_people_there_are_tables(small_family):
    two = run("compare", small_family / "anna.safetensors", small_family / "base.safetensors", "--no-library")
    assert two.code == 0
    assert "overall" in two.out
    assert "IN00" in two.out
    many = run("compare", small_family, "--no-library")
    assert all(name in many.out for name in ("anna", "base", "bert", "carl", "stranger"))


def test_a_reader_that_goes_away_is_no_error(small_family):
    command = [sys.executable, "-m", "lib_modelsim", "scan", str(small_family), "--quick", "--no-library", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(300) == 0


def test_umlauts_come_out_as_they_are(pair):
    outcome = run_process(
        "scan",
        pair,
        "--quick",
        "--no-library",
        "--json",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    )
    assert "Gärten" in outcome.out
    assert json.loads(outcome.out)["checkpoints"][0]["path"] == str(pair / "anna.safetensors")
