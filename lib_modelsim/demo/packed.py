"""Small files of weights: whole numbers times a scale, compressed.

A packed file is a safetensors file behind zlib. A key with a `key:scale` holds steps, int8 or, where one lies far out,
int16, and the scale is the size of a step in each of its rows; any other tensor holds its values as they are. A
fine-tune's file has the differences from its parent, of the keys that differ.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from .random_weights import Weights

_SCALE = ":scale"
_LARGEST = 32767
_SMALL = 2**-14
"""Below this a float16 has fewer digits."""


def pack(path: Path, weights: Weights, resolution: float | Callable[[str], float], limit: int = _LARGEST) -> None:
    """Write weights, or differences from a parent's, as `in_steps` makes whole numbers of them."""
    packer = zlib.compressobj(level=9, strategy=zlib.Z_FILTERED)  # for numbers that hardly repeat
    path.write_bytes(packer.compress(save(in_steps(weights, resolution, limit))) + packer.flush())


def unpack(path: Path, parent: Weights | None = None) -> Weights:
    """The weights of a packed file, float16; those of a fine-tune need its parent's."""
    values = from_steps(load(zlib.decompress(path.read_bytes())))
    if parent is not None:
        values = {key: parent[key].astype(np.float32) + change for key, change in values.items()}
    return (parent or {}) | {key: value.astype(np.float16) for key, value in values.items()}


def in_steps(weights: Weights, resolution: float | Callable[[str], float], limit: int = _LARGEST) -> Weights:
    """The tensors of a packed file, in steps of a row's spread / `resolution`, which is a number or a key's.

    At most `limit` steps on either side: 1 and a resolution of 0.8 keep the signs of what moved most. Vectors are kept
    as float16.
    """
    tensors: Weights = {}
    for key, values in weights.items():
        if values.ndim < 2:
            tensors[key] = values.astype(np.float16)
            continue
        rows = values.reshape(len(values), -1).astype(np.float32)
        scale = rows.std(axis=1, keepdims=True) / (resolution(key) if callable(resolution) else resolution)
        if limit == _LARGEST:  # nothing is cut off, and one value far out does not make all others coarse
            scale = np.maximum(scale, np.abs(rows).max(axis=1, keepdims=True) / limit)
        scale[scale == 0] = 1  # a row of zeros
        if scale.min() > _SMALL:
            scale = scale.astype(np.float16)
        steps = np.clip(np.round(rows / scale.astype(np.float32)), -limit, limit)
        tensors[key] = steps.astype(np.int8 if np.abs(steps).max(initial=0) < 128 else np.int16).reshape(values.shape)
        tensors[key + _SCALE] = scale[:, 0]
    return tensors


def from_steps(tensors: Weights) -> Weights:
    """What the tensors of a packed file stand for, float32."""
    return {
        key: _values(tensor, tensors.get(key + _SCALE)) for key, tensor in tensors.items() if not key.endswith(_SCALE)
    }


def _values(tensor: np.ndarray, scale: np.ndarray | None) -> np.ndarray:
    """float32, of the tensor's shape."""
    if scale is None:
        return tensor.astype(np.float32)
    return tensor.astype(np.float32) * scale.astype(np.float32).reshape(-1, *[1] * (tensor.ndim - 1))
