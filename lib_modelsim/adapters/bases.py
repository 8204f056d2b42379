"""Which network an adapter is for, told by the modules that it changes: the table in `bases.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..checkpoints.networks.keys import Keys, Marker, Markers


@dataclass(frozen=True)
class AdapterBase:
    """A network that adapters are for: its name, what tells it, the prefixes of its text encoders' common names in the
    order in which trainers count them, and the words with underscores that only its modules have."""

    network: str
    markers: Markers
    text_encoders: tuple[str, ...]
    words: frozenset[str]


@cache
def _table() -> dict[str, list]:
    return json.loads(Path(__file__).with_name("bases.json").read_text(encoding="utf-8"))


@cache
def bases() -> tuple[AdapterBase, ...]:
    """The networks, in the order in which they are asked."""
    return tuple(
        AdapterBase(
            item["network"],
            markers_of(item),
            tuple(item["text_encoders"]),
            frozenset(item.get("words", ())),
        )
        for item in _table()["bases"]
    )


def markers_of(item: Mapping) -> Markers:
    """What an entry of one of this folder's tables is told by: its `must` and `must_not`, each a pattern, or a pattern
    (`key`) with a `shape`."""
    return Markers(tuple(map(_marker, item["must"])), tuple(map(_marker, item.get("must_not", ()))))


def _marker(item: str | Mapping) -> Marker:
    if isinstance(item, str):
        return Marker(re.compile(item))
    return Marker(re.compile(item["key"]), tuple(item["shape"]) if "shape" in item else None)


def base_of(shapes: Mapping[str, tuple[int, ...]], named: str | None = None) -> AdapterBase | None:
    """The network of an adapter that changes these modules (`Module.key` → shape of the change, () where it is not
    known); None for an unknown one. Of two that cannot be told apart by that, `named` is the one that the trainer wrote
    down."""
    keys = Keys(shapes)
    first = next((base for base in bases() if base.markers.hold(keys)), None)
    same = next((base for base in bases() if base.network == named), None)
    if same is not None and (first is None or any({first.network, named} <= set(alike) for alike in _table()["alike"])):
        return same
    return first


def network_written(text: str) -> str | None:
    """The network that a trainer wrote down in its own words ("sdxl_base_v1-0"); None where these name none."""
    return next((network for words, network in _table()["written"] if re.search(words, text.lower())), None)
