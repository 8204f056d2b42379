"""The demonstration beside the page: what becomes of it where the disk refuses; its pictures."""

from __future__ import annotations

import os

import pytest

from lib_modelsim.cli import demonstration

from ..command import run, run_process

pytest.importorskip("gradio", reason="the page needs gradio")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and parents are POSIX's")

_SMALL = 4_000_000
"""Bytes of the largest file that can be written: less than one of the family's."""


def test_a_disk_that_is_full_is_one_line_and_leaves_nothing_behind(tmp_path):
    def fill():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, _SMALL))

    done = run_process("serve", "--no-library", "--no-browser", "--demo", tmp_path / "demonstration", preexec_fn=fill)
    told = [line for line in done.err.splitlines() if "writing the demonstration family" not in line]
    assert done.code == 2
    assert len(told) == 1, done.err
    assert "the demonstration cannot be written" in told[0]
    assert "Fix: make room for half a gigabyte" in told[0]
    assert list(tmp_path.iterdir()) == []


def test_the_pictures_come_with_the_family_and_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstration, "write_demo_family", lambda models, tell: None)  # half a gigabyte
    for _ in range(2):
        demonstration.write_demonstration(tmp_path / "models", tmp_path / "gallery")
    told = run("gallery", "--suite", "demonstration", tmp_path / "gallery", "--no-library", "--json")
    assert told.code == 0, told.err
    assert not list((tmp_path / "gallery").glob(".*.partial"))
    assert len(list((tmp_path / "gallery").rglob("*.png"))) == 96
