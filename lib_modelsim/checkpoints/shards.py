"""The shards of one model → its tensors, as if they lay in one file."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import CheckpointError
from ..text import several
from .file_formats import FileHeaders, read_file_headers
from .files import INCOMPLETE, Shards, weight_map
from .source import FileSource, ReadError
from .stored import StoredTensor, refuse_many


def read_shards(shards: Shards, shown: str = "") -> FileHeaders:
    """What the headers of all shards say, in their order. `shown` stands before their names where they are told.

    Raises CheckpointError where a shard is missing, damaged, or lacks a tensor that the index lists, and where two hold
    one tensor.
    """
    if shards.missing:
        missing = several([shown + name for name in shards.missing], 3)
        what = f"{len(shards.missing)} of {len(shards.names)} files of this model are missing"
        raise CheckpointError(what, missing, INCOMPLETE)
    formats, metadata, remarks = set(), {}, ()
    tensors: dict[str, StoredTensor] = {}
    for name in shards.names:
        found = read_part(shards.folder / name, shown + name)
        formats.add(found.format)
        metadata = found.metadata | metadata
        remarks += found.remarks
        for tensor in found.tensors:
            if tensor.key in tensors:
                what = f"{shown}{name} holds a tensor again that another shard holds"
                raise CheckpointError(what, tensor.key, "give files that are models of their own other names")
            tensors[tensor.key] = tensor
        refuse_many(len(tensors))
    if shards.index is not None:
        _require_listed(shards.folder / shards.index, tensors, shown)
    return FileHeaders("safetensors" if len(formats) > 1 else formats.pop(), list(tensors.values()), metadata, remarks)


def _require_listed(index: Path, tensors: dict[str, StoredTensor], shown: str) -> None:
    """Raises CheckpointError unless every tensor lies in the shard where the index says that it does."""
    for key, name in weight_map(index).items():
        if key not in tensors or tensors[key].source.name != shown + name:
            raise CheckpointError(f"the shard {shown}{name} lacks a tensor that {index.name} lists", key, INCOMPLETE)


def read_part(path: Path, shown: str) -> FileHeaders:
    """What the headers of one file of a model say; errors and remarks begin with `shown`."""
    if not os.path.lexists(path):
        raise CheckpointError("a file of the diffusers folder is missing", shown, INCOMPLETE)
    try:
        found = read_file_headers(FileSource(path, shown))
    except ReadError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{shown}: {error.what}", error.value, error.fix) from error
    return found._replace(remarks=tuple(f"{shown}: {remark}" for remark in found.remarks))
