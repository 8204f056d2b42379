"""The demonstration beside the page: what becomes of it where the disk refuses, and when the page ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ..command import ROOT, run_process

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


def test_what_runs_beside_a_process_ends_when_that_is_killed(small_family):
    command = [sys.executable, "-m", "lib_modelsim.cli.beside", "PID", "serve"]
    command += ["--no-browser", "--no-library", "--models", str(small_family)]
    start = f"import os, subprocess; subprocess.run([w if w != 'PID' else str(os.getpid()) for w in {command}])"
    parent = subprocess.Popen([sys.executable, "-c", start], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert "the page is at" in parent.stdout.readline()
    finally:
        parent.kill()
    parent.communicate(timeout=60)  # to the end of what both of them say
