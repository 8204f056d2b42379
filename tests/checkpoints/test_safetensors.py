"""safetensors headers: what the format allows is read, what it forbids is refused in one line."""

import json
import struct

import pytest

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError

from .literal_files import entry, safetensors_file


@pytest.fixture
def opened(tmp_path):
    def open_bytes(raw, name="model.safetensors"):
        path = tmp_path / name
        path.write_bytes(raw)
        return open_checkpoint(path)

    return open_bytes


def test_tensors_come_in_file_order_with_their_bytes_and_metadata(opened):
    header = {"later": entry(4, 8, [2], "F16"), "__metadata__": {"title": "café"}, "sooner": entry(0, 4, [1, 2], "F16")}
    checkpoint = opened(safetensors_file(header, b"abcdefgh"))
    assert [tensor.key for tensor in checkpoint.tensors] == ["sooner", "later"]
    assert (checkpoint.read("sooner"), checkpoint.read("later")) == (b"abcd", b"efgh")
    assert checkpoint.metadata == {"title": "café"}
    assert checkpoint.format == "safetensors"


def test_scalars_empty_tensors_and_padding_are_fine(opened):
    header = json.dumps({"empty": entry(0, 0, [0, 5]), "scalar": entry(0, 4, [])}).encode() + b" " * 5
    checkpoint = opened(safetensors_file(header, b"abcd"))
    assert {key: stored.shape for key, stored in checkpoint.extras.items()} == {"empty": (0, 5), "scalar": ()}
    assert checkpoint.extras["empty"].raw() == b""


def test_only_floating_point_counts_as_weight(opened):
    header = {
        "a": entry(0, 8, [2]),
        "position_ids": entry(8, 16, [2]),
        "buffer": entry(16, 32, [2], "I64"),
        "alpha": entry(32, 36, [1]),
    }
    checkpoint = opened(safetensors_file(header, b"\0" * 36))
    assert len(checkpoint.tensors) == 4
    assert list(checkpoint.weights) == ["a"]
    assert list(checkpoint.extras) == ["position_ids", "buffer", "alpha"]


GOOD = {"a": entry(0, 4, [1])}

