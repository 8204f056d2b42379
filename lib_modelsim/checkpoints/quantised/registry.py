"""The ways to store quantised weights that are known, and which tensors of a file are such weights.

Each file of this package may define `SCHEMES`, a tuple of such ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...discovery import modules_in
from ...errors import CheckpointError
from ..source import ReadError, Source
from ..stored import StoredTensor
from .decoding import Decoded, Opaque

BESIDE = (".comfy_quant", ".scale_input", ".input_scale", ".output_scale", "scaled_fp8")
"""What the keys end with of tensors beside a quantised weight that say how to run it, not what it is."""

_LONGEST_JSON = 1 << 14
"""Bytes of a description beside a weight; real ones have about a hundred."""


@dataclass(frozen=True)
class Tensors:
    """One weight's tensors, by what their keys end with, and what its bias says: how many rows it has."""

    parts: Mapping[str, StoredTensor]
    rows: int | None

    def json(self, ending: str) -> dict[str, Any] | None:
        """What the JSON in one of them says; None where it is none. Raises ReadError."""
        part = self.parts.get(ending)
        if part is None or not isinstance(part.source, Source) or part.bytes > _LONGEST_JSON:
            return None
        raw = bytearray(part.bytes)
        try:
            part.source.read_into(part.offset, memoryview(raw))
            content = json.loads(raw.decode("utf-8"))
        except ReadError:
            raise
        except (ValueError, RecursionError, CheckpointError):
            return None
        return content if isinstance(content, dict) else None

    def only(self, *endings: str) -> dict[str, StoredTensor]:
        """Those of its tensors that are there."""
        return {ending: self.parts[ending] for ending in endings if ending in self.parts}


@dataclass(frozen=True)
class Scheme:
    """One way to store weights.

    - `marks`: what keys end with that give it away; what stands before is the stem of the weight's name.
    - `parts`: all that the stem may be followed by, the weight first.
    - `read`: a weight's tensors → how to decode them, or why not (`Opaque`); None where it is not this scheme's. Of a
      damaged one it says so: it raises nothing but ReadError.
    - `weight`: what the stem is followed by in the name of the weight.
    - `order`: the least is asked first.
    """

    marks: tuple[str, ...]
    parts: tuple[str, ...]
    read: Callable[[Tensors], Decoded | None]
    weight: str = ".weight"
    order: int = 10


@cache
def schemes() -> tuple[Scheme, ...]:
    """All of them, in the order in which they are asked."""
    found = (scheme for module in modules_in(__package__) for scheme in getattr(module, "SCHEMES", ()))
    return tuple(sorted(found, key=lambda scheme: scheme.order))


def decoded(tensors: Iterable[StoredTensor]) -> list[StoredTensor]:
    """The tensors with each quantised weight as one float32 tensor under its own name, where the first of the tensors
    stood that it is made of; those are left out. Raises ReadError where a description cannot be read."""
    tensors = list(tensors)
    marks = tuple(mark for scheme in schemes() for mark in scheme.marks)
    if not any(tensor.key.endswith(marks) for tensor in tensors):
        return tensors
    by_key = {tensor.key: tensor for tensor in tensors}
    taken: dict[str, StoredTensor | None] = {}
    for scheme in schemes():
        for stem in dict.fromkeys(_stems(by_key, scheme.marks)):
            parts = {end: by_key[stem + end] for end in scheme.parts if stem + end in by_key}
            if any(stem + end in taken for end in parts):
                continue
            found = _read(scheme, Tensors(parts, _rows(by_key.get(f"{stem.removesuffix('.weight')}.bias"))))
            if found is not None:
                keys = [stem + end for end in parts if end in found.parts]
                taken |= dict.fromkeys(keys)
                taken[keys[0]] = found.stored(stem + scheme.weight)
    placed = (taken.get(tensor.key, tensor) for tensor in tensors)
    return [tensor for tensor in placed if tensor is not None]


def _stems(keys: Iterable[str], marks: tuple[str, ...]) -> Iterable[str]:
    for key in keys:
        if key.endswith(marks):
            yield next(key[: -len(mark)] for mark in marks if key.endswith(mark))


def _rows(bias: StoredTensor | None) -> int | None:
    return bias.shape[0] if bias is not None and len(bias.shape) == 1 else None


def _read(scheme: Scheme, found: Tensors) -> Decoded | None:
    made = scheme.read(found)
    if made is not None and any(part.strides is not None for part in made.parts.values()):
        return Opaque(made.precision, made.parts, made.shape, "its numbers do not lie one after another")
    return made
