"""A small family of models as arrays, and targets made of them: for tests of how a checkpoint was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lib_modelsim.lineage.values import KeyValues

Model = dict[str, np.ndarray]

SHAPES = {
    "te.layer.weight": (48, 64),
    "te.norm.weight": (192,),
    **{f"unet.in{i}.{n}": s for i in range(4) for n, s in (("q", (64, 64)), ("ff", (96, 64)), ("norm", (128,)))},
    **{
        f"unet.out{i}.{n}": s for i in range(4) for n, s in (("conv", (24, 16, 3, 3)), ("k", (64, 96)), ("bias", (96,)))
    },
    "vae.conv": (16, 12, 3, 3),
    "vae.norm": (64,),
}


def stored(values: np.ndarray, dtype: str = "F16") -> np.ndarray:
    """As a file of this precision gives them back, in float32."""
    if dtype == "BF16":
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
    return values.astype({"F16": np.float16, "F32": np.float32}[dtype]).astype(np.float32)


def drawn(rng: np.random.Generator) -> Model:
    found = {}
    for key, shape in SHAPES.items():
        one = rng.normal(0, 1, shape) / np.sqrt(np.prod(shape[1:]) or 1)
        found[key] = stored(one if len(shape) > 1 else 1 + 0.1 * one)
    return found


def trained(model: Model, rng: np.random.Generator, size: float) -> Model:
    """Every weight moved by this share of its size, with a direction of its own per row. The VAE stays as it is."""
    found = {}
    for key, value in model.items():
        move = rng.normal(0, 1, value.shape) * (
            1 if value.ndim < 2 else np.exp(rng.normal(0, 0.3, (len(value), *[1] * (value.ndim - 1))))
        )
        scale = (
            0 if key.startswith("vae") else size * float(np.sqrt(np.mean(value**2))) * (0.1 if value.ndim < 2 else 1)
        )
        found[key] = stored(value + scale * move)
    return found


def family(seed: int) -> dict[str, Model]:
    """A base, three trainings of it, two of one of these, and an epoch further of one of those."""
    rng = np.random.default_rng(seed)
    found = {"base": drawn(rng)}
    for name, parent, size in (
        ("ink", "base", 0.09),
        ("velvet", "base", 0.07),
        ("harbor", "base", 0.11),
        ("lamp", "ink", 0.05),
        ("moth", "ink", 0.06),
        ("moth2", "moth", 0.01),
    ):
        found[name] = trained(found[parent], rng, size)
    return found


def merged(one: Callable[..., np.ndarray], *models: Model) -> Model:
    """`one` of every weight of these models, in float32."""
    return {key: one(*(model[key].astype(np.float32) for model in models)) for key in SHAPES}


def sample_of(target: Model, models: Mapping[str, Model], dtype: str = "F16") -> list[KeyValues]:
    """The target as it would be stored in this precision, beside these models."""
    return [
        KeyValues(
            key,
            key.partition(".")[0],
            {"te": "BASE", "vae": "VAE"}.get(key.partition(".")[0], key.split(".")[1].upper()),
            stored(target[key], dtype),
            {name: model[key] for name, model in models.items()},
            dtype,
        )
        for key in SHAPES
    ]