REFUSED = {
    "empty file": (b"", "empty"),
    "seven bytes": (b"\1\0\0\0\0\0\0", "too short"),
    "header of 10 GB": (safetensors_file(GOOD, b"abcd", length=10_000_000_000), "header is longer"),
    "header of 2^64 - 1": (safetensors_file(GOOD, b"abcd", length=(1 << 64) - 1), "header is longer"),
    "header longer than the file": (safetensors_file(GOOD, length=200), "header is longer"),
    "no JSON": (safetensors_file(b"{nothing"), "not valid JSON"),
    "no object": (safetensors_file(b"[1, 2]"), "not a JSON object"),
    "bad UTF-8": (safetensors_file(b'{"\xff": 1}'), "not valid JSON"),
    "half of a UTF-16 pair": (safetensors_file(b'{"\\ud800": 1}'), "not valid JSON"),
    "NaN": (safetensors_file(b'{"a": NaN}'), "not valid JSON"),
    "a number of 10,000 digits": (safetensors_file(b'{"a": %s}' % (b"9" * 10_000)), "not valid JSON"),
    "100,000 open brackets": (safetensors_file(b'{"a": ' + b"[" * 100_000), "not valid JSON"),
    "3,000,000 commas": (safetensors_file(b'{"a": [' + b"1," * 3_000_000), "too many entries"),
    "20 MB of rare letters": (
        safetensors_file(b'{"__metadata__": {"a": "\\u2603%b"}}' % (b"a" * 20_000_000)),
        "not ASCII",
    ),
    "duplicate key": (safetensors_file(b'{"a": 1, "a": 1}'), "twice"),
    "key of 2,000 letters": (safetensors_file({"k" * 2000: entry(0, 4, [1])}, b"abcd"), "too long"),
    "metadata that is no text": (safetensors_file({"__metadata__": {"a": 1}, **GOOD}, b"abcd"), "metadata"),
    "metadata that is a list": (safetensors_file({"__metadata__": ["a"], **GOOD}, b"abcd"), "metadata"),
    "entry that is no object": (safetensors_file({"a": 4}, b"abcd"), "has no dtype"),
    "entry without offsets": (safetensors_file({"a": {"dtype": "F32", "shape": [1]}}, b"abcd"), "has no dtype"),
    "unknown dtype": (safetensors_file({"a": entry(0, 4, [1], "F7")}, b"abcd"), "unknown dtype"),
    "dtype that is a list": (safetensors_file({"a": entry(0, 4, [1], ["F32"])}, b"abcd"), "unknown dtype"),
    "negative shape": (safetensors_file({"a": entry(0, 4, [-1, -1])}, b"abcd"), "shape"),
    "shape with true in it": (safetensors_file({"a": entry(0, 4, [True])}, b"abcd"), "shape"),
    "shape with a fraction": (safetensors_file({"a": entry(0, 4, [1.0])}, b"abcd"), "shape"),
    "shape beyond 63 bits": (safetensors_file({"a": entry(0, 0, [0, 1 << 40, 1 << 40])}), "shape"),
    "shape of 33 axes": (safetensors_file({"a": entry(0, 4, [1] * 33)}, b"abcd"), "shape"),
    "shape that does not fit": (safetensors_file({"a": entry(0, 4, [2])}, b"abcd"), "does not match"),
    "offsets turned round": (safetensors_file({"a": entry(4, 0, [1])}, b"abcd"), "offsets"),
    "negative offset": (safetensors_file({"a": entry(-4, 0, [1])}, b"abcd"), "offsets"),
    "three offsets": (
        safetensors_file({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2, 4]}}, b"abcd"),
        "offsets",
    ),
    "hole at the start": (safetensors_file({"a": entry(4, 8, [1])}, b"\0" * 8), "gap or an overlap"),
    "hole": (safetensors_file({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, b"\0" * 12), "gap or an overlap"),
    "overlap": (safetensors_file({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, b"\0" * 12), "gap or an overlap"),
    "the same bytes twice": (
        safetensors_file({"a": entry(0, 4, [1]), "b": entry(0, 4, [1])}, b"abcd"),
        "gap or an overlap",
    ),
    "data cut short": (safetensors_file(GOOD, b"abc"), "ends before its last tensor"),
    "no tensors": (safetensors_file({"__metadata__": {}}), "no tensors"),
    "text": (b"Entry not found", "a text, not a checkpoint; it begins with: Entry not found"),
    "GGUF of tomorrow": (b"GGUF\7\0\0\0" + b"\0" * 40, "this version of GGUF is not known: 7"),
    "GGUF of old": (b"GGUF\1\0\0\0" + b"\0" * 40, "this version of GGUF is not known: 1"),
    "GGUF cut short": (b"GGUF\3\0\0\0" + b"\1" + b"\0" * 15 + b"\x05" + b"\0" * 9, "longer than the file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(opened, case):
    raw, words = REFUSED[case]
    with pytest.raises(CheckpointError, match=words) as caught:
        opened(raw)
    assert len(str(caught.value).splitlines()) == 1
    assert "Fix: " in str(caught.value)


def test_a_hostile_key_stays_on_one_line(opened):
    with pytest.raises(CheckpointError) as caught:
        opened(safetensors_file({"a\nb\x1b[31m": entry(0, 4, [2])}, b"abcd"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("more", [1, 8, 1000])
def test_bytes_after_the_last_tensor_are_a_remark(opened, more):
    checkpoint = opened(safetensors_file(GOOD, b"abcd" + b"\0" * more))
    (remark,) = checkpoint.remarks
    assert remark == f"{more:,} byte{'s' * (more > 1)} after the last tensor, not part of the weights"
    assert bytes(checkpoint.tensors[0].raw()) == b"abcd"
    assert opened(safetensors_file(GOOD, b"abcd")).remarks == ()


def test_the_format_is_told_by_the_bytes_not_by_the_ending(opened):
    assert opened(safetensors_file(GOOD, b"abcd"), "model.ckpt").format == "safetensors"


def test_a_file_that_shrinks_after_its_header_was_read(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_file({"a": entry(0, 8, [2])}, b"\0" * 8))
    checkpoint = open_checkpoint(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4)
    with pytest.raises(CheckpointError, match="the checkpoint changed while it was being read"):
        checkpoint.read("a")
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot open"):
        checkpoint.read("a")


def test_the_longest_header_that_the_format_allows(tmp_path):
    path = tmp_path / "model.safetensors"
    header = json.dumps(GOOD).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100_000_001) + header)
        file.truncate(8 + 100_000_001 + 4)
    with pytest.raises(CheckpointError, match="header is longer"):
        open_checkpoint(path)
