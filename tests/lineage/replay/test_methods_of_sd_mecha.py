"""What sd-mecha's own functions make is told from the numbers; run where the package is installed (from PyPI)."""

import numpy as np
import pytest

pytest.importorskip("sd_mecha")

import torch
from sd_mecha.extensions.builtin.merge_methods import cosine, linear, slicing, ties

from lib_modelsim.lineage.values import PROVEN

from ..relatives import family, merged
from .test_replaying import CANDIDATES, found

NAMES = ("A", "B", "C")


def number(value):
    return torch.tensor(float(value))


def run(method, *tensors, **parameters):
    """One of its methods on a weight; those that take whole models get ones of a single key."""
    try:
        return method.__wrapped__(*tensors, **parameters)
    except (TypeError, IndexError, KeyError):
        return method.__wrapped__(*({"w": one} for one in tensors), **parameters, key="w")


def train_difference(a, b, c):
    mask = run(linear.train_difference_mask, a, b, c, alpha=number(0.8))
    return run(linear.add_difference, a, b - c, alpha=mask)


WAYS = {
    "weighted sum": (lambda a, b, c: run(linear.weighted_sum, a, b, alpha=number(0.3)), {"alpha": 0.3}),
    "add-difference": (lambda a, b, c: run(linear.add_difference, a, b - c, alpha=number(0.7)), {"alpha": 0.7}),
    "slerp": (lambda a, b, c: run(linear.slerp, a, b, alpha=number(0.4)), {"alpha": 0.4}),
    "geometric": (lambda a, b, c: run(linear.geometric_sum, a, b, alpha=number(0.4)), {"alpha": 0.4}),
    "train-difference": (train_difference, {"alpha": 0.8}),
    "tensor cut": (
        lambda a, b, c: run(slicing.tensor_sum, a.clone(), b.clone(), width=0.4, offset=0.3),
        {"alpha": 0.4, "beta": 0.3},
    ),
    "ties": (lambda a, b, c: c + 0.9 * run(ties.ties_sum, a - c, b - c, k=0.4), {"k": 0.4, "alpha": 0.9}),
    "ties by sum": (
        lambda a, b, c: c + run(ties.ties_sum, a - c, b - c, k=0.3, vote_sgn=True),
        {"k": 0.3, "alpha": 1.0},
    ),
    "model stock": (lambda a, b, c: c + run(ties.model_stock, a - c, b - c), {}),
    "cosineB": (lambda a, b, c: run(cosine.add_cosine_b, a, b, alpha=number(0.3)), {"alpha": 0.3}),
    "dare": (
        lambda a, b, c: c + 0.8 * run(ties.dropout, a - c, b - c, probability=0.5, seed=5),
        {"p": 0.5, "alpha": 0.8},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_sd_mecha_made_is_found(way):
    make, parameters = WAYS[way]
    models = family(21)

    def one(a, b, c):
        return make(*(torch.from_numpy(np.ascontiguousarray(x)) for x in (a, b, c))).numpy()

    fits = found(merged(one, models["moth"], models["velvet"], models["base"]), models)
    assert fits, "nothing was found"
    first = fits[0]
    kind = way.removesuffix(" by sum")
    assert (first.method, first.residual_in_roundings < PROVEN) == (kind, True)
    assert {first.parents["A"], first.parents["B"]} == {"moth", "velvet"} <= set(CANDIDATES)
    assert first.parents.get("C", "base") == "base"
    swapped = first.parents["A"] == "velvet" and kind in ("slerp", "geometric", "weighted sum", "tensor cut")
    right = {"alpha": 1 - parameters.get("alpha", 0), "beta": sum(parameters.values())} if swapped else parameters
    for name in parameters:
        assert first.parameters[name] == pytest.approx(right[name], abs=0.02)
