"""Weights drawn from random numbers: networks of the right names and shapes that have learned nothing."""

from __future__ import annotations

import numpy as np

from .shapes import Shapes

Weights = dict[str, np.ndarray]
"""Common key → float array of the shape that single files have."""


def draw(shapes: Shapes, seed: int) -> Weights:
    """Random weights of a network fresh from training: norms near 1, matrices scaled by their inputs, float32.

    The numbers come from NumPy's PCG64, key by key in sorted order, so they are the same on every machine.
    """
    noise = _noise(shapes, seed)
    norms = {key: 1 + values for key, values in noise.items() if values.ndim == 1 and key.endswith(".weight")}
    return noise | norms


def train(weights: Weights, seed: int, size: float) -> Weights:
    """A fine-tune: every weight but the VAE's moved at random by `size` of its own spread."""
    steps = _noise({key: values.shape for key, values in weights.items()}, seed)
    vae = {key: values for key, values in weights.items() if key.startswith("first_stage_model.")}
    return {key: values + np.float32(size) * steps[key] for key, values in weights.items()} | vae


def _noise(shapes: Shapes, seed: int) -> Weights:
    generator = np.random.Generator(np.random.PCG64(seed))
    noise = {}
    for key, shape in sorted(shapes.items()):
        inputs = int(np.prod(shape[1:])) if len(shape) > 1 else 100  # norms and biases spread by a tenth
        noise[key] = np.asarray(generator.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(inputs)))
    return noise
