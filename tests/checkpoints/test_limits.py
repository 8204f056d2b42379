"""What a file may cost: time, memory, reading. What the system has not got is one line."""

from __future__ import annotations

import json
import os
import struct
import time
import tracemalloc

import numpy as np
import pytest

from lib_modelsim.checkpoints import hashing
from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.header import LARGEST_METADATA, Header, header_of
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError, no_memory
from tests.command import run

from .literal_files import FOUR, MATRIX, dict_of, entry, pickled, safetensors_file, text, zip_file

NAMES = 20_000
LETTERS = {"plain": "v", "snowmen": "\N{SNOWMAN}", "emoji": "\N{GRINNING FACE}"}


@pytest.mark.parametrize("letters", LETTERS)
def test_one_long_text_under_many_names_takes_little_memory_to_the_end(tmp_path, letters):
    """0.3 to 0.7 MB of file; its metadata were 90,000 letters under each of 1,000 names."""
    path = tmp_path / "model.ckpt"
    many = b"".join(text(str(i)) + b"h\x02" for i in range(NAMES))
    pickle = pickled(b"}(" + text("a") + MATRIX + text("b") + text(LETTERS[letters] * 90_000) + b"q\x02" + many + b"u")
    path.write_bytes(zip_file(pickle, {"0": FOUR}))
    assert path.stat().st_size < 1e6
    tracemalloc.start()
    try:
        outcome = run("scan", path, "--no-library", "--json")
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()
    assert outcome.code == 0
    assert len(outcome.out) < 20e6


def test_metadata_beyond_all_use_are_left_out_and_that_is_said(opened):
    header = {"__metadata__": {"title": "anna", "noise": "x" * (LARGEST_METADATA + 1)}, "a": entry(0, 8, [2])}
    found = header_of(opened(safetensors_file(header, b"\0" * 8)))
    assert found.metadata == {"title": "anna"}
    assert found.remarks == ("1 text of its metadata left out: more than 8 MB",)
    assert Header.from_json(found.to_json(), found.layout) == found


@pytest.mark.parametrize("form", ["safetensors", "pickle"])
def test_more_tensors_than_any_network_has(opened, form):
    if form == "safetensors":
        raw = safetensors_file({f"t{i}.weight": entry(0, 0, [0]) for i in range(110_000)})
    else:
        tensor = b"h\x01"
        many = b"".join(text(f"t{i}") + tensor for i in range(110_000))
        raw = zip_file(pickled(MATRIX + b"q\x01}(" + many + b"u"), {"0": FOUR})
    before = time.process_time()
    with pytest.raises(CheckpointError, match="too many tensors: more than 50,000"):
        opened(raw)
    assert time.process_time() - before < 2


def test_a_storage_tied_50_000_times_is_hashed_once(opened, monkeypatch):
    numbers = np.arange(1000, dtype="<f4").tobytes()
    from .literal_files import storage, tensor

    one = tensor(storage("0", 1000), (1000,), (1,))
    many = b"".join(text(f"w{i}.weight") + b"h\x01" for i in range(49_999))
    checkpoint = opened(zip_file(pickled(one + b"q\x01}(" + many + b"u"), {"0": numbers}))
    assert len(checkpoint.weights) == 49_999
    count, digest = [0], hashing.piece_digests

    def counting(*arguments):
        count[0] += 1
        return digest(*arguments)

    monkeypatch.setattr(hashing, "piece_digests", counting)
    found = identify(checkpoint)
    assert count == [1]
    assert set(found.content) == {"unet"}


def test_tied_weights_have_the_hash_of_the_same_ones_apart(opened):
    from .literal_files import storage, tensor

    numbers = np.arange(6, dtype="<f4").tobytes()
    whole, turned = tensor(storage("0", 6), (2, 3), (3, 1)), tensor(storage("0", 6), (3, 2), (1, 3))
    apart = tensor(storage("1", 6), (2, 3), (3, 1))
    tied = identify(
        opened(zip_file(pickled(dict_of({"a.weight": whole, "b.weight": whole, "c.weight": turned})), {"0": numbers}))
    )
    untied = identify(
        opened(
            zip_file(
                pickled(dict_of({"a.weight": whole, "b.weight": apart, "c.weight": turned})),
                {"0": numbers, "1": numbers},
            )
        )
    )
    assert tied.content == untied.content


def refusals():
    for ask in (lambda: np.empty(1 << 58), lambda: bytearray(1 << 62), lambda: "x" * (1 << 62)):
        try:
            ask()
        except MemoryError as error:
            yield error
    torch = pytest.importorskip("torch")
    try:
        torch.empty(1 << 58)
    except RuntimeError as error:
        yield error


def test_the_words_of_numpy_python_and_torch_are_understood():
    found = list(refusals())
    assert len(found) == 4
    assert all(no_memory(error) for error in found)
    assert no_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None
    assert no_memory(ValueError("out of memory")) is None


@pytest.mark.parametrize("which", [0, 3], ids=["numpy", "torch"])
@pytest.mark.parametrize("command", ["scan", "compare", "classify"])
def test_no_memory_is_one_line(small_family, tmp_path, monkeypatch, command, which):
    """In the main thread and in those that read ahead."""
    error = list(refusals())[which]

    def refusing(*_, **__):
        raise error

    monkeypatch.setattr("lib_modelsim.workspace.workspace.scan", refusing)
    monkeypatch.setattr("lib_modelsim.checkpoints.values.ValueReader._read", refusing)
    more = ["--out", tmp_path / "out"] if command == "classify" else []
    outcome = run(command, small_family, "--no-library", *more)
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert line.startswith("modelsim: there is not enough memory for this. Fix: ")


def test_a_file_too_large_to_hash_is_a_row_and_the_others_go_on(small_family, monkeypatch):
    digests, many = hashing._digests, []

    def refusing(raw, dtype):
        many.append(raw)
        if len(many) == 1:
            raise MemoryError
        return digests(raw, dtype)

    monkeypatch.setattr(hashing, "_digests", refusing)
    document = run("scan", small_family, "--no-library", "--json").document
    errors = [row["error"] for row in document["checkpoints"] if row["error"]]
    assert len(errors) == 1
    assert errors[0].startswith("not enough memory to hash it")
    assert len(document["checkpoints"]) == 5


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="no sparse files here")
def test_a_folder_of_shards_beyond_all_number_costs_nothing(tmp_path):
    from lib_modelsim.workspace.catalogue.places import find_files

    for n in range(1, 300):
        (tmp_path / f"m-{n:05}-of-99999.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
    before = time.process_time()
    assert len(find_files([tmp_path])[0]) == 299
    assert time.process_time() - before < 1
    index = {"weight_map": {str(i): f"{i}.safetensors" for i in range(2000)}}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="too many shards"):
        open_checkpoint(tmp_path / "m.safetensors.index.json")


def test_a_gguf_header_that_announces_too_many_tensors_is_one_line_at_once(tmp_path):
    path = tmp_path / "many.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 50_001, 0))
    with pytest.raises(CheckpointError, match="too many tensors: more than 50,000"):
        open_checkpoint(path)
