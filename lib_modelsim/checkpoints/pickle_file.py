"""PyTorch pickles: the zip archive that torch.save writes since 1.6, and the stream that it wrote before.

Only containers are understood here: where the pickle stands in the file, and where each storage's bytes do.
Formats: torch/serialization.py (`_save`, `_legacy_save`, `_legacy_load`).
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import BinaryIO

from ..errors import CheckpointError
from .pickle_machine import Persistent, PickleStream, read_tree
from .pickle_tensors import metadata_of, storage_of, stored_tensors
from .source import Source
from .stored import DAMAGED, StoredTensor, bytes_after

LARGEST_PICKLE = 64 << 20
"""Bytes of opcodes in one file; 200 KB for SD 1.x."""

LARGEST_DIRECTORY = 8 << 20
"""Bytes of a zip archive's list of records (at 60 to 100 bytes each)."""

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001

_CONVERT = "load it with a PyTorch that knows it and save its state dict as safetensors"
_NO_CHECKPOINT = "move it elsewhere, it is not a checkpoint"


def looks_like_pickle(start: bytes) -> bool:
    """Whether the first bytes are those of a pickle stream of protocol 2 to 5."""
    return len(start) > 2 and start[0] == 0x80 and 2 <= start[1] <= 5


def read_pickle(source: Source) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    """The tensors of a pickled checkpoint in file order, its metadata, and a remark on bytes behind the last storage.

    Raises CheckpointError for what is damaged, hostile or of another kind.
    """
    start = bytearray(min(source.size, 2))
    source.read_into(0, memoryview(start))
    return _read_zip(source) if start == b"PK" else _read_stream(source)


class _File(io.RawIOBase):
    """A source as Python's file protocol has it."""

    def __init__(self, source: Source):
        self._source, self._position = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:
        view = memoryview(buffer)[: max(0, self._source.size - self._position)]
        self._source.read_into(self._position, view)
        self._position += len(view)
        return len(view)


# ---- zip archive: ROOT/data.pkl, and the bytes of the storage KEY as ROOT/data/KEY


class _ArchiveFile(_File):
    """A file for `zipfile` to read a directory from; refuses to allocate for an absurd length in it."""

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"directory of {size} bytes")
        return super().read(size)


def _read_zip(source: Source) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    with _ArchiveFile(source) as file:
        records = _records(file)
        size = source.size
        root = _root(records)
        if f"{root}constants.pkl" in records:
            raise CheckpointError("the file is a TorchScript program, not a checkpoint", source.name, _CONVERT)
        if f"{root}byteorder" in records:
            start, length = _extent(file, size, records[f"{root}byteorder"])
            file.seek(start)
            if file.read(min(length, 16)) != b"little":
                raise CheckpointError("the checkpoint was saved on a big-endian machine", source.name, _CONVERT)

        start, length = _extent(file, size, records[f"{root}data.pkl"])
        if length > LARGEST_PICKLE:
            raise CheckpointError("the pickle is too long", f"{length} bytes", _CONVERT)
        tree, _ = read_tree(PickleStream(io.BufferedReader(_File(source)), start, start + length))

        extents: dict[str, tuple[int, int]] = {}

        def locate(key: str) -> tuple[int, int]:
            if key not in extents:
                if f"{root}data/{key}" not in records:
                    raise CheckpointError("the archive has no record for a storage", key, DAMAGED)
                extents[key] = _extent(file, size, records[f"{root}data/{key}"])
            return extents[key]

        tensors = stored_tensors(tree, locate, source)
        _refuse_overlap(extents)
    return tensors, metadata_of(tree), ()


def _records(file: _ArchiveFile) -> dict[str, zipfile.ZipInfo]:
    """The archive's records by name, from its directory alone."""
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
        raise CheckpointError("damaged zip archive", error, DAMAGED) from error
    records = {record.filename: record for record in found}
    if len(records) != len(found):
        raise CheckpointError("the zip archive has two records of the same name", None, DAMAGED)
    return records


