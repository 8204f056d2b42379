"""The header of any file: of an adapter that of the weights which it changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

from ..checkpoints.adapter_facts import NAME, OF_UNKNOWN, AdapterFacts
from ..checkpoints.header import Component, Header, header_of
from ..checkpoints.layout import Layout, Place
from ..checkpoints.reader import Checkpoint
from ..checkpoints.stored import StoredTensor
from .reading import Adapter, read_adapter


def header_of_file(checkpoint: Checkpoint) -> Header:
    """The header of an opened checkpoint or adapter; of an adapter the scales of its layers are read, too."""
    plain, adapter = header_of(checkpoint), read_adapter(checkpoint)
    if adapter is None:
        return plain
    layers = adapter.layers.values()
    places = {layer.place.key: Place(layer.component, layer.block, layer.shape) for layer in layers}
    layout = Layout.of(_architecture(adapter), places)
    with checkpoint:
        alphas = Counter(layer.alpha for layer in layers if layer.alpha is not None)
    facts = AdapterFacts(
        adapter.kind,
        adapter.network,
        adapter.ranks,
        tuple(alpha for alpha, _ in alphas.most_common()),
        layout.blocks,
        len(places),
        adapter.why_not,
        adapter.caveats,
        len(adapter.others),
    )
    return replace(plain, layout=layout, adapter=facts, components=_components(adapter) or plain.components, unread=0)


def _architecture(adapter: Adapter) -> str:
    """Adapters of one name are compared with each other. Of unknown networks the names of the layers tell which."""
    if adapter.why_not:
        return f"{adapter.network} {adapter.kind}" if adapter.network else adapter.kind
    if adapter.network is not None:
        return adapter.network + NAME
    names = "\n".join(sorted(adapter.layers))
    return f"{OF_UNKNOWN} {hashlib.sha256(names.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"


def _components(adapter: Adapter) -> dict[str, Component]:
    """Of each component: the numbers that its factors hold, their commonest dtype, their bytes."""
    tensors: dict[str, dict[int, StoredTensor]] = {}
    for layer in adapter.layers.values():
        own = tensors.setdefault(layer.component, {})
        own.update({id(stored): stored for stored in layer.module.tensors.values()})
    found = {}
    for component, stored in sorted(tensors.items()):
        dtypes: Counter[str] = Counter()
        for tensor in stored.values():
            dtypes[tensor.dtype] += tensor.count
        size = sum(tensor.count * tensor.item_bytes for tensor in stored.values())
        found[component] = Component(dtypes.total(), dtypes.most_common(1)[0][0], size)
    return found
