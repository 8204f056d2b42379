"""Which format one file has, told by its first bytes, and what its headers say."""

from __future__ import annotations

from pathlib import Path

from ..errors import CheckpointError
from . import pickle_file, safetensors_file
from .stored import StoredTensor, read_into


def read_file_headers(path: Path) -> tuple[str, list[StoredTensor], dict[str, str]]:
    """Format, tensors and metadata of one file, told by its first bytes."""
    size = path.stat().st_size
    start = bytearray(min(size, 512))
    read_into(path, 0, memoryview(start))
    if not start:
        raise CheckpointError("the file is empty", path.name, "its download failed: fetch it again")
    if (
        start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size - 8
    ):  # first: its length may look like any magic
        return ("safetensors", *safetensors_file.read_header(path))
    if start.startswith(b"GGUF"):
        raise CheckpointError("GGUF file: quantised, not comparable", path.name, "use the file it was made from")
    if start[257:262] == b"ustar":
        raise CheckpointError("tar archive, as PyTorch wrote before 2017", path.name, "save it as safetensors")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or pickle_file.looks_like_pickle(start):
        return ("pickle", *pickle_file.read_pickle(path))
    if start[8:9] == b"{" or path.suffix.lower() == ".safetensors":
        return ("safetensors", *safetensors_file.read_header(path))
    what = "neither safetensors nor a PyTorch pickle"
    raise CheckpointError(what, path.name, "it is no checkpoint, or its download is a web page: fetch it again")
