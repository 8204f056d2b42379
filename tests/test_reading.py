"""Wherever a person names a file: what is none answers at once, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lib_modelsim.reading import require_file

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")

COMMANDS = {
    "references": ("classify", "MODELS", "--references", "ODD", "--out", "OUT", "--no-library"),
    "features": ("classify", "--features", "ODD", "--out", "OUT"),
    "distances": ("classify", "--distances", "ODD", "--out", "OUT"),
    "picture": ("find", "ODD", "--gallery", "OUT"),
    "suite": ("suite", "import", "ODD"),
    "checkpoint": ("scan", "ODD"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_fifo_is_not_waited_for(small_family, tmp_path, what):
    odd = tmp_path / "odd.csv"
    os.mkfifo(odd)
    places = {"ODD": odd, "MODELS": small_family, "OUT": tmp_path / "out"}
    words = [str(places.get(word, word)) for word in COMMANDS[what]]
    command = [sys.executable, "-m", "lib_modelsim", *words, *(["--no-library"] if what == "checkpoint" else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    told = done.stdout + done.stderr
    assert "this is not a regular file" in told
    assert "Traceback" not in told


def test_what_a_shell_hands_over_is_taken(tmp_path):
    reads, writes = os.pipe()
    try:
        assert require_file(f"/dev/fd/{reads}")
    finally:
        os.close(reads)
        os.close(writes)
    with pytest.raises(IsADirectoryError):
        require_file(tmp_path)
