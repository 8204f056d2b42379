"""The small JSON files that lie beside weights: `model_index.json`, the index of shards."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import CheckpointError
from .source import FileSource

_LARGEST = 16_000_000
"""Bytes; the index of the largest model on the hub has a tenth of that."""

_INCOMPLETE = "download the folder again, it is incomplete"


def read_json(path: Path) -> dict:
    """The object in a JSON file. Raises CheckpointError where there is none, ReadError where it cannot be read."""
    shown = f"{path.parent.name}/{path.name}"
    source = FileSource(path, shown)
    if source.size > _LARGEST:
        raise CheckpointError("the index is too large", f"{shown}, {source.size} bytes", _INCOMPLETE)
    raw = bytearray(source.size)
    source.read_into(0, memoryview(raw))
    try:
        content = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{shown} is not valid JSON", error, _INCOMPLETE) from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{shown} is not a JSON object", type(content).__name__, _INCOMPLETE)
    return content
