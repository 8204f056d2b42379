"""What is wrong with a folder that a person adds is said at once, in one sentence."""

from __future__ import annotations

import os
import shutil

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.workspace.catalogue.adding import folder_to_add


@pytest.mark.parametrize("typed", ["{}", "  {} ", '"{}"', "{}/", "{}/x/.."])
def test_a_path_as_it_is_pasted(small_family, typed):
    assert folder_to_add(typed.format(small_family), []) == small_family


def test_a_home_folder_may_be_short(small_family, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(small_family.parent))
    assert folder_to_add(f"~/{small_family.name}", []) == small_family


def test_checkpoints_may_lie_deeper_and_a_diffusers_folder_is_one(small_family, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    shutil.copy(small_family / "anna.safetensors", tmp_path / "a" / "b")
    assert folder_to_add(str(tmp_path), []) == tmp_path
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "model_index.json").write_text("{}")
    assert folder_to_add(str(tmp_path / "d"), []) == tmp_path / "d"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "no folder is named"),
        ("models/Stable-diffusion", "only a part of a path"),
        ("{tmp}/nowhere", "there is no such folder"),
        ("{tmp}/no\0where", "there is no such folder"),
        ("{tmp}/" + "x" * 5000, "there is no such folder"),
        ("{family}/anna.safetensors", "this is a file, not a folder"),
        ("{tmp}", "this folder has no checkpoints"),
        ("{family}", "among your folders already"),
    ],
)
def test_what_cannot_be_added_says_why_and_what_to_do(small_family, tmp_path, typed, told):
    with pytest.raises(ModelsimError, match=told) as error:
        folder_to_add(typed.format(tmp=tmp_path, family=small_family), [small_family])
    assert str(error.value).count("Fix: ") == 1


def test_a_folder_within_another_is_there_already_and_one_around_it_is_not(small_family, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copy(small_family / "anna.safetensors", inner)
    with pytest.raises(ModelsimError, match="already"):
        folder_to_add(str(inner), [tmp_path])
    assert folder_to_add(str(tmp_path), [inner]) == tmp_path


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs a folder that may not be read")
def test_a_folder_that_may_not_be_read(tmp_path):
    tmp_path.chmod(0)
    try:
        with pytest.raises(ModelsimError, match="cannot be opened"):
            folder_to_add(str(tmp_path), [])
    finally:
        tmp_path.chmod(0o700)
