"""Shares from a merge's steps: what a program's methods, one after another, make of the models they began with.

`ratio` of ComfyUI's nodes is the share of the first model, `alpha` of sd-mecha's methods that of the second
(comfy_extras/nodes_model_merging.py; sd_mecha 1.1.8, extensions/builtin/merge_methods/linear.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...checkpoints.recipes.steps import MergeCall

Shares = dict[str, float]


def linear_shares(calls: Sequence[MergeCall], result: str) -> Shares | None:
    """Model → share of what became the network; None where a step is not linear, or differs by block."""
    made: dict[str, Shares | None] = {}
    for number, call in enumerate(calls, 1):
        made[f"step {number}"] = _made_by(call, made)
    found = made.get(result, {result: 1.0}) if result else None
    return found or None


def nonlinear_method(calls: Sequence[MergeCall]) -> str | None:
    """The recipe's kind of the only step that is not linear, where it is known."""
    every = [next((kind for name, kind in _NONLINEAR.items() if call.method.startswith(name)), None) for call in calls]
    found = set(every) - {None}
    return found.pop() if len(found) == 1 else None


_NONLINEAR = {
    "slerp": "slerp",
    "ties_sum_with_dropout": "dare",
    "dropout": "dare",
    "train_difference_mask": "train-difference",
    "add_cosine_a": "cosineA",
    "add_cosine_b": "cosineB",
    "geometric_sum": "geometric",
    "model_stock": "model stock",
    "tensor_sum": "tensor cut",
    "ModelMergeBlocks": "block-weighted",
    "ModelMergeSD": "block-weighted",
    "ModelMergeFlux": "block-weighted",
    "ties_sum": "ties",
}
"""How the name of a method or node begins → a recipe's kind; the first that does counts."""


def _made_by(call: MergeCall, made: dict[str, Shares | None]) -> Shares | None:
    inputs = [made.get(name, {name: 1.0}) for name in call.inputs]
    if not inputs or any(one is None for one in inputs):
        return None
    first, *others = inputs
    plain = call.numbers.get("alpha", call.numbers.get(""))
    match call.method, len(inputs):
        case "weighted_sum", 2:
            share = 0.5 if plain is None else plain
            return _sum((1 - share, first), (share, others[0]))
        case "add_difference", 2:
            return _sum((1, first), (1 if plain is None else plain, others[0]))
        case "subtract", 2:
            return _sum((1, first), (-1, others[0]))
        case "n_average", _:
            return _sum(*((1 / len(inputs), one) for one in inputs))
        case (("fallback" | "cast" | "pick_component" | "omit_component" | "omit_non_finite"), _):
            return first
        case "ModelMergeSimple", 2 if "ratio" in call.numbers:
            return _sum((call.numbers["ratio"], first), (1 - call.numbers["ratio"], others[0]))
        case "ModelMergeAdd", 2:
            return _sum((1, first), (1, others[0]))
        case "ModelMergeSubtract", 2:
            times = call.numbers.get("multiplier", 1.0)
            return _sum((times, first), (-times, others[0]))
    return first if call.method.startswith(_PASSING) else None


_PASSING = ("LoraLoader", "ModelSampling", "CheckpointSave", "ModelSave", "RescaleCFG", "FreeU")
"""Nodes that leave the shares of the models as they are."""


def _sum(*parts: tuple[float, Shares | None]) -> Shares:
    found: Shares = {}
    for times, shares in parts:
        for name, share in (shares or {}).items():
            found[name] = found.get(name, 0.0) + times * share
    return found
