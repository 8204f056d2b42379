"""Names of files come from strangers: what a terminal would obey does not reach it."""

from __future__ import annotations

import json
import os
import shutil
import zipfile

import pytest

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.catalogue.index import read_index
from tests.command import run
from tests.probes import tiny_networks
from tests.probes.fake_engine import drawable
from tests.workspace.finding import tinted

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")

HOSTILE = "=\x1b[31mred\u202egnp.\x07bell\nline\x9b2J\u2066l\u200br\u200f<b>"
SHOWN = r"=\x1b[31mred\u202egnp.\x07bell\nline\x9b2J\u2066l\u200br\u200f<b>"


@pytest.fixture(scope="module")
def folder(small_family, tmp_path_factory):
    """Three models and a broken file, two of them with such a name."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(small_family / "anna.safetensors", folder / f"{HOSTILE}.safetensors")
    shutil.copy(small_family / "bert.safetensors", folder)
    shutil.copy(small_family / "carl.safetensors", folder)
    (folder / f"{HOSTILE} cut.safetensors").write_bytes(b"nothing")
    return folder


def gallery(folder):
    for model in (HOSTILE, "bert", "carl"):
        (folder / "pictures" / model).mkdir(parents=True)
        for thing in ("cat", "dog", "car"):
            picture = tinted(drawable(model), Parameters(prompt=f"a {thing}"))
            picture.save(folder / "pictures" / model / f"{thing}.png")
    return folder / "pictures"


def obeyed(outcome):
    """The characters that a terminal would obey."""
    return {c for c in outcome.out + outcome.err if not c.isprintable() and c != "\n"}


@pytest.mark.parametrize(
    "command",
    [
        ("scan", "FOLDER"),
        ("compare", "FOLDER", "--measure", "asimilarity"),
        ("classify", "FOLDER", "--out", "OUT", "--dpi", "20"),
    ],
    ids=lambda command: command[0],
)
def test_checkpoints(command, folder, tmp_path):
    places = {"FOLDER": folder, "OUT": tmp_path / HOSTILE}
    check([places.get(word, word) for word in command])


def test_checkpoints_that_generate(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    tiny_networks.write(folder, HOSTILE, tiny_networks.sd1())
    (folder / f"{HOSTILE} cut.safetensors").write_bytes(b"nothing")
    check(["probe", "--suite", "cfg1-fast", "--models", folder, "--out", tmp_path / HOSTILE, "--dry-run"])


def test_every_file_that_is_written(folder, tmp_path):
    """Tables, figures, report: nothing that a terminal, a browser or a spreadsheet would obey."""
    run("classify", folder, "--out", tmp_path / "out", "--dpi", "20", "--no-library")
    written = {path.name: path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {"classes.csv", "report.html", "families.xlsx", "tree.nwk", "heatmap.svg"} <= written.keys()
    for name, path in written.items():
        if name.endswith(".png") or name == "references.txt":  # pixels; names that are read back
            continue
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(path) as book:
                texts = [book.read(part).decode() for part in book.namelist()]
        else:
            texts = [path.read_text("utf-8")]
        for text in texts:
            odd = {c for c in text if not c.isprintable() and c not in "\n\t"}
            assert odd == set(), name
            assert SHOWN not in text or not name.endswith(("html", "svg")), name
    assert f"'{SHOWN}" in written["classes.csv"].read_text("utf-8")
    assert SHOWN.replace("<b>", "&lt;b&gt;") in written["report.html"].read_text("utf-8")


def check(arguments):
    outcome = run(*arguments, "--no-library")
    assert (outcome.code, obeyed(outcome)) == (0, set())
    assert SHOWN in outcome.out
    assert f"{SHOWN} cut.safetensors" in outcome.out, "the broken one is told"
    document = run(*arguments, "--no-library", "--json")
    assert obeyed(document) == set()
    assert json.dumps(HOSTILE)[1:-1] in json.dumps(document.document), "JSON is read back unchanged"


def test_pictures(tmp_path):
    pictures, kept = gallery(tmp_path), tmp_path / HOSTILE
    imported = run("gallery", "import", pictures, "--gallery", kept)
    assert f"{SHOWN}: 3 imported" in imported.out
    query = tmp_path / f"{HOSTILE}.png"
    tinted(drawable(HOSTILE), Parameters(prompt="a ship")).save(query)
    cut = tmp_path / f"{HOSTILE} cut.png"
    cut.write_bytes(b"nothing")
    outcomes = [imported, run("gallery", kept, "--suite", "standard"), run("find", "--self-test", "--gallery", kept)]
    outcomes += [run("find", query, cut, "--gallery", kept, *more) for more in ((), ("--json",))]
    assert [obeyed(outcome) for outcome in outcomes] == [set()] * 5
    assert outcomes[-1].document["ranking"][0]["model"] == HOSTILE, "JSON is read back unchanged"


def test_an_argument_that_is_wrong():
    assert obeyed(run("scan", "--json", f"--{HOSTILE}")) == set()
    assert obeyed(run("scan", HOSTILE)) == set()


def test_the_name_itself_is_not_changed(folder):
    with Library(None) as library:
        assert HOSTILE in [model.name for model in read_index([folder], library, Job()).models]
