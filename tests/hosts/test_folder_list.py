"""The folders of the page without a WebUI: what a person adds is kept, also where it is not there for a while."""

from __future__ import annotations

import json

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts import folder_list
from lib_modelsim.hosts.folder_list import FolderList


@pytest.fixture
def started(tmp_path):
    """Starts the page, again and again, with the folders given at this start."""

    def start(*given):
        demonstration = tmp_path / "demonstration"
        write = lambda: demonstration.mkdir(exist_ok=True)  # noqa: E731
        return FolderList([tmp_path / name for name in given], tmp_path / "data" / "f.json", demonstration, write)

    return start


def names(folders):
    return [path.name for path in folders.paths]


def test_without_folders_the_demonstration_is_shown_and_written(started, tmp_path):
    assert names(started()) == ["demonstration"]
    assert (tmp_path / "demonstration").is_dir()


def test_with_folders_it_is_not_even_written(started, tmp_path):
    assert names(started("a", "b")) == ["a", "b"]
    assert not (tmp_path / "demonstration").exists()


def test_the_first_folder_takes_the_place_of_the_demonstration(started, tmp_path):
    folders = started()
    folders.add(tmp_path / "mine")
    folders.add(tmp_path / "other")
    assert names(folders) == names(started()) == ["mine", "other"]
    assert names(started("a")) == ["a", "mine", "other"]


def test_the_demonstration_comes_back_beside_them_and_leaves_again(started, tmp_path):
    folders = started("a")
    folders.show_demonstration()
    assert names(started("a")) == ["a", "demonstration"]
    folders.add(tmp_path / "mine")
    assert names(folders) == ["a", "mine", "demonstration"]
    folders.remove(folders.demonstration)
    assert names(started("a")) == ["a", "mine"]


def test_without_the_last_folder_the_demonstration_is_shown_again(started, tmp_path):
    folders = started()
    folders.add(tmp_path / "mine")
    folders.remove(tmp_path / "mine")
    assert names(folders) == names(started()) == ["demonstration"]
    folders.add(tmp_path / "mine")
    assert names(folders) == ["mine"]


def test_a_folder_given_at_the_start_stays(started, tmp_path):
    folders = started("a")
    folders.remove(tmp_path / "a")
    assert names(folders) == ["a"]


@pytest.mark.parametrize("held", ["{", "[]", '{"folders": [5]}', '{"folders": 7}'])
def test_a_file_that_cannot_be_used_is_told_and_begun_anew(started, tmp_path, caplog, monkeypatch, held):
    monkeypatch.setattr(folder_list._log, "disabled", False)  # as import-linter leaves it, where it ran before
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f.json").write_text(held)
    assert names(started()) == ["demonstration"]
    assert "add them again" in caplog.text


def test_what_cannot_be_kept_changes_nothing(started, tmp_path):
    folders = started("a")
    (tmp_path / "data").write_text("a file where the data folder should be")
    with pytest.raises(ModelsimError, match="cannot write"):
        folders.add(tmp_path / "mine")
    assert names(folders) == ["a"]


def test_the_file_is_small_and_plain(started, tmp_path):
    started().add(tmp_path / "mine")
    held = json.loads((tmp_path / "data" / "f.json").read_text("utf-8"))
    assert held == {"folders": [str(tmp_path / "mine")], "demonstration": False}
