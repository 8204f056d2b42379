"""Evidence made from arrays, by the definitions alone: {key: numbers} of a target and of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib_modelsim.lineage.evidence import TargetEvidence
from lib_modelsim.lineage.products import Distances
from lib_modelsim.lineage.values import KeyValues

Model = Mapping[str, np.ndarray]


def place_of(key: str) -> tuple[str, str]:
    """Component and block: "te.…" is the text encoder, "vae.…" the VAE, "B03.…" a block of the UNet."""
    first = key.split(".", maxsplit=1)[0]
    return {"te": ("te", "BASE"), "vae": ("vae", "VAE")}.get(first, ("unet", first))


def distances(name: str, keys: Sequence[str], target: Model, models: Mapping[str, Model]) -> Distances:
    component, block = place_of(keys[0])
    held = [each for each, model in models.items() if all(key in model for key in keys)]
    flat = [np.concatenate([m[key].astype("f8").ravel() for key in keys]) for m in (target, *(models[n] for n in held))]
    squares = np.array([[((a - b) ** 2).sum() for b in flat] for a in flat])
    norms = np.array([(a**2).sum() for a in flat])
    return Distances(name, component, block, ("target", *held), squares, norms, flat[0].size)


def evidence_of(
    target: Model,
    models: Mapping[str, Model],
    base: str | None = None,
    dtype: str = "F16",
    precisions: Mapping[str, str] | None = None,
    network: str = "SD 1.x",
    **more: object,
) -> TargetEvidence:
    """Of a target and models whose numbers are held as `dtype` says."""
    groups: dict[tuple[str, str], list[str]] = {}
    for key in target:
        groups.setdefault(place_of(key), []).append(key)
    components = dict.fromkeys(component for component, _ in groups)

    def values(keys: Sequence[str], names: Sequence[str]) -> list[KeyValues]:
        return [
            KeyValues(
                key,
                *place_of(key),
                target[key].astype("f4"),
                {n: models[n][key].astype("f4") for n in names if key in models[n]},
                dtype,
            )
            for key in keys
        ]

    return TargetEvidence(
        "target",
        network,
        [distances(block, keys, target, models) for (_, block), keys in groups.items()],
        lambda names: values(list(target), names),
        lambda names: [distances(key, [key], target, {n: models[n] for n in names}) for key in target],
        base,
        candidates=tuple(models),
        values=values,
        precisions={
            name: dict.fromkeys(components, (precisions or {}).get(name, dtype)) for name in ("target", *models)
        },
        **more,
    )


def drawn(seed: int, blocks: int = 4, size: int = 24, dtype: str = "f2") -> dict[str, np.ndarray]:
    """A network of some blocks with a matrix, a convolution and a norm each, a text encoder and a VAE."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for block in (*(f"B{i:02d}" for i in range(blocks)), "te", "vae"):
        found[f"{block}.to_q.weight"] = rng.normal(size=(size, 2 * size)) / np.sqrt(size)
        found[f"{block}.conv.weight"] = rng.normal(size=(size, size // 2, 3, 3)) / size
        found[f"{block}.norm.weight"] = 1 + 0.1 * rng.normal(size=size)
    return {key: one.astype(dtype) for key, one in found.items()}


def moved(model: Model, seed: int, by: float = 0.1, only: str = "", dtype: str = "f2") -> dict[str, np.ndarray]:
    """The model trained on: every weight whose key begins so by noise of this part of its size."""
    rng = np.random.default_rng(seed)
    return {
        key: (w + by * w.astype("f4").std() * rng.normal(size=w.shape)).astype(dtype)
        if key.startswith(only)
        else w
        for key, w in model.items()
    }


def mixed(shares: Mapping[str, float], models: Mapping[str, Model], dtype: str = "f2") -> dict[str, np.ndarray]:
    """Σ share · model in float32, stored as `dtype`."""
    first = models[next(iter(shares))]
    return {
        key: sum(np.float32(s) * models[n][key].astype("f4") for n, s in shares.items()).astype(dtype) for key in first
    }
