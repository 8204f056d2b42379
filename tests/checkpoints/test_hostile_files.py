"""2,400 damaged checkpoints: each is opened or refused in one line, quickly, and nothing else happens."""

import contextlib
import json
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError

from .literal_files import FOUR, MATRIX, dict_of, pickled, safetensors_file, text, zip_file
from .mutations import ORIGINALS, mutated

FILES, SEED = 2400, 20260101
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """What became of every file, as `open_under_watch` prints it, and the folder that it ran in."""
    folder = tmp_path_factory.mktemp("campaign")
    for name in ("good", "damaged", "empty"):
        (folder / name).mkdir()
    for name, raw in ORIGINALS.items():
        (folder / "good" / name).write_bytes(raw)
    for name, raw in mutated(FILES, SEED):
        (folder / "damaged" / name).write_bytes(raw)
    before = {path.name: path.read_bytes() for path in (folder / "damaged").iterdir()}

    watch = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); sys.argv[1:] = sys.argv[2:]; "
        "runpy.run_module('tests.checkpoints.open_under_watch', run_name='__main__')"
    )
    command = [sys.executable, "-B", "-c", watch, str(REPOSITORY), str(folder / "good"), str(folder / "damaged")]
    started = time.perf_counter()
    process = subprocess.run(command, cwd=folder / "empty", capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    report = json.loads(process.stdout) | {"wall": time.perf_counter() - started, "folder": folder}
    assert {path.name: path.read_bytes() for path in (folder / "damaged").iterdir()} == before
    return report


def test_the_originals_are_good(campaign):
    for path in (campaign["folder"] / "good").iterdir():
        checkpoint = open_checkpoint(path)
        assert len(checkpoint.weights) >= 3
        assert len(checkpoint.tensors) == len(checkpoint.weights) + 1  # position_ids


def test_every_file_is_opened_or_refused_in_one_line(campaign, capsys):
    results = campaign["results"]
    assert len(results) == FILES >= 2000
    assert [result for result in results if not result["expected"]] == []
    refusals = [result["error"] for result in results if result["error"] is not None]
    assert all(line.isprintable() and "Fix: " in line for line in refusals)
    # a campaign that refuses all, or nothing, would prove little
    opened = Counter(result["name"].split("-")[1] for result in results if result["error"] is None)
    assert all(
        opened[way] > 10 for way in ("flip", "overwrite", "rewritten_zip", "rewritten_stream", "rewritten_header")
    )
    slowest, hungriest = (max(results, key=lambda result: result[what]) for what in ("seconds", "peak"))
    with capsys.disabled():
        print(
            f"\n{FILES} damaged files in {campaign['wall']:.1f} s: "
            f"{len(refusals)} refused, {FILES - len(refusals)} opened; "
            f"slowest {slowest['seconds'] * 1000:.0f} ms ({slowest['name']}), "
            f"most memory {hungriest['peak'] / 1e6:.1f} MB ({hungriest['name']})"
        )


def test_none_takes_a_second_or_500_megabytes(campaign):
    assert [result for result in campaign["results"] if result["seconds"] >= 1 or result["peak"] >= 500e6] == []


def test_nothing_is_imported_written_started_or_compiled(campaign):
    assert campaign["events"] == []
    assert campaign["modules"] == []
    assert list((campaign["folder"] / "empty").iterdir()) == []


def test_the_watch_would_have_seen_it(tmp_path):
    script = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tests.checkpoints.open_under_watch import is_harmless
seen = []
sys.addaudithook(lambda event, arguments: is_harmless(event, arguments) or seen.append(event))
open("written.txt", "w").close()
os.system("exit 0")
import colorsys
eval("1")
print(*seen)
"""
    command = [sys.executable, "-B", "-c", script, str(REPOSITORY)]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert {"open", "os.system", "import", "exec", "compile"} <= set(process.stdout.split()), process.stderr


def test_what_opened_has_values(campaign):
    """Every weight of the files that opened becomes a tensor of its shape; no shape or stride confuses torch."""
    pytest.importorskip("torch")
    from lib_modelsim.checkpoints.values import ValueReader

    values, read = ValueReader(), 0
    for result in campaign["results"]:
        if result["error"] is None:
            checkpoint = open_checkpoint(campaign["folder"] / "damaged" / result["name"])
            for weight in checkpoint.weights.values():
                assert values.matrix(weight).shape == weight.shape
                read += 1
    assert read > 500


@pytest.mark.parametrize("name", ORIGINALS)
def test_every_way_to_cut_a_file_short(tmp_path, name):
    """No prefix of a checkpoint passes for one."""
    path, raw = tmp_path / name, ORIGINALS[name]
    for length in range(0, len(raw), 7):
        path.write_bytes(raw[:length])
        with pytest.raises(CheckpointError):
            open_checkpoint(path)


LONG_RARE_TEXT = text("a" * 16_000_000 + "\N{GRINNING FACE}")  # four bytes a letter in memory
BOMBS = {
    "as many dicts as are read": pickled(b"}\x94" * 490_000),
    "text that takes four times its length": pickled(dict_of({"a": MATRIX, "b": LONG_RARE_TEXT, "c": LONG_RARE_TEXT})),
    "one long text under 20,000 names": pickled(
        b"}("
        + text("b")
        + text("v" * 90_000)
        + b"q\x02"
        + b"".join(text(str(i)) + b"h\x02" for i in range(20_000))
        + b"u"
    ),
    "a class's name joined from two long texts": pickled(text("a" * 8_000_000) + b"q\x01" + b"h\x01h\x01\x93" * 1000),
    "a header of 50 MB": b'{"__metadata__":{"a":"' + b"x" * 50_000_000 + b'"}}',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_small_file_takes_much_memory(tmp_path, bomb):
    raw, path = BOMBS[bomb], tmp_path / "bomb.ckpt"
    path.write_bytes(safetensors_file(raw) if raw[:1] == b"{" else zip_file(raw, {"0": FOUR}))
    tracemalloc.start()
    try:
        with contextlib.suppress(CheckpointError):
            open_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 500e6
    finally:
        tracemalloc.stop()
