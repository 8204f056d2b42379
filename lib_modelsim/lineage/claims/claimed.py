"""What a file's metadata claims of its making, in the words of a recipe: parents, shares, method.

Written by: the WebUI's merger (AUTOMATIC1111 modules/extras.py, Forge's the same), supermerger (hako-mikan/
sd-webui-supermerger scripts/mergers/mergers.py), Chattiori (Faildes/Chattiori-Model-Merger merge.py), sd-mecha (`calls`
of checkpoints/recipes/mecha.py), ComfyUI (comfy_extras/nodes_model_merging.py), ModelSpec's merged_from, trainers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...checkpoints.embedded import Origin, Parent
from ...checkpoints.recipes.merge_models import MODEL_FIELDS
from ...checkpoints.recipes.steps import parse
from ...text import several
from .. import kinds
from .claimed_steps import linear_shares, nonlinear_method


@dataclass(frozen=True)
class Claimed:
    """`parents` in the program's order, with their `shares` where it tells constant ones, `method` a word of `kinds` or
    None where it does not tell; `varied`: the shares differ by block. `text` is the claim in a line."""

    text: str
    parents: tuple[Parent, ...] = ()
    shares: tuple[float, ...] = ()
    method: str | None = None
    varied: bool = False
    trained: bool = False
    adapters: tuple[str, ...] = field(default=())


def claimed_of(origin: Origin) -> Claimed | None:
    """What the metadata claims; None where they claim nothing of the making. A merger's own recipe counts first: the
    WebUI's merger copies beside it what its models say of themselves."""
    if origin.recipe and origin.tool not in ("sd-mecha", "ComfyUI"):
        return _of_recipe(origin)
    if origin.calls or origin.steps:
        return _of_steps(origin)
    if origin.parents:
        names = several([_name(parent) for parent in origin.parents], 6)
        return Claimed(f"merged from {names}", tuple(origin.parents))
    return _of_training(origin)


def _name(parent: Parent) -> str:
    return parent.name or (parent.sha256 or "")[:10] or "a model without a name"


# recipes with fields


_METHODS: Sequence[tuple[str, str, int]] = (
    (r"no interpolation|noin", kinds.COPY, 1),
    (r"train.?difference", "train-difference", 3),
    (r"smooth.?add", "smooth-add", 3),
    (r"extract", "extract", 3),
    (r"cosine.?a|cosine_0", "cosineA", 2),
    (r"cosine.?b|cosine_1", "cosineB", 2),
    (r"tensor", "tensor cut", 2),
    (r"triple|sum twice|^ts$|^st$", kinds.TRIPLE_SUM, 3),
    (r"^add|add.?difference|^ad$", kinds.ADD_DIFFERENCE, 3),
    (r"weight|^ws$|^sum$", kinds.WEIGHTED_SUM, 2),
)
"""What a program calls a method → a recipe's kind, and how many models it takes; the first that is found counts."""


def _of_recipe(origin: Origin) -> Claimed:
    fields = origin.recipe
    said = [fields.get(key, "") for key in ("calcmode", "calculation", "interp_method", "merge_method", "mode")]
    method, count = next(
        ((kind, n) for text in said for pattern, kind, n in _METHODS if re.search(pattern, text, re.IGNORECASE)),
        (None, 3),
    )
    parents = _by_hash(origin, count) or tuple(origin.parents)[: count if method else None]
    alpha = _number(fields, "multiplier", "base_alpha", "alpha", "alpha_info")
    beta = _number(fields, "base_beta", "beta", "beta_info")
    varied = _true(fields, "mbw", "block_weights", "elemental_merge")
    if varied and method == kinds.WEIGHTED_SUM:
        method = kinds.BLOCK_WEIGHTED
    told = f"{origin.tool or 'a merger'}: {method or 'a merge'} of {several([_name(p) for p in parents], 6)}"
    if alpha is not None and not varied and method != kinds.COPY:
        told += f" at {alpha:g}" + (f" and {beta:g}" if method == kinds.TRIPLE_SUM and beta is not None else "")
    shares = () if varied else _shares(method, len(parents), alpha, beta)
    return Claimed(told, parents, shares, method, varied)


def _by_hash(origin: Origin, count: int) -> tuple[Parent, ...]:
    """A, B and C by the recipe's own hashes, in this order: `sd_merge_models` holds the models of models, too."""
    names = {parent.sha256: parent.name for parent in origin.parents}
    for keys in MODEL_FIELDS:
        hashes = [origin.recipe.get(key, "") for key in keys]
        found = [Parent(digits, names.get(digits)) for digits in hashes[:count] if _HASH.fullmatch(digits)]
        if found:
            return tuple(found)
    return ()


_HASH = re.compile(r"[0-9a-fA-F]{64}")


def _shares(method: str | None, count: int, alpha: float | None, beta: float | None) -> tuple[float, ...]:
    if method == kinds.COPY:
        return (1.0,)
    if alpha is None:
        return ()
    if method == kinds.WEIGHTED_SUM and count == 2:
        return (1 - alpha, alpha)
    if method == kinds.ADD_DIFFERENCE and count == 3:
        return (1.0, alpha, -alpha)
    if method == kinds.TRIPLE_SUM and count == 3 and beta is not None:
        return (1 - alpha - beta, alpha, beta)
    return ()


def _number(fields: Mapping[str, str], *keys: str) -> float | None:
    for key in keys:
        value = parse(fields.get(key))
        if type(value) in (int, float):
            return float(value)
    return None


def _true(fields: Mapping[str, str], *keys: str) -> bool:
    return any(parse(fields.get(key)) not in (None, False, [], "", {}) for key in keys)


# recipes of steps


def _of_steps(origin: Origin) -> Claimed:
    shares = linear_shares(origin.calls, origin.result)
    parents = [parent for parent in origin.parents if parent.name]
    told = f"{origin.tool or 'a program'}: {'; '.join(origin.steps[:4])}" + (" …" if len(origin.steps) > 4 else "")
    if not origin.steps:
        told = f"{origin.tool or 'a program'}: made from {several([_name(parent) for parent in parents], 6)}"
    adapters = tuple(origin.adapters)
    if shares is None:
        return Claimed(told, tuple(parents), (), nonlinear_method(origin.calls), adapters=adapters)
    kept = {name: share for name, share in shares.items() if abs(share) > 1e-9}
    return Claimed(told, tuple(Parent(None, name) for name in kept), tuple(kept.values()), None, adapters=adapters)


# trainings


def _of_training(origin: Origin) -> Claimed | None:
    hashes = [origin.training.get(key, "") for key in ("new_sd_model_hash", "sd_model_hash")]
    digits = next((one for one in hashes if _HASH.fullmatch(one)), None)
    if not origin.training or (digits is None and origin.base is None):
        return None
    parent = Parent(digits, origin.base)
    return Claimed(f"trained from {_name(parent)}", (parent,), (), kinds.FINE_TUNE, trained=True)
