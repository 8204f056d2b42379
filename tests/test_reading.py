"""Wherever a person names a file: what is none answers at once, in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lib_modelsim.reading import require_file

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")

COMMANDS = {
    "references": ("classify", "--distances", "TABLE", "--references", "ODD", "--out", "OUT"),
    "features": ("classify", "--features", "ODD", "--out", "OUT"),
    "distances": ("classify", "--distances", "ODD", "--out", "OUT"),
    "picture": ("find", "ODD", "--gallery", "OUT"),
    "suite": ("suite", "import", "ODD"),
    "checkpoint": ("scan", "ODD"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_fifo_is_not_waited_for(tmp_path, what):
    odd, table = tmp_path / "odd.csv", tmp_path / "table.csv"
    os.mkfifo(odd)
    table.write_text("model,a,b,c\na,0,1,2\nb,1,0,3\nc,2,3,0\n")
    places = {"ODD": odd, "TABLE": table, "OUT": tmp_path / "out"}
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
