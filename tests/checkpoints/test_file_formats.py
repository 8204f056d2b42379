"""The format is told by the first bytes, also where the length of a safetensors header looks like another's magic."""

import pytest

from lib_modelsim.checkpoints.reader import open_checkpoint

from .literal_files import entry, safetensors_file


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580, 0x04034B50], ids=hex)
def test_a_header_length_that_reads_as_a_pickles_or_archives_start(tmp_path, length):
    """One in 2,000 real files has such a length: 0x…0280 are the first two bytes of a pickle of protocol 2."""
    raw = safetensors_file({"a": entry(0, 4, [1])})[8:]
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_file(raw.ljust(length), b"abcd"))
    assert open_checkpoint(path).format == "safetensors"
