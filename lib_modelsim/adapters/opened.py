"""An adapter kept open for reading: of each layer where its factors lie, and nothing more.

Of a few hundred adapters with a thousand layers each, what their headers say would take more memory than their sums.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from ..checkpoints.reader import Checkpoint
from ..checkpoints.source import FromSources, Source
from ..checkpoints.stored import StoredTensor
from .changes import LayerChange
from .formats.form import LayerFormat
from .naming import KeyPlace
from .reading import AdapterLayer, change_of, read_adapter

Value = TypeVar("Value", bound=Hashable)

class OpenLayer:
    """One layer: `shape` as weights have it, and what `load` reads."""

    __slots__ = ("_factors", "_form", "_place", "_roles", "_scale", "shape")

    def __init__(self, layer: AdapterLayer, shared: Shared):
        stored = layer.factors
        self.shape: tuple[int, ...] = shared.one(layer.shape)
        self._form: LayerFormat = layer.form
        self._place: KeyPlace = shared.one(layer.place)
        self._roles: tuple[str, ...] = shared.one(tuple(stored))
        self._scale: float = shared.one(layer.scale)
        self._factors: tuple[tuple[tuple, Source, int], ...] = tuple(
            (shared.one((t.dtype, t.shape, t.strides)), t.source, t.offset) for t in stored.values()
        )

    def load(self) -> LayerChange:
        """Read the change. float64."""
        stored = {
            role: StoredTensor("", dtype, shape, source, offset, strides)
            for role, ((dtype, shape, strides), source, offset) in zip(self._roles, self._factors, strict=True)
        }
        return change_of(self._form, stored, self._scale, self._place)


class Shared:
    """Values that many layers of many adapters have, each once; for those that are opened together."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Hashable] = {}

    def one(self, value: Value) -> Value:
        """The first of the values that equal this."""
        return self._known.setdefault((type(value), value), value)


class OpenAdapter(FromSources):
    """The layers of an adapter by common key. A context manager as `Checkpoint` is, with the same `check`."""

    def __init__(self, checkpoint: Checkpoint, shared: Shared):
        adapter = read_adapter(checkpoint)
        self.sources = checkpoint.sources
        with checkpoint:
            layers = adapter.layers.values() if adapter is not None else ()
            self.layers = {shared.one(layer.place.key): OpenLayer(layer, shared) for layer in layers}
