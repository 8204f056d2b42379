"""Which format one file has, told by its first bytes, and what its headers say."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from ..errors import CheckpointError
from . import gguf_file, pickle_file, safetensors_file
from .mistaken import refuse_mistaken
from .source import MORE_MEMORY, ReadError, Source
from .stored import StoredTensor

START = 512
"""Bytes that tell a file's format."""


class FileHeaders(NamedTuple):
    """What the headers of one file say. `remarks` are sentences on what is odd about it and does no harm."""

    format: str
    tensors: list[StoredTensor]
    metadata: dict[str, str]
    remarks: tuple[str, ...] = ()


def read_file_headers(source: Source) -> FileHeaders:
    """Format, tensors and metadata of one file, told by its first bytes.

    Raises CheckpointError for a file that is not a checkpoint, ReadError for one that changes while it is read.
    """
    with source:
        try:
            found = _read(source)
        except CheckpointError:
            source.check()  # half of a file that is being written looks damaged
            raise
        except MemoryError as error:
            raise ReadError("not enough memory to read the file's headers", source, MORE_MEMORY) from error
        source.check()
    return found


def _read(source: Source) -> FileHeaders:
    start = bytearray(min(source.size, START))
    source.read_into(0, memoryview(start))
    if not start:
        raise CheckpointError("the file is empty", source.name, "download it again")
    if (
        start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= source.size - 8
    ):  # first: its length may look like any magic
        return FileHeaders("safetensors", *safetensors_file.read_header(source))
    if start.startswith(gguf_file.MAGIC):
        return FileHeaders("gguf", *gguf_file.read_header(source))
    if start[257:262] == b"ustar":
        raise CheckpointError(
            "a tar archive, PyTorch's format before 2017, cannot be read", source.name, "convert it to safetensors"
        )
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or pickle_file.looks_like_pickle(start):
        return FileHeaders("pickle", *pickle_file.read_pickle(source))
    refuse_mistaken(bytes(start), source)
    if start[8:9] == b"{" or PurePath(source.name).suffix.lower() in (".safetensors", ".sft"):
        return FileHeaders("safetensors", *safetensors_file.read_header(source))
    what = "the file is neither safetensors nor a PyTorch checkpoint"
    raise CheckpointError(what, source.name, "download it again, or move it elsewhere")
