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
    shutil.copy(small_family / "base.safetensors", folder)
    shutil.copy(small_family / "anna.safetensors", folder / f"{HOSTILE} copy.safetensors")
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
    [("scan", "FOLDER"), ("compare", "FOLDER", "--measure", "asimilarity")],
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


WALK = {
    "scan --quick": ("scan", "MODELS", "--quick"),
    "compare two": (*("compare", "EVIL", "BERT", "--elements", "--blocks", "fine"), "--histogram", "OUT/h.svg"),
    "compare": ("compare", "MODELS", "--measure", "relative-l2", "--base", "base", "--profile", "OUT/p.svg"),
    "classify": ("classify", "MODELS", "--out", "OUT", "--dpi", "20", "--name", "1=HOSTILE"),
    "classify features": ("classify", "--features", "FEATURES", "--out", "OUT", "--dpi", "20"),
    "recipe": ("recipe", "EVIL", "MODELS", "--base", "base", "--write-script", "OUT"),
    "recipe --all": ("recipe", "--all", "MODELS"),
    "lineage": ("lineage", "MODELS", "--out", "OUT"),
    "baked": ("baked", "EVIL", "MODELS"),
    "copies": ("duplicates", "--checkpoints", "MODELS", "--out", "OUT/copies.txt"),
    "copies as a table": ("duplicates", "--checkpoints", "MODELS", "--out", "OUT/copies.csv"),
    "no such model": ("compare", "MODELS", "--base", "HOSTILE nobody"),
    "import": ("gallery", "import", "PICTURES", "--gallery", "OUT/HOSTILE"),
    "curate": ("curate", "PICTURES", "--best", "2"),
    "duplicates": ("duplicates", "PICTURES", "--captions"),
    "duplicates --against": ("duplicates", "PICTURES", "--against", "PICTURES", "--verbatim"),
    "suite": ("suite", "show", "HOSTILE"),
    "grid": ("grid", "PICTURES/HOSTILE"),
    "probe": ("probe", "--suite", "cfg1-fast", "--models", "MODELS", "--out", "OUT/HOSTILE", "--dry-run"),
}
"""Every command, most of its ways to write files, and some ways to go wrong."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    found = gallery(tmp_path_factory.mktemp("hostile pictures"))
    for name in ("cat", "dog"):
        shutil.copy(found / HOSTILE / f"{name}.png", found / HOSTILE / f"{HOSTILE} {name}.png")
    (found / HOSTILE / f"{HOSTILE} cat.txt").write_text(f"a cat, {HOSTILE}", "utf-8")
    (found / HOSTILE / f"{HOSTILE} cut.png").write_bytes(b"nothing")
    return found


@pytest.mark.parametrize("way", WALK)
def test_every_command_and_every_file_it_writes(way, folder, pictures, tmp_path):
    features = tmp_path / "features.csv"
    features.write_text(f'model,x,y,z\n"{HOSTILE}",1,2,3\n"=2+5",1,3,2\n"-1+1",3,1,2\n"\t@x",3,2,1\n', "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    places = {
        "MODELS": folder, "EVIL": folder / f"{HOSTILE}.safetensors", "BERT": folder / "bert.safetensors",
        "PICTURES": pictures, "FEATURES": features, "OUT": out, "HOSTILE": HOSTILE,
    }
    arguments = [_placed(word, places) for word in WALK[way]]
    outcome = run(*arguments, "--library", tmp_path / "library.sqlite", figures=True)
    assert outcome.out or outcome.err
    assert obeyed(outcome) == set()
    for path in out.rglob("*"):
        if path.suffix in (".csv", ".html", ".svg", ".txt", ".nwk", ".mmd", ".graphml", ".xlsx", ".py"):
            for text in _texts(path):
                assert {c for c in text if not c.isprintable() and c not in "\n\t"} == set(), path.name
                if path.suffix in (".html", ".svg"):
                    assert SHOWN not in text, path.name
    if way == "classify":
        assert f"'{SHOWN}" in (out / "classes.csv").read_text("utf-8")
        assert SHOWN.replace("<b>", "&lt;b&gt;") in (out / "report.html").read_text("utf-8")


def _placed(word, places):
    for name, place in places.items():
        word = word.replace(name, str(place))
    return word


def _texts(path):
    if path.suffix != ".xlsx":
        return [path.read_text("utf-8")]
    with zipfile.ZipFile(path) as book:
        return [book.read(part).decode() for part in book.namelist()]


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
