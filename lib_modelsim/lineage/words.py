"""A recipe as a person reads it aloud: one sentence, the blocks, what the evidence is, what was not looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..checkpoints.identity import component_label
from ..similarity.coverage import share_in_words
from ..text import several
from . import kinds
from .block_words import in_a_few_words, number, runs_of, table
from .recipe import BakedLora, ComponentOrigin, ParentShare, Recipe

MINUS = "−"


def sentence(recipe: Recipe) -> str:
    """What it is made of, in one sentence: "a = 0.60 b + 0.40 c, VAE of d; explained to 99.98 %; its own metadata
    agrees."."""
    made = _MADE.get(recipe.kind, _mixed)(recipe)
    parts = [made, *_components(recipe)]
    after = [*_lora(recipe), *_trained(recipe), *_left(recipe), *_claimed(recipe)]
    return "; ".join([", ".join(parts), *after]) + "."


def name(parent: ParentShare) -> str:
    """A model, and those that would explain as much."""
    return parent.model + (f" (or {several(parent.same_as, 3)})" if parent.same_as else "")


def _is(recipe: Recipe) -> str:
    """ "a =", or "a is perhaps" where it is not proven."""
    return f"{recipe.target} =" if recipe.sure else f"{recipe.target} is perhaps"


def _named(recipe: Recipe) -> str:
    return several([name(parent) for parent in recipe.parents], 6) or "a model that is not here"


def _mixed(recipe: Recipe) -> str:
    """Every way that has shares, else by the method's name."""
    shared = [parent for parent in recipe.parents if parent.share is not None]
    if not recipe.parents:
        return f"What {recipe.target} is made of could not be told from these checkpoints"
    if len(shared) < len(recipe.parents) or recipe.kind in _BY_NAME:
        return _by_method(recipe)
    formula = _difference(recipe) or _sum(recipe.parents)
    how = [formula]
    if recipe.kind == kinds.BLOCK_WEIGHTED or len(set(map(str, recipe.blocks.values()))) > 1:
        few = in_a_few_words(_without_vae(recipe), [parent.model for parent in recipe.parents])
        how += [f"{kinds.BLOCK_WEIGHTED} ({few})" if few else kinds.BLOCK_WEIGHTED] if _varies(recipe) else []
    return f"{_is(recipe)} {', '.join(how)}"


def _varies(recipe: Recipe) -> bool:
    return len(runs_of(_without_vae(recipe), [parent.model for parent in recipe.parents])) > 1


def _without_vae(recipe: Recipe) -> dict:
    """The blocks of which shares are told; where the VAE is from stands beside them."""
    apart = recipe.components.get("vae")
    return {b: held for b, held in recipe.blocks.items() if b != "VAE" or (apart is None or apart.kind == "merged")}


def _sum(parents: Sequence[ParentShare]) -> str:
    told = ""
    for parent in parents:
        share = parent.share or 0.0
        sign = f" {MINUS} " if share < 0 else " + "
        told += (sign if told else MINUS if share < 0 else "") + f"{abs(share):.2f} {name(parent)}"
    return told


def _difference(recipe: Recipe) -> str:
    """ "A + 0.50 · (B − C)", where the parents stand in these roles."""
    role = {parent.role: parent for parent in recipe.parents}
    a, b, c = (role.get(letter) for letter in "ABC")
    if recipe.kind != kinds.ADD_DIFFERENCE or len(recipe.parents) != 3 or not (a and b and c):
        return ""
    alpha = b.share or 0.0
    sign = MINUS if alpha < 0 else "+"
    times = "" if abs(alpha - 1) < 0.005 else f"{abs(alpha):.2f} · "
    return f"{name(a)} {sign} {times}({name(b)} {MINUS} {name(c)})"


def _by_method(recipe: Recipe) -> str:
    method = recipe.method
    told = [f"{key} {number(value)}" for key, value in method.parameters.items()] if method else []
    shown = f" ({', '.join(told)})" if told else ""
    base = f" over {recipe.base}" if recipe.kind in _OVER_BASE and recipe.base else ""
    models = [name(p) for p in recipe.parents if not (base and p.model == recipe.base)]
    return f"{_is(recipe)} {recipe.kind} of {several(models, 6)}{base}{shown}"


_OVER_BASE = {"ties", "dare", "della", "model stock"}
"""Ways that take differences from the base."""

_BY_NAME = _OVER_BASE | {"slerp", "cosineA", "cosineB", "train-difference", "smooth-add", "tensor cut", "geometric"}
_BY_NAME |= {"max", "extract"}
"""Ways of which shares alone would tell something else."""


def _copy(recipe: Recipe) -> str:
    return f"{recipe.target} has the same weights as {_named(recipe)}"


def _cast(recipe: Recipe) -> str:
    return f"{recipe.target} is {_named(recipe)} in another precision"


def _fine_tune(recipe: Recipe) -> str:
    return f"{recipe.target} {'was' if recipe.sure else 'was perhaps'} trained from {_named(recipe)}"


def _changed(recipe: Recipe) -> str:
    return f"{_is(recipe)} {_named(recipe)}"


def _adjusted(recipe: Recipe) -> str:
    keys = f" in {several(recipe.keys, 4)}" if recipe.keys else ""
    return f"{_is(recipe)} {_named(recipe)}, adjusted{keys}"


