"""PyTorch pickles, zip and legacy stream."""

from __future__ import annotations

from pathlib import Path

from .stored import StoredTensor


def looks_like_pickle(start: bytes) -> bool:
    """Whether the first bytes are those of a pickle stream of protocol 2 to 5."""
    return len(start) > 2 and start[0] == 0x80 and 2 <= start[1] <= 5


def read_pickle(path: Path) -> tuple[list[StoredTensor], dict[str, str]]:
    """The tensors of a pickled checkpoint in file order, and its metadata."""
    raise NotImplementedError
