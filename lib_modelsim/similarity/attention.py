"""The self-attention layers that the attention score reads: which, in what order, and where their bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..checkpoints.layout import Layout
from ..checkpoints.networks import find, registry
from ..checkpoints.reader import Weight


@dataclass(frozen=True)
class Variant:
    """One published form of the score: the generator's seed, the `nn.Linear` layers its author creates per block."""

    seed: int
    linears: int
    decoder_only: bool


def attention_keys(layout: Layout, variant: Variant) -> dict[str, str]:
    """Block → the key of its (first) self-attention's query or fused matrix, in network order.

    Only of those whose queries, keys and values have the shapes that the score needs.
    """
    found: dict[str, str] = {}
    network = find(layout.architecture)
    attention = network.attention if network is not None else ()
    for key, place in layout.places.items():
        if place.block and any(p.fullmatch(key) and _fits(layout, key, names) for p, names in attention):
            found.setdefault(place.block, key)
    if variant.decoder_only:
        decoder = [block for block in found if block.startswith("OUT")] or list(found)[len(found) // 2 :]
        return {block: found[block] for block in decoder[:-1]}
    return found


def _fits(layout: Layout, key: str, names: tuple[str, ...] | None) -> bool:
    """Whether queries are [d, d], and keys and values so, too, or have a part of their heads."""
    if names is None:
        shape = layout.places[key].shape
        return len(shape) == 2 and shape[0] >= 3 * shape[1]
    q, k, v, *head = (layout.places.get(name) for name in _keys(key, names))
    if q is None or k is None or v is None or k.shape != v.shape or len(k.shape) != 2:
        return False
    width = q.shape[0]
    if q.shape != (width, width) or k.shape[1] != width:
        return False
    shared = bool(head and head[0] and head[0].shape) and k.shape[0] > 0
    return k.shape[0] == width or (shared and width % k.shape[0] == k.shape[0] % head[0].shape[0] == 0)


def _keys(key: str, names: tuple[str, ...]) -> list[str]:
    """The common names of query, key and value, and of the norm of a head where there is one."""
    module = key.removesuffix(".weight").rpartition(".")[0]
    return [f"{module}.{name}.weight" for name in names[:3]] + [f"{module}.{name}" for name in names[3:]]


def projections(weights: Mapping[str, Weight], key: str) -> tuple[Weight, Weight, Weight]:
    """The query, key and value matrices of a self-attention; of a fused one, its parts where they lie on disk."""
    names = _separate(key)
    if names is not None:
        q, k, v = (weights[name] for name in _keys(key, names)[:3])
        return q, k, v
    fused = weights[key]
    width = fused.shape[1]
    q, k, v = (replace(fused, stored=fused.stored.rows(i * width, (i + 1) * width)) for i in range(3))
    return q, k, v


def head_length(weights: Mapping[str, Weight], key: str) -> int | None:
    """Rows of one head of a self-attention whose queries share keys and values; None where each has its own."""
    names = _separate(key) or ()
    norm = weights.get(_keys(key, names)[-1]) if len(names) > 3 else None
    return norm.shape[0] if norm is not None else None


def _separate(key: str) -> tuple[str, ...] | None:
    return registry().projections.get(key.removesuffix(".weight").rpartition(".")[2])