def _swapped(recipe: Recipe) -> str:
    """The first parent; whose components those are stands behind it."""
    return f"{_is(recipe)} {name(recipe.parents[0]) if recipe.parents else _named(recipe)}"


def _unrelated(recipe: Recipe) -> str:
    return f"{recipe.target} is kin to none of these checkpoints"


_MADE: dict[str, Callable[[Recipe], str]] = {
    kinds.COPY: _copy,
    kinds.CAST: _cast,
    kinds.FINE_TUNE: _fine_tune,
    kinds.LORA: _changed,
    kinds.ADJUST: _adjusted,
    kinds.SWAP: _swapped,
    kinds.UNRELATED: _unrelated,
}


def _components(recipe: Recipe) -> list[str]:
    """ "VAE of harborlight": the components that are not as the rest."""
    if recipe.kind in (kinds.COPY, kinds.CAST, kinds.UNRELATED):
        return []
    only = recipe.parents[0].model if len(recipe.parents) == 1 or recipe.kind == kinds.SWAP else None
    told = (_component(label, origin, only) for label, origin in recipe.components.items())
    return [text for text in told if text]


def _component(component: str, origin: ComponentOrigin, only: str | None) -> str:
    label = component_label(component)
    if origin.kind == "same" and origin.source != only:
        return f"{label} of {origin.source}"
    if origin.kind == "changed" and origin.source is not None and origin.source != only:
        return f"{label} of {origin.source}, changed"
    return f"{label} of none of these" if origin.kind == "unknown" else ""


def _lora(recipe: Recipe) -> list[str]:
    return [f"with {several([_baked(one) for one in recipe.lora])}"] if recipe.lora else []


def _baked(lora: BakedLora) -> str:
    strength = "" if lora.strength is None else f" at {lora.strength:.2f}".replace("-", MINUS)
    if lora.name is not None:
        return f"the LoRA {lora.name}{strength}"
    return "a LoRA that is not here" + ("" if lora.rank is None else f" (rank {lora.rank})")


def _trained(recipe: Recipe) -> list[str]:
    size = recipe.trained_after
    if size is None:
        return ["then trained on"] if recipe.kind == kinds.FINE_TUNE_OF_A_MERGE else []
    what = "by this training its weights changed" if recipe.kind == kinds.FINE_TUNE else "then trained on, by"
    return [f"{what} {_size(size)} of their size" if recipe.kind == kinds.FINE_TUNE else f"{what} {_size(size)}"]


def _size(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"


def _left(recipe: Recipe) -> list[str]:
    if recipe.missing is not None:
        return [f"a parent is missing: {_unexplained(recipe.missing.unexplained)} unexplained"]
    if recipe.residual is None or recipe.kind in (kinds.COPY, kinds.UNRELATED) or not recipe.parents:
        return []
    return [f"explained to {explained(1 - recipe.residual)}"]


def _unexplained(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def explained(share: float) -> str:
    """How much of the way from the nearest parent is explained, never rounded up to all of it: "99.98 %"."""
    if share >= 1:
        return "100 %"
    digits = 0 if share < 0.9 else 1 if share < 0.99 else 2
    scale = 10**digits
    return f"{max(math.floor(100 * share * scale) / scale, 0):.{digits}f} %"


def _claimed(recipe: Recipe) -> list[str]:
    if recipe.claim is None:
        return []
    if recipe.claim.agrees is None:
        return ["its own metadata could not be checked"]
    return ["its own metadata agrees" if recipe.claim.agrees else "its own metadata says something else"]


def blocks(recipe: Recipe) -> list[tuple[str, ...]]:
    """A head, then a row for each block with the share of each model; nothing where all have the same ones."""
    return table(recipe.blocks, [parent.model for parent in recipe.parents]) if _varies(recipe) else []


def evidence(recipe: Recipe) -> list[str]:
    """How that is known: the method and what it leaves, the shares' intervals, what the file says of itself."""
    lines = []
    method = recipe.method
    if method is not None:
        left = method.residual_in_roundings
        told = "" if left is None else f": it leaves {left:.2f} roundings" + ("" if left < 2 else ", which is no proof")
        lines += [f"{method.name}{told}" + (f" ({method.why})" if method.why else "")]
    lines += [line for parent in recipe.parents if (line := _interval(parent))]
    if recipe.missing is not None and recipe.missing.why:
        lines.append(recipe.missing.why)
    if recipe.claim is not None:
        lines.append(f"its metadata say: {recipe.claim.text}" + (f" ({recipe.claim.why})" if recipe.claim.why else ""))
    return lines


def _interval(parent: ParentShare) -> str:
    low, high = parent.low, parent.high
    if parent.share is None or low is None or high is None:
        return ""
    told = f"{parent.model}: {parent.share:.4f}, between {low:.4f} and {high:.4f}".replace("-", MINUS)
    return told + (", which cannot be told from 0" if low <= 0 <= high else "")


def limits(recipe: Recipe) -> list[str]:
    """What was not looked at, and what else a person has to know."""
    told = [] if recipe.coverage >= 1 else [f"looked at {share_in_words(recipe.coverage)} of the network, not at the rest"]
    return [*told, *recipe.remarks]
