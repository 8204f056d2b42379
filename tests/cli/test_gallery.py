"""`gallery import` of folders that do not look like models, and `gallery undo`."""

from __future__ import annotations

import io
import sys

import pytest

from tests.command import run
from tests.probes.galleries import fill, noise_of, small_suite


@pytest.fixture
def dates(tmp_path):
    """A folder one level too high: its sub-folders are days."""
    folder = tmp_path / "outputs"
    for name in ("2023-05-01/1.png", "2023-05-01/2.png", "2023-05-02/1.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise_of(name, (32, 32)).save(folder / name)
    return folder


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Imports a folder on a terminal on which a person answers."""
    from lib_modelsim.cli.main import main

    def answered(answer: str, *arguments: object) -> tuple[int, str]:
        asked = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stderr", asked)
        code = main([str(argument) for argument in arguments])
        return code, asked.getvalue()

    return answered


def test_without_a_terminal_it_is_refused_with_what_would_happen_and_the_option(dates, tmp_path):
    refused = run("gallery", "import", dates, "--gallery", tmp_path / "g", "--no-library")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "2023-05-01 and 2023-05-02 do not look like a model's name" in refused.err
    assert "3 pictures under 2 model names: 2023-05-01 (2) and 2023-05-02 (1)" in refused.err
    assert "--yes" in refused.err
    assert not (tmp_path / "g").exists()


def test_who_says_yes_imports_and_undoes_it(dates, tmp_path):
    where = ("--gallery", tmp_path / "g", "--no-library")
    done = run("gallery", "import", dates, "--yes", *where)
    assert done.code == 0
    assert "3 pictures of 2 models imported into" in done.out
    told = run("gallery", tmp_path / "g", "--no-library").out.splitlines()
    assert told[0].startswith("In the gallery: 3 pictures, ")
    assert told[1].startswith("  2023-05-01: 2 pictures (2 imported), ")
    assert run("gallery", "undo", *where, "--json").document["removed"] == {"2023-05-01": 2, "2023-05-02": 1}
    assert len(list(dates.rglob("*.png"))) == 3
    assert list((tmp_path / "g").rglob("*.png")) == []
    again = run("gallery", "undo", *where)
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert run("gallery", "undo", "--gallery", tmp_path / "none", "--no-library").code == 2


def test_undo_takes_the_gallery_by_its_option_alone(tmp_path):
    done = run("gallery", "undo", tmp_path, "--no-library")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "undo takes no folder" in done.err
    assert "--gallery" in done.err


@pytest.mark.parametrize(("answer", "imported"), [("y\n", 3), ("\n", 0), ("n\n", 0), ("", 0)])
def test_on_a_terminal_it_asks(dates, tmp_path, terminal, answer, imported):
    code, asked = terminal(answer, "gallery", "import", dates, "--gallery", tmp_path / "g", "--no-library")
    assert code == 0
    assert "This would import 3 pictures under 2 model names: 2023-05-01 (2) and 2023-05-02 (1) (" in asked
    assert "[y/N]" in asked
    assert len(list((tmp_path / "g").rglob("*.png"))) == imported


def test_folders_named_after_models_are_imported_without_a_question(dates, tmp_path):
    (dates / "2023-05-01").rename(dates / "anna")
    (dates / "2023-05-02").rename(dates / "bert")
    done = run("gallery", "import", dates, "--gallery", tmp_path / "g", "--no-library")
    assert (done.code, done.err) == (0, "")


def test_a_sub_folder_with_another_name_is_imported_as_the_model_that_it_is_said_to_hold(dates, tmp_path):
    where = ("--gallery", tmp_path / "g", "--no-library")
    named = ("--as", "2023-05-01=anna", "--as", "2023-05-02=")
    done = run("gallery", "import", dates, *named, *where, "--json")
    assert (done.code, done.document["pictures"], done.document["doubts"]) == (0, {"anna": 2}, [])
    for wrong, words in (("2023", "write --as SUB-FOLDER=MODEL"), ("2022=anna", "no such sub-folder")):
        refused = run("gallery", "import", dates, "--as", wrong, *where)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert words in refused.err


# suites


@pytest.fixture
def drawn(tmp_path):
    """A gallery that has pictures of the suite “pets”, which is nowhere else."""
    fill(tmp_path / "drawn", small_suite(), ["anna", "bert", "carl"])
    return tmp_path / "drawn"


@pytest.mark.parametrize(
    "command",
    [
        ["find", "picture.png", "--gallery", "drawn"],
        ["find", "--self-test", "--gallery", "drawn"],
        ["gallery", "drawn"],
        ["gallery", "undo", "--gallery", "drawn"],
        ["grid", "drawn"],
        ["probe", "--models", "drawn", "--out", "drawn", "--dry-run"],
        ["compare", "--measure", "pictures", "--gallery", "drawn"],
        ["compare", "drawn"],
        ["classify", "--measure", "pictures", "--gallery", "drawn", "--out", "out"],
        ["classify", "drawn", "--out", "out"],
    ],
    ids=" ".join,
)
def test_a_suite_that_nobody_knows_is_one_line_with_the_nearest_name(drawn, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    noise_of("asked", (64, 64)).save("picture.png")
    refused = run(*command, "--suite", "standart", "--no-library")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "there is no such suite: standart. Fix: did you mean standard?" in refused.err
    assert "cfg1-fast" in refused.err


def test_a_suite_of_which_only_the_gallery_has_pictures_is_known_to_find(drawn, tmp_path):
    noise_of("asked", (64, 64)).save(tmp_path / "picture.png")
    where = (tmp_path / "picture.png", "--gallery", drawn, "--no-library", "--suite")
    assert run("find", *where, "pets").code == 0
    refused = run("find", *where, "Pet")
    assert refused.code == 2
    assert "did you mean pets?" in refused.err
