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
    """Block → the key of its (first) self-attention's query or fused matrix, in network order."""
    found: dict[str, str] = {}
    network = find(layout.architecture)
    patterns = [pattern for pattern, _ in network.attention] if network is not None else []
    for key, place in layout.places.items():
        if any(pattern.fullmatch(key) for pattern in patterns):
            found.setdefault(place.block, key)
    if variant.decoder_only:
        decoder = [block for block in found if block.startswith("OUT")] or list(found)[len(found) // 2 :]
        return {block: found[block] for block in decoder[:-1]}
    return found


def projections(weights: Mapping[str, Weight], key: str) -> tuple[Weight, Weight, Weight]:
    """The query, key and value matrices of a self-attention; of a fused one, its parts where they lie on disk."""
    module, _, query = key.removesuffix(".weight").rpartition(".")
    names = registry().projections.get(query)
    if names is not None:
        q, k, v = (weights[f"{module}.{name}.weight"] for name in names)
        return q, k, v
    fused = weights[key]
    width = fused.shape[1]
    q, k, v = (replace(fused, stored=fused.stored.rows(i * width, (i + 1) * width)) for i in range(3))
    return q, k, v