def _root(records: dict[str, zipfile.ZipInfo]) -> str:
    """The folder, with its slash, that holds the checkpoint; any name will do."""
    roots = [name.removesuffix("data.pkl") for name in records if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise CheckpointError("the zip archive holds no PyTorch checkpoint", None, "unpack it, or move it elsewhere")
    return roots[0]


def _extent(file: BinaryIO, file_size: int, record: zipfile.ZipInfo) -> tuple[int, int]:
    """First byte and number of bytes of a record that is stored as it is.

    Local header: 30 bytes, of which the last four tell the lengths of the name and the extra field that follow
    (APPNOTE.TXT 4.3.7).
    """
    if record.compress_type != zipfile.ZIP_STORED or record.compress_size != record.file_size or record.flag_bits & 1:
        fix = "unpack it and zip it again without compression"
        raise CheckpointError("a record in the archive is compressed or encrypted", record.filename, fix)
    header = b""
    if 0 <= record.header_offset < file_size:
        file.seek(record.header_offset)
        header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise CheckpointError("a record is not where the archive says", record.filename, DAMAGED)
    start = record.header_offset + 30 + sum(struct.unpack("<HH", header[26:]))
    if start + record.file_size > file_size:
        raise CheckpointError("a record reaches beyond the end of the file", record.filename, DAMAGED)
    return start, record.file_size


def _refuse_overlap(extents: dict[str, tuple[int, int]]) -> None:
    end = 0
    for (start, length), key in sorted((extent, key) for key, extent in extents.items()):
        if start < end and length:
            raise CheckpointError("a storage overlaps another one in the archive", key, DAMAGED)
        end = max(end, start + length)


# ---- stream: pickles of a magic number, a version, the machine, the checkpoint, the storages' keys; then their bytes


def _read_stream(source: Source) -> tuple[list[StoredTensor], dict[str, str], tuple[str, ...]]:
    file, size = io.BufferedReader(_File(source)), source.size
    stream = PickleStream(file, 0, min(size, LARGEST_PICKLE))
    magic, _ = read_tree(stream)
    if type(magic) is not int or magic != _MAGIC_NUMBER:
        raise CheckpointError("the pickle was not written by PyTorch", source.name, _NO_CHECKPOINT)
    version, _ = read_tree(stream)
    if type(version) is not int or version != _PROTOCOL_VERSION:
        raise CheckpointError("unknown version of PyTorch's format", source.name, _CONVERT)
    machine, _ = read_tree(stream)
    if isinstance(machine, dict) and machine.get("little_endian") is False:
        raise CheckpointError("the checkpoint was saved on a big-endian machine", source.name, _CONVERT)

    tree, references = read_tree(stream)
    keys, _ = read_tree(stream)
    extents = _stream_extents(file, stream.position, size, keys, references)
    end = max((start + length for start, length in extents.values()), default=size)

    def locate(key: str) -> tuple[int, int]:
        if key not in extents:
            raise CheckpointError("the file has no bytes for a storage", key, DAMAGED)
        return extents[key]

    return stored_tensors(tree, locate, source), metadata_of(tree), bytes_after(size - end)


def _stream_extents(
    file: BinaryIO, position: int, file_size: int, keys: object, references: list[Persistent]
) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes of each storage, which stand one after another in the order of `keys`.

    Each begins with its number of elements (int64); their size is that of the reference met first.
    """
    storages = {}
    for reference in references:
        storage = storage_of(reference)
        if storage is not None:
            storages.setdefault(storage.key, storage)
    extents: dict[str, tuple[int, int]] = {}
    for key in keys if isinstance(keys, list) else [None]:
        if not isinstance(key, str) or key not in storages or key in extents:
            raise CheckpointError("the list of storages does not match the pickle", None, DAMAGED)
        file.seek(position)
        count = int.from_bytes(file.read(8), "little", signed=True)
        if count != storages[key].count:
            raise CheckpointError("a storage does not have the length that the pickle says", key, DAMAGED)
        length = count * storages[key].item_bytes
        extents[key] = (position + 8, length)
        position += 8 + length
        if position > file_size:
            raise CheckpointError("the file ends inside a storage", key, DAMAGED)
    return extents
