"""Adapters that are no list of changed layers, named for what they are: textual inversions, hypernetworks, ControlNets.

The table is `whole_files.json`. They are hashed like everything else, so copies are found; no numbers are made of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..checkpoints.networks.keys import Keys, Markers
from .bases import markers_of


@dataclass(frozen=True)
class WholeFile:
    """One kind of file: what tells it, and (network, what tells it) in the order in which they are asked. `most` is the
    number of tensors that such a file has at most, `vectors` says that all of them are vectors, or a few in rows."""

    kind: str
    markers: Markers
    networks: tuple[tuple[str, Markers], ...]
    most: int | None
    vectors: bool

    def is_it(self, keys: Keys) -> bool:
        """Whether a file with these keys is of this kind."""
        if self.most is not None and len(keys.shapes) > self.most:
            return False
        if self.vectors and not all(_is_embedding(shape) for shape in keys.shapes.values()):
            return False
        return self.markers.hold(keys)


_WIDTHS = frozenset({768, 1024, 1280, 4096})
"""Of the text encoders that tokens are learned for."""

_MOST_TOKENS = 200


def _is_embedding(shape: Sequence[int]) -> bool:
    return len(shape) in (1, 2) and shape[-1] in _WIDTHS and (len(shape) == 1 or shape[0] <= _MOST_TOKENS)


@cache
def _kinds() -> tuple[WholeFile, ...]:
    found = json.loads(Path(__file__).with_name("whole_files.json").read_text(encoding="utf-8"))["kinds"]
    return tuple(
        WholeFile(
            item["kind"],
            markers_of(item),
            tuple((network["network"], markers_of(network)) for network in item["networks"]),
            item.get("most"),
            item.get("vectors", False),
        )
        for item in found
    )


def whole_file(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, str | None] | None:
    """The kind of a file with these keys → shapes, and its network where that is known; None where it is none."""
    keys = Keys(shapes)
    for kind in _kinds():
        if kind.is_it(keys):
            return kind.kind, next((network for network, markers in kind.networks if markers.hold(keys)), None)
    return None
