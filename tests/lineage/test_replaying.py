"""Merge methods told from the numbers: right parents and parameters, or nothing."""

import numpy as np
import pytest

from lib_modelsim.lineage.copied import copied
from lib_modelsim.lineage.methods.registry import methods
from lib_modelsim.lineage.replaying import PROVEN, replay

from .relatives import family, merged, sample_of, stored, trained

CANDIDATES = ["ink", "velvet", "harbor", "lamp", "moth", "moth2"]


def found(target, models, dtype="F16"):
    return replay(sample_of(target, models, dtype), CANDIDATES, "base")


def proven(fits):
    return [fit for fit in fits if fit.residual_in_roundings < PROVEN]


def lerped(a, b, t):
    return (1 - t) * a + t * b


def slerp(a, b, t):
    """Shoemake's formula on unit vectors, the length interpolated."""
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    x, y = a.astype(np.float64) / na, b.astype(np.float64) / nb
    angle = np.arccos(np.clip(np.sum(x * y), -1, 1))
    if angle < 1e-7:
        return lerped(a, b, t)
    return (np.sin((1 - t) * angle) * x + np.sin(t * angle) * y) / np.sin(angle) * lerped(na, nb, t)


def cut(a, b, alpha, beta):
    rows = np.arange(len(a))
    start, end = int(len(a) * beta), int(len(a) * (alpha + beta))
    inside = (rows >= start) & (rows < end) | (rows < end - len(a))
    return np.where(inside.reshape(-1, *[1] * (a.ndim - 1)), b, a)


def ties(c, deltas, k, alpha):
    """The paper's three steps: trim, elect the sign by the larger total, mean of those that agree."""
    kept = []
    for d in deltas:
        least = np.sort(np.abs(d), axis=None)[max(int((1 - k) * d.size), 1) - 1]
        kept.append(np.where(np.abs(d) < least, 0, d))
    total = sum(kept)
    added, count = np.zeros_like(total), np.zeros_like(total)
    for d in kept:
        agrees = d * total > 0
        added, count = added + d * agrees, count + agrees
    return c + alpha * added / np.maximum(count, 1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", ["F16", "F32"])
@pytest.mark.parametrize(
    ("kind", "make", "parameters"),
    [
        ("slerp", lambda c, a, b: slerp(a, b, 0.37), {"alpha": 0.37}),
        ("max", lambda c, a, b: np.maximum(a, b), {}),
        ("tensor cut", lambda c, a, b: cut(a, b, 0.44, 0.2), {"alpha": 0.44, "beta": 0.2}),
        ("tensor cut", lambda c, a, b: cut(a, b, 0.4, 0.85), {"alpha": 0.4, "beta": 0.85}),
        ("ties", lambda c, a, b: ties(c, (a - c, b - c), 0.35, 0.8), {"k": 0.35, "alpha": 0.8}),
    ],
)
def test_a_method_is_found_with_its_parents_and_parameters(seed, dtype, kind, make, parameters):
    models = family(seed)
    a, b = np.random.default_rng(seed).choice(CANDIDATES[:5], 2, replace=False)
    first, *others = found(merged(make, models["base"], models[a], models[b]), models, dtype)
    assert first.method == kind
    assert first.residual_in_roundings < PROVEN
    assert {first.parents["A"], first.parents["B"]} == {a, b}
    assert not proven(others)
    swapped = first.parents["A"] != a
    for name, value in parameters.items():
        mirrored = {"alpha": 1 - value, "beta": parameters.get("beta", 0) + parameters.get("alpha", 0)}
        right = mirrored[name] % 1 if swapped and kind in ("slerp", "tensor cut") else value
        assert first.parameters[name] == pytest.approx(right, abs=0.01)


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_no_method_is_found_where_there_was_none(method):
    models, rng = family(5), np.random.default_rng(6)
    low = {
        k: w
        if w.ndim < 2
        else w + 0.01 * (rng.normal(size=(len(w), 4)) @ rng.normal(size=(4, w.size // len(w)))).reshape(w.shape)
        for k, w in models["moth"].items()
    }
    later = trained(merged(lambda a, b: 0.6 * a + 0.4 * b, models["ink"], models["velvet"]), rng, 0.01)
    for target in (models["moth"], trained(models["moth"], rng, 0.02), low, later, family(77)["ink"]):
        assert method.name not in {fit.method for fit in proven(found(target, models))}


def test_values_that_were_taken_over_are_counted_where_only_one_model_has_them():
    models = family(8)
    half = merged(lambda a, b: cut(a, b, 0.5, 0), models["ink"], models["harbor"])
    taken = copied(sample_of(half, models), list(models)).overall
    assert taken["ink"] == pytest.approx(0.5, abs=0.03)
    assert taken["harbor"] == pytest.approx(0.5, abs=0.03)
    assert max(taken[name] for name in taken if name not in ("ink", "harbor")) < 0.02
    linear = merged(lambda a, b: 0.6 * a + 0.4 * b, models["ink"], models["harbor"])
    chance = copied(sample_of(linear, models), list(models))
    assert max(chance.overall.values()) < 0.02
    assert set(chance.blocks) == {"BASE", *(f"IN{i}" for i in range(4)), *(f"OUT{i}" for i in range(4))}


def test_stored_gives_what_a_file_gives():
    import torch

    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    for dtype, kind in (("BF16", torch.bfloat16), ("F16", torch.float16)):
        assert (stored(values, dtype) == torch.from_numpy(values).to(kind).float().numpy()).all()
