"""Which format one file has, told by its first bytes, and what its headers say."""

from __future__ import annotations

from pathlib import PurePath

from ..errors import CheckpointError
from . import pickle_file, safetensors_file
from .source import Source
from .stored import StoredTensor


def read_file_headers(source: Source) -> tuple[str, list[StoredTensor], dict[str, str]]:
    """Format, tensors and metadata of one file, told by its first bytes.

    Raises CheckpointError for what is no checkpoint, ReadError for what changes while its headers are read.
    """
    with source:
        try:
            found = _read(source)
        except CheckpointError:
            source.check()  # half of a file that is being written looks damaged
            raise
        source.check()
    return found


def _read(source: Source) -> tuple[str, list[StoredTensor], dict[str, str]]:
    start = bytearray(min(source.size, 512))
    source.read_into(0, memoryview(start))
    if not start:
        raise CheckpointError("the file is empty", source.name, "its download failed: fetch it again")
    if (
        start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= source.size - 8
    ):  # first: its length may look like any magic
        return ("safetensors", *safetensors_file.read_header(source))
    if start.startswith(b"GGUF"):
        raise CheckpointError("GGUF file: quantised, not comparable", source.name, "use the file it was made from")
    if start[257:262] == b"ustar":
        raise CheckpointError("tar archive, as PyTorch wrote before 2017", source.name, "save it as safetensors")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or pickle_file.looks_like_pickle(start):
        return ("pickle", *pickle_file.read_pickle(source))
    if start[8:9] == b"{" or PurePath(source.name).suffix.lower() == ".safetensors":
        return ("safetensors", *safetensors_file.read_header(source))
    what = "neither safetensors nor a PyTorch pickle"
    raise CheckpointError(what, source.name, "it is no checkpoint, or its download is a web page: fetch it again")
