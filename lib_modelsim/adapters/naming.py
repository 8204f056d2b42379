"""Modules that an adapter changes → the network's common keys: the names that its checkpoints' weights have, too.

The definitions in `checkpoints/networks` say how each layout names the weights, and which of them are several: the
change of a fused matrix is here the changes of its parts, so that the same change has the same layers however its
trainer held the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..checkpoints import blocks, names
from ..checkpoints.layout import OTHER
from ..checkpoints.networks import UNKNOWN, KeyLayout, Network, find, registry
from ..checkpoints.networks.definition import NETWORK
from ..checkpoints.source import FileKey, Source
from ..checkpoints.stored import StoredTensor, contiguous_strides
from .bases import AdapterBase
from .spelling import Module, with_dots


class _Nowhere(Source):
    """What a change would be read from, were it stored."""

    name, size, identity = "", 0, FileKey("", 0, 0)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        raise NotImplementedError

    def check(self) -> None:
        """It never changes."""


_NOWHERE = _Nowhere()


@dataclass(frozen=True)
class KeyPlace:
    """A common key that a module's change is, or holds in its rows [first:last]; `transposed` where the file has the
    change the other way round than the network."""

    key: str
    shape: tuple[int, ...]
    first: int
    last: int
    transposed: bool = False


@dataclass(frozen=True)
class Changed:
    """One change before it has a common name: the module, what of it is changed (`weight` or `bias`), its shape."""

    module: Module
    suffix: str
    shape: tuple[int, ...]


def places_of(changes: Sequence[Changed], base: AdapterBase | None) -> list[list[KeyPlace]]:
    """Of each change the common keys that it changes; its own name where the network is not known."""
    network = None if base is None else find(base.network)
    words = frozenset() if base is None else base.words
    paths = [_path(change.module, words) for change in changes]
    tensors = [_pretended(f"{path}.{change.suffix}", change.shape) for path, change in zip(paths, changes, strict=True)]
    sides: dict[str, list[int]] = {}
    for i, change in enumerate(changes):
        sides.setdefault(change.module.side, []).append(i)
    found: list[list[KeyPlace]] = [[] for _ in changes]
    for side, own in sides.items():
        of_side = [tensors[i] for i in own]
        named = _of_network(of_side, network) if side == "unet" else _of_text_encoder(of_side, side, base)
        for i, places in zip(own, named, strict=True):
            found[i] = places
    return found


def _path(module: Module, words: frozenset[str]) -> str:
    return with_dots(module.path, words) if module.flat else module.path


def _pretended(key: str, shape: tuple[int, ...]) -> StoredTensor:
    """A tensor of this name and shape: what the layouts split, they split by where its rows would lie."""
    return StoredTensor(key, "F32", shape, _NOWHERE, 0)


def _place(key: str, part: StoredTensor, whole: tuple[int, ...]) -> KeyPlace:
    row = contiguous_strides(whole)[0] * part.item_bytes if whole else 1
    if part.strides is not None and part.strides != contiguous_strides(part.shape):
        return KeyPlace(key, part.shape, 0, whole[0], transposed=True)
    first = part.offset // row if row else 0
    return KeyPlace(key, part.shape, first, first + (part.shape[0] if part.shape else 1))


def _of_network(tensors: Sequence[StoredTensor], network: Network | None) -> list[list[KeyPlace]]:
    if network is None or not tensors:
        return [[KeyPlace(NETWORK + t.key, t.shape, 0, t.shape[0] if t.shape else 1)] for t in tensors]
    best: list[list[KeyPlace]] | None = None
    score = (-1, -1)
    for layout in network.layouts:
        if layout.to != NETWORK:
            continue
        found = list(_by_layout(tensors, layout))
        keys = [place.key for places in found for place in places]
        mark = sum(_is_told(network, key) for key in keys), len(keys)
        if mark > score:
            best, score = found, mark
    return best if best is not None else _of_network(tensors, None)


def _by_layout(tensors: Sequence[StoredTensor], layout: KeyLayout) -> Iterator[list[KeyPlace]]:
    beside = _SKELETON if layout.vocabulary == "unet" else ()
    for tensor, parts in names.named_by(layout, tensors, beside):
        yield [_place(key, part, tensor.shape) for key, part in parts]


_SKELETON = (
    "down_blocks.0.resnets.0.conv1.weight",
    "down_blocks.0.resnets.1.conv1.weight",
)
"""Of a UNet that an adapter changes in part, what tells how many layers a level has: two in all that are known."""


def _is_told(network: Network, key: str) -> bool:
    """Whether a rule that does not take everything says where the key belongs."""
    catch_all = re.escape(NETWORK)
    rule = next((pattern for pattern, _, _ in network.rules if pattern.match(key)), None)
    return rule is not None and rule.pattern != catch_all


def _of_text_encoder(tensors: Sequence[StoredTensor], side: str, base: AdapterBase | None) -> list[list[KeyPlace]]:
    number = int(side[2:])
    prefixes = () if base is None else base.text_encoders
    prefix = prefixes[number] if number < len(prefixes) else f"text_encoders.{number}."
    layout = registry().layouts_by_prefix.get(prefix)
    if layout is None:  # its trainers' names are the common ones
        return [[_place(prefix + tensor.key, tensor, tensor.shape)] for tensor in tensors]
    return list(_by_layout(tensors, layout))


def component_and_block(key: str, base: AdapterBase | None) -> tuple[str, str | None]:
    """Where a common key belongs: component and block, key groups where the network is not known."""
    known = base is not None and find(base.network) is not None
    component, block = blocks.place(base.network if known else UNKNOWN, key)
    if component in (None, OTHER) or (not known and key.startswith(NETWORK)):
        return "unet", blocks.group_of(key.removeprefix(NETWORK))
    return component, block
