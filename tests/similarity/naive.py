"""The measures as one would write them for two models of numbers in float64: what the fast ones are held against."""

from __future__ import annotations

import numpy as np

from lib_modelsim.checkpoints import blocks

Model = dict[str, np.ndarray]


def squeeze(values: np.ndarray) -> np.ndarray:
    """Without trailing axes of one: a linear layer and its 1×1 convolution are the same."""
    while values.ndim and values.shape[-1] == 1:
        values = values[..., 0]
    return values.astype(np.float64)


def shared_keys(*models: Model) -> list[str]:
    """Keys that all hold in one shape with finite numbers alone."""
    first = models[0]
    return [
        key
        for key in first
        if all(
            key in m and squeeze(m[key]).shape == squeeze(first[key]).shape and np.isfinite(m[key]).all()
            for m in models
        )
    ]


def per_key_cosines(a: Model, b: Model, keys: list[str]) -> list[float]:
    found = []
    for key in keys:
        x, y = a[key].astype(np.float64).ravel(), b[key].astype(np.float64).ravel()
        if x.any() and y.any():
            found.append(float(np.clip(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), -1, 1)))
    return found


def vector(model: Model, keys: list[str]) -> np.ndarray:
    return np.concatenate([squeeze(model[key]).ravel() for key in keys] or [np.zeros(0)])


def _cosine(x: np.ndarray, y: np.ndarray) -> float:
    below = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / below) if below > 0 else float("nan")


def value(measure: str, a: Model, b: Model, keys: list[str]) -> float:
    """One measure over some keys that both hold; NaN where there is nothing to measure."""
    if not keys:
        return float("nan")
    if measure in ("cosine", "cosine-min"):
        cosines = per_key_cosines(a, b, keys)
        return float({"cosine": np.mean, "cosine-min": np.min}[measure](cosines)) if cosines else float("nan")
    x, y = vector(a, keys), vector(b, keys)
    if measure == "cosine-whole":
        return _cosine(x, y)
    distance = float(np.linalg.norm(x - y))
    if measure == "l2":
        return distance
    half = float(np.linalg.norm(x + y)) / 2
    return distance / half if half > 0 else float("nan")


def delta_cosine(models: list[Model], i: int, j: int, base: int | None, keys: list[str]) -> float:
    """Cosine of both less the base, or less the mean of those who hold the key in this shape where `base` is None."""
    deltas_i, deltas_j = [np.zeros(0)], [np.zeros(0)]
    for key in keys:
        if base is not None:
            if key not in shared_keys(models[i], models[base]):
                continue
            origin = squeeze(models[base][key])
        else:
            alike = [squeeze(m[key]) for m in models if key in shared_keys(m) and key in shared_keys(models[i], m)]
            origin = np.mean(alike, axis=0)
        deltas_i.append((squeeze(models[i][key]) - origin).ravel())
        deltas_j.append((squeeze(models[j][key]) - origin).ravel())
    return _cosine(np.concatenate(deltas_i), np.concatenate(deltas_j))


def places(keys: list[str], architecture: str = "SD 1.x") -> dict[str, tuple[str, str | None]]:
    return {key: blocks.place(architecture, key) for key in keys}
