"""A part of the campaign of benchmarks/kills.py: one kill inside a write of each kind."""

from __future__ import annotations

import sys

import pytest

from benchmarks.kills import KINDS, campaign


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_is_finished_survives_a_kill_inside_a_write(tmp_path):
    inside, _ = campaign(len(KINDS), 3, tmp_path)
    assert inside.total() == len(KINDS)
    assert any((tmp_path / kind / "finished").read_text() for kind in inside)
