"""What each part is worth in the packed files: the steps that a row's spread is divided into."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lib_modelsim.demo.packed import from_steps, in_steps, pack
from lib_modelsim.demo.random_weights import Weights

from .networks import PREFIXES

_DECODER = PREFIXES["vae"] + "decoder."
WHOLE = {
    _DECODER + "conv_out.": 1024,
    _DECODER + "up.1.upsample.": 256,
    PREFIXES["unet"]: 16,
    PREFIXES["text"]: 8,
    PREFIXES["vae"]: 16,
}
"""Beginning of a key → resolution, in a file that has no parent. The text encoder is large and bears most. The first
two are small, and their sums cancel: at 16 steps they darken the whole picture (21 dB become 11)."""
STRANGER = {PREFIXES["unet"]: 5}
LORA = {"lora_unet_": 16}

_CANDIDATES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4)
"""Resolutions that are tried where there are three steps; for normal numbers 0.82 is best."""


def pack_whole(path: Path, weights: Weights, resolutions: dict[str, float]) -> None:
    """Pack weights that need no parent's; the beginnings of their keys say how finely."""

    def resolution(key: str) -> float:
        return next(steps for start, steps in resolutions.items() if key.startswith(start))

    partial = _partial(path)
    pack(partial, weights, resolution)
    partial.replace(path)
    _tell(path)


def pack_change(path: Path, weights: Weights, parent: Weights) -> None:
    """Pack a fine-tune as what it changed in the parent, which is what the parent's file unpacks to.

    In three steps, at the resolution by which the change points most nearly where it did.
    """
    change = {
        key: values.astype(np.float32) - parent[key].astype(np.float32)
        for key, values in weights.items()
        if not np.array_equal(values, parent[key])
    }
    likeness = {
        resolution: cosine(change, from_steps(in_steps(change, resolution, limit=1))) for resolution in _CANDIDATES
    }
    best = max(likeness, key=likeness.__getitem__)
    partial = _partial(path)
    pack(partial, change, best, limit=1)
    partial.replace(path)
    _tell(path, f", cosine {likeness[best]:.3f} at {best:.1f}")


def cosine(a: Weights, b: Weights) -> float:
    """Of all values of `a`, with the same keys' of `b`."""
    pairs = [(values.ravel().astype(np.float64), b[key].ravel().astype(np.float64)) for key, values in a.items()]
    squares = sum(x @ x for x, _ in pairs) * sum(y @ y for _, y in pairs)
    return float(sum(x @ y for x, y in pairs) / np.sqrt(squares)) if squares else 0.0


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}.partial")


def _tell(path: Path, more: str = "") -> None:
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB{more}", flush=True)
