"""Merge methods told from the numbers: right parents and parameters, or nothing."""

import numpy as np
import pytest

from lib_modelsim.lineage.methods.registry import methods
from lib_modelsim.lineage.replay import replaying
from lib_modelsim.lineage.replay.copied import copied
from lib_modelsim.lineage.replay.replaying import replay
from lib_modelsim.lineage.values import PROVEN

from ...pictures.test_extending import example
from ..relatives import family, merged, sample_of, stored, trained

CANDIDATES = ["ink", "velvet", "harbor", "lamp", "moth", "moth2"]

MIRRORED = ("slerp", "tensor cut", "geometric", "extract", "weighted sum")
"""Methods that are the same with A and B exchanged and 1 − α."""


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


def train_difference(a, b, c, alpha):
    weight = np.abs(b - a) / np.where((b == a) & (b == c), 1, np.abs(b - a) + np.abs(b - c))
    return a + 1.8 * alpha * weight * (b - c)


def smoothed(d):
    """Median over 3 and Gaussian of sigma 1 by their definitions, reflected at the borders."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(d, 1, "symmetric"), [3] * d.ndim)
    found = np.median(windows.reshape(*d.shape, -1), axis=-1).astype(np.float64)
    bell = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    for axis in range(d.ndim):
        pad = np.pad(found, [(4, 4) if i == axis else (0, 0) for i in range(d.ndim)], "symmetric")
        found = np.apply_along_axis(np.convolve, axis, pad, bell / bell.sum(), "valid")
    return found


def geometric(a, b, alpha):
    return (a.astype(np.complex128) ** (1 - alpha) * b.astype(np.complex128) ** alpha).real


def stock(c, a, b):
    x, y = a - c, b - c
    cosine = float(np.vdot(x, y) / max(np.linalg.norm(x) * np.linalg.norm(y), 1e-30))
    return c + 2 * cosine / (1 + cosine) * ((a + b) / 2 - c)


def extract(c, a, b, alpha, beta, gamma):
    x, y = a - c, b - c
    lengths = np.maximum(np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1), 1e-8)
    d = ((np.sum(x * y, -1) / lengths + 1)[..., None] / 2) ** gamma
    return c + ((1 - alpha) * x + alpha * y) * ((1 - beta) * d + beta * (1 - d))


def dropped(c, moves, weights, p, rng):
    """DARE: each number of each difference is dropped with probability p, the others made larger."""
    return c + sum(w * m * (rng.random(m.shape) >= p) / (1 - p) for w, m in zip(weights, moves, strict=True))


def della(c, moves, weights, p, rng, epsilon=0.15):
    """Larger numbers of a row are kept more often; what is left has the same sum of sizes as before."""
    total = np.zeros_like(c, dtype=np.float64)
    for w, m in zip(weights, moves, strict=True):
        rows = np.atleast_2d(m) if m.ndim < 2 else m
        ranks = np.argsort(np.argsort(np.abs(rows), axis=1), axis=1) / (rows.shape[1] - 1)
        kept = rows * (rng.random(rows.shape) < 1 - p - epsilon + 2 * epsilon * ranks)
        total += (w * kept * np.abs(rows).sum() / max(np.abs(kept).sum(), 1e-12)).reshape(m.shape)
    return c + total


def cosine_merge(first, second, alpha, normalised):
    """supermerger's cosineA (columns of length 1) and cosineB, the limits over all weights but the VAE's."""

    def alike(key):
        a, b = first[key].astype(np.float64), second[key].astype(np.float64)
        if normalised:
            a, b = a / np.linalg.norm(a, axis=0), b / np.linalg.norm(b, axis=0)
        each = np.sum(a * b, 0) / (np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0))
        return each, (each + np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))) / 2

    keys = [key for key in first if not key.startswith("vae")]
    every = np.concatenate([np.ravel(alike(key)[0 if normalised else 1]) for key in keys])
    every = every[every >= np.percentile(every, 1, method="midpoint")]
    every = every[every <= np.percentile(every, 99, method="midpoint")]
    found = dict(first)
    for key in keys:
        k = np.clip((alike(key)[1] - every.min()) / (every.max() - every.min()) - alpha, 0, 1)
        found[key] = second[key] * (1 - k) + first[key] * k
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("dtype", ["F16", "F32"])
@pytest.mark.parametrize(
    ("kind", "make", "parameters"),
    [
        ("slerp", lambda c, a, b: slerp(a, b, 0.37), {"alpha": 0.37}),
        ("max", lambda c, a, b: np.maximum(a, b), {}),
        ("tensor cut", lambda c, a, b: cut(a, b, 0.44, 0.2), {"alpha": 0.44, "beta": 0.2}),
        ("tensor cut", lambda c, a, b: cut(a, b, 0.4, 0.85), {"alpha": 0.4, "beta": 0.85}),
        ("ties", lambda c, a, b: ties(c, (a - c, b - c), 0.35, 0.8), {"k": 0.35, "alpha": 0.8}),
        ("train-difference", lambda c, a, b: train_difference(a, b, c, 0.73), {"alpha": 0.73}),
        ("smooth-add", lambda c, a, b: a + 0.6 * smoothed(b - c), {"alpha": 0.6}),
        ("geometric", lambda c, a, b: geometric(a, b, 0.3), {"alpha": 0.3}),
        ("model stock", stock, {}),
        ("extract", lambda c, a, b: extract(c, a, b, 0.4, 0.3, 1.7), {"alpha": 0.4, "beta": 0.3, "gamma": 1.7}),
        ("weighted sum", lambda c, a, b: 0.7 * a + 0.3 * b, {"alpha": 0.3}),
        ("add-difference", lambda c, a, b: a + 0.8 * (b - c), {"alpha": 0.8}),
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
        right = mirrored[name] % 1 if swapped and name in mirrored and kind in MIRRORED else value
        assert first.parameters[name] == pytest.approx(right, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "p"),
    [(kind, p) for kind in ("dare", "dare without a base") for p in (0.3, 0.5, 0.9)] + [("della", 0.3), ("della", 0.5)],
)
def test_random_masks_are_found_with_how_much_was_dropped(kind, p):
    models, rng = family(int(10 * p)), np.random.default_rng(1)
    ways = {
        "dare": lambda c, a, b: dropped(c, (a - c, b - c), (0.35, 0.65), p, rng),
        "della": lambda c, a, b: della(c, (a - c, b - c), (0.35, 0.65), p, rng),
        "dare without a base": lambda c, a, b: dropped(a, (b - a,), (0.65,), p, rng),
    }
    target = merged(ways[kind], models["base"], models["harbor"], models["moth"])
    first, *others = found(target, models)
    assert first.method == kind.split()[0]
    assert first.residual_in_roundings < PROVEN
    assert not proven(others)
    assert first.parents == {"A": "harbor", "B": "moth"} | ({} if "without" in kind else {"C": "base"})
    assert first.parameters["p"] == pytest.approx(p, abs=0.015)
    assert first.parameters["alpha"] == pytest.approx(0.65, abs=0.015)
    assert first.shares["A"] == pytest.approx(0.35, abs=0.015)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("kind", "normalised"), [("cosineA", True), ("cosineB", False)])
def test_parts_by_column_are_found_in_their_order(seed, kind, normalised):
    models = family(seed)
    first, *others = found(cosine_merge(models["velvet"], models["lamp"], 0.2, normalised), models)
    assert first.method == kind
    assert first.residual_in_roundings < PROVEN
    assert not proven(others)
    assert first.parents == {"A": "velvet", "B": "lamp"}
    assert first.parameters["alpha"] == pytest.approx(0.2, abs=0.02)


def test_one_factor_for_each_block_is_found_where_a_method_was_weighted_by_blocks():
    models = family(4)
    alphas = {key: 0.2 + 0.1 * int(key[-1]) if key[-1].isdigit() else 0.9 for key in ("in0", "in1", "in2", "in3")}
    target = {
        key: train_difference(
            models["moth"][key], models["velvet"][key], models["base"][key], alphas.get(key[5:8], 0.5)
        )
        for key in models["base"]
    }
    first = found(target, models)[0]
    assert first.method == "train-difference"
    assert first.residual_in_roundings < PROVEN
    assert first.parents == {"A": "moth", "B": "velvet", "C": "base"}
    assert first.blocks["IN2"]["alpha"] == pytest.approx(0.4, abs=0.01)
    assert first.blocks["OUT0"]["alpha"] == pytest.approx(0.5, abs=0.01)


def test_a_method_is_found_whose_vae_was_exchanged():
    models = family(9)
    target = merged(lambda a, b: slerp(a, b, 0.4), models["ink"], models["harbor"])
    target |= {key: value for key, value in family(10)["base"].items() if key.startswith("vae")}
    first = found(target, models)[0]
    assert first.method == "slerp"
    assert first.residual_in_roundings < PROVEN


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


def test_the_cast_of_a_parent_is_found_and_is_no_proof():
    models = family(14)
    target = merged(lambda a, b, c: train_difference(a, b, c, 0.7), models["moth"], models["velvet"], models["base"])
    models["velvet"] = {key: stored(value, "BF16") for key, value in models["velvet"].items()}
    first = found(target, models)[0]
    assert (first.method, first.coarse) == ("train-difference", True)
    assert first.parents == {"A": "moth", "B": "velvet", "C": "base"}
    assert first.residual_in_roundings < PROVEN
    assert first.parameters["alpha"] == pytest.approx(0.7, abs=0.01)
    exact = merged(lambda a, b, c: train_difference(a, b, c, 0.7), models["moth"], models["velvet"], models["base"])
    assert not found(exact, models)[0].coarse


def test_the_method_of_the_docs_is_found_like_ours(monkeypatch):
    models = family(12)
    target = merged(np.minimum, models["ink"], models["velvet"])
    assert not proven(found(target, models))
    method = example("Add a merge method")["METHOD"]
    monkeypatch.setattr(replaying, "methods", lambda: (*methods(), method))
    first = found(target, models)[0]
    assert (first.method, first.residual_in_roundings) == ("min", 0)
    assert first.parents == {"A": "ink", "B": "velvet"}


def test_stored_gives_what_a_file_gives():
    import torch

    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    for dtype, kind in (("BF16", torch.bfloat16), ("F16", torch.float16)):
        assert (stored(values, dtype) == torch.from_numpy(values).to(kind).float().numpy()).all()
