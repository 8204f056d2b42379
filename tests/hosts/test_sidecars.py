"""Pictures and notes beside a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_modelsim.hosts.sidecars import LARGEST, LONGEST, Sidecars


@pytest.fixture
def checkpoint(tmp_path):
    """Its name has a full stop of its own."""
    path = tmp_path / "xl_1.0.safetensors"
    path.touch()
    return path


def beside(checkpoint, ending, content=""):
    path = checkpoint.with_suffix(ending)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


class TestPreview:
    @pytest.mark.parametrize("ending", [".png", ".preview.png", ".jpg", ".jpeg", ".preview.webp", ".gif"])
    def test_is_found_where_the_webui_looks(self, checkpoint, ending):
        picture = beside(checkpoint, ending)
        assert Sidecars().preview(checkpoint) == picture

    def test_of_another_checkpoint_is_not(self, checkpoint):
        (checkpoint.parent / "xl_1.png").touch()
        (checkpoint.parent / "xl_1.0b.png").touch()
        assert Sidecars().preview(checkpoint) is None

    def test_of_several_is_always_the_same(self, checkpoint):
        pictures = [beside(checkpoint, ending) for ending in (".webp", ".preview.png", ".png")]
        assert Sidecars().preview(checkpoint) == pictures[-1]


class TestNotes:
    def test_are_what_a_person_wrote(self, checkpoint):
        beside(checkpoint, ".txt", "  Trained on seals.\n")
        beside(checkpoint, ".json", {"description": "Soft light", "notes": "Needs the VAE", "sd version": "SD1"})
        assert Sidecars().notes(checkpoint) == "Trained on seals.\nSoft light\nNeeds the VAE"

    def test_are_what_a_download_tool_stored(self, checkpoint):
        stored = {"name": "v2", "model": {"name": "Seals"}, "trainedWords": ["seal", "fur"], "baseModel": "SD 1.5"}
        beside(checkpoint, ".civitai.info", stored)
        assert Sidecars().notes(checkpoint) == "Seals v2\nBase model: SD 1.5\nTrained words: seal, fur"

    @pytest.mark.parametrize("content", ["[]", "null", "3", '{"model": [], "trainedWords": {"a": 1}, "notes": null}'])
    def test_that_are_arranged_otherwise_are_none(self, checkpoint, content):
        beside(checkpoint, ".json", content)
        beside(checkpoint, ".civitai.info", content)
        assert Sidecars().notes(checkpoint) == ""

    @pytest.mark.parametrize("content", ["", "{", "[" * 100_000])
    def test_in_a_broken_file_are_a_word_about_it_beside_the_others(self, checkpoint, content):
        beside(checkpoint, ".txt", "Trained on seals.")
        beside(checkpoint, ".json", content)
        assert Sidecars().notes(checkpoint) == "Trained on seals.\nxl_1.0.json is not valid JSON"

    def test_in_a_file_that_cannot_be_opened_are_a_word_about_it(self, checkpoint):
        (checkpoint.parent / "xl_1.0.txt").mkdir()
        assert Sidecars().notes(checkpoint).startswith("xl_1.0.txt cannot be read (")

    def test_of_no_valid_text_are_shown_as_far_as_they_go(self, checkpoint):
        checkpoint.with_suffix(".txt").write_bytes(b"caf\xe9")
        assert Sidecars().notes(checkpoint) == "caf\N{REPLACEMENT CHARACTER}"

    def test_are_not_endless(self, checkpoint):
        beside(checkpoint, ".txt", "seal " * LONGEST)
        beside(checkpoint, ".civitai.info", " " * (LARGEST + 1))
        notes = Sidecars().notes(checkpoint)
        assert len(notes) == LONGEST
        assert notes.endswith("…")

    def test_in_a_file_that_is_too_large_are_a_word_about_it(self, checkpoint):
        beside(checkpoint, ".civitai.info", " " * (LARGEST + 1))
        assert Sidecars().notes(checkpoint) == "xl_1.0.civitai.info is too large to read"

    def test_of_a_checkpoint_in_a_folder_that_is_gone_are_none(self):
        assert Sidecars().notes(Path("gone", "a.safetensors")) == ""
