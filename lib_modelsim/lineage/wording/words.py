"""A recipe as a person reads it aloud: one sentence, the blocks, what the evidence is, what was not looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ...checkpoints.identity import component_label
from ...similarity.coverage import share_in_words
from ...text import several
from .. import kinds
from ..recipe import BakedLora, ComponentOrigin, ParentShare, Recipe, Shares
from ..values import PROVEN
from .apart import difference_of, differing
from .block_words import MINUS, in_a_few_words, number, runs_of, table


def sentence(recipe: Recipe) -> str:
    """What it is made of, in one sentence: "a = 0.60 b + 0.40 c, VAE of d; explained to 99.98 %; its own metadata
    agrees."."""
    return "; ".join([made_of(recipe), *_trained(recipe), *_left(recipe), *_claimed(recipe)]) + "."


def made_of(recipe: Recipe) -> str:
    """The first part of the sentence, without what is left."""
    made = _MADE.get(recipe.kind, _mixed)(recipe)
    return ", ".join([made, *_lora(recipe), *_components(recipe)])


def blocks(recipe: Recipe) -> list[tuple[str, ...]]:
    """A head, then a row for each block with the share of each model; nothing where all have the same ones."""
    return table(recipe.blocks, _models(recipe)) if _varies(recipe) else []


def name(parent: ParentShare) -> str:
    """A model, and those that would explain as much."""
    return parent.model + (f" (or {several(parent.same_as, 3)})" if parent.same_as else "")


def _models(recipe: Recipe) -> list[str]:
    return [parent.model for parent in recipe.parents]


def _is(recipe: Recipe) -> str:
    """ "a =", or "a is perhaps" where it is not proven."""
    return f"{recipe.target} =" if recipe.sure else f"{recipe.target} is perhaps"


# the ways to be made


def _mixed(recipe: Recipe) -> str:
    """By shares, where these say it all, else by the method's name."""
    shared = [parent for parent in recipe.parents if parent.share is not None]
    if not recipe.parents:
        return f"What {recipe.target} is made of could not be told from these checkpoints"
    if not shared or recipe.kind not in _BY_SHARES:
        return _by_method(recipe)
    if len(shared) == 1 and recipe.kind == kinds.UNKNOWN:
        return f"{_is(recipe)} {name(shared[0])}, changed in a way that is not known"
    formula = _difference(recipe) or _sum(shared)
    if recipe.kind == kinds.UNKNOWN:
        return f"What {recipe.target} is made of could not be told; nearest to it is {formula}"
    if not _varies(recipe):
        return f"{_is(recipe)} {formula}"
    few = in_a_few_words(_merged(recipe), [parent.model for parent in shared])
    return f"{_is(recipe)} {formula}, {kinds.BLOCK_WEIGHTED}" + (f" ({few})" if few else "")


def _varies(recipe: Recipe) -> bool:
    """Whether the shares differ by block."""
    return len(runs_of(_merged(recipe), _models(recipe))) > 1


def _merged(recipe: Recipe) -> Mapping[str, Shares]:
    """The blocks without those of components that are one model's own, which are told beside them."""
    own = {name[:2] for name, origin in recipe.components.items() if origin.kind == "same"}
    apart = ({"VAE"} if "va" in own else set()) | ({"BASE"} if "te" in own else set())
    return {block: held for block, held in recipe.blocks.items() if block not in apart}


def _sum(parents: Sequence[ParentShare]) -> str:
    told = ""
    for parent in parents:
        share = parent.share or 0.0
        sign = f" {MINUS} " if share < 0 else " + "
        told += (sign if told else MINUS if share < 0 else "") + f"{abs(share):.2f} {name(parent)}"
    return told


def _difference(recipe: Recipe) -> str:
    """ "A + 0.50 · (B − C)" of an add-difference."""
    found = difference_of(recipe)
    if found is None:
        return ""
    by_name = {parent.model: name(parent) for parent in recipe.parents}
    a, b, c = (by_name[model] for model in found[:3])
    alpha = found[3]
    times = "" if abs(abs(alpha) - 1) < 0.005 else f"{abs(alpha):.2f} · "
    return f"{a} {MINUS if alpha < 0 else '+'} {times}({b} {MINUS} {c})"


def _by_method(recipe: Recipe) -> str:
    """ "ties of b and c over base (k 0.5)"."""
    told = [f"{key} {number(value)}" for key, value in recipe.method.parameters.items()] if recipe.method else []
    base = _origin(recipe) if recipe.kind in _OVER_BASE else None
    models = several([name(parent) for parent in recipe.parents if parent.model != base], 6)
    how = f"{recipe.kind} of {models}" + (f" over {base}" if base else "")
    return f"{_is(recipe)} {how}" + (f" ({', '.join(told)})" if told else "")


def _origin(recipe: Recipe) -> str | None:
    """What differences are taken from: C, or the base where the parents have no letters."""
    role = {parent.role: parent.model for parent in recipe.parents if parent.role}
    return role.get("C") if role else recipe.base


_OVER_BASE = frozenset({"ties", "dare", "della", "model stock"})
"""Ways that take differences from the base."""

_BY_SHARES = kinds.SUMS | {kinds.LORA, kinds.FINE_TUNE_OF_A_MERGE, kinds.UNKNOWN}
"""Ways that shares tell, with what stands behind them. Of any other, a method's, they would tell something else."""


def _copy(recipe: Recipe) -> str:
    return f"{recipe.target} has the same weights as {_all(recipe)}{_compared(recipe)}"


def _cast(recipe: Recipe) -> str:
    return f"{recipe.target} is {_all(recipe)} in another precision{_compared(recipe)}"


def _compared(recipe: Recipe) -> str:
    return "" if recipe.sure else " in all that was compared"


def _fine_tune(recipe: Recipe) -> str:
    return f"{recipe.target} {'was' if recipe.sure else 'was perhaps'} trained from {_all(recipe)}"


def _first(recipe: Recipe) -> str:
    """One model with something that stands behind it: a LoRA, another VAE."""
    return f"{_is(recipe)} {name(recipe.parents[0]) if recipe.parents else _NOBODY}"


def _under_a_lora(recipe: Recipe) -> str:
    """One model, or a merge of several."""
    return _mixed(recipe) if len([p for p in recipe.parents if p.share is not None]) > 1 else _first(recipe)


def _adjusted(recipe: Recipe) -> str:
    return f"{_is(recipe)} {_all(recipe)}, adjusted" + (f" in {several(recipe.keys, 4)}" if recipe.keys else "")


def _unrelated(recipe: Recipe) -> str:
    return f"{recipe.target} is kin to none of these checkpoints"


def _all(recipe: Recipe) -> str:
    return several([name(parent) for parent in recipe.parents], 6) or _NOBODY


_NOBODY = "a checkpoint that is not here"

_MADE: dict[str, Callable[[Recipe], str]] = {
    kinds.COPY: _copy,
    kinds.CAST: _cast,
    kinds.FINE_TUNE: _fine_tune,
    kinds.LORA: _under_a_lora,
    kinds.ADJUST: _adjusted,
    kinds.SWAP: _first,
    kinds.UNRELATED: _unrelated,
}


# what stands behind it


def _components(recipe: Recipe) -> list[str]:
    """ "VAE of harborlight": the components that are not as the rest."""
    if recipe.kind in (kinds.COPY, kinds.CAST, kinds.UNRELATED, kinds.UNKNOWN):
        return []
    return [text for label, origin in differing(recipe).items() if (text := _component(component_label(label), origin))]


def _component(label: str, origin: ComponentOrigin) -> str:
    if origin.kind == "unknown" or origin.source is None:
        return f"{label} not explained"
    return f"{label} of {origin.source}" + (", changed" if origin.kind == "changed" else "")


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
        return ["then trained"] if recipe.kind == kinds.FINE_TUNE_OF_A_MERGE else []
    told = f"{100 * size:.1f} %" if size >= 0.001 else "less than 0.1 %"
    if not recipe.sure and recipe.kind == kinds.FINE_TUNE_OF_A_MERGE:
        return [f"then perhaps trained: {told} of its weights' size is left"]
    how = "its training" if recipe.kind == kinds.FINE_TUNE else "then trained, which"
    return [f"{how} changed its weights by {told}"]


def _left(recipe: Recipe) -> list[str]:
    if recipe.missing is not None:
        share = recipe.missing.unexplained
        return [f"a parent is missing: {f'{100 * share:.0f} %' if share >= 0.01 else 'less than 1 %'} unexplained"]
    if recipe.residual is None or not recipe.parents or recipe.kind in _NOT_EXPLAINED:
        return []
    if len(recipe.parents) == 1 and recipe.residual >= 1:
        return []  # all that parts it from its one parent is told already
    return [f"explained to {explained_of(recipe)}"]


def explained_of(recipe: Recipe) -> str:
    """How much is explained; where rounding alone is left that is all, and no percentage."""
    method = recipe.method
    if method is None or method.residual_in_roundings is None or method.residual_in_roundings >= PROVEN:
        return explained(recipe.residual or 0.0)
    if not method.residual_in_roundings:
        return explained(0.0)
    return f"the rounding of {PRECISIONS.get(recipe.stored, recipe.stored) or 'its precision'}"


PRECISIONS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
PRECISIONS |= {"F8_E4M3": "float8 (e4m3)", "F8_E5M2": "float8 (e5m2)"}

_NOT_EXPLAINED = frozenset({kinds.COPY, kinds.CAST, kinds.UNRELATED, kinds.UNKNOWN, kinds.FINE_TUNE})


def explained(residual: float) -> str:
    """How much of the way from the nearest parent is explained, never rounded up to all of it: "99.98 %"."""
    if residual <= 0:
        return "100 %"
    digits = 0 if residual > 0.1 else 1 if residual > 0.01 else 2
    scale = 10**digits
    return f"{max(math.floor(round(100 * (1 - residual) * scale, 9)) / scale, 0):.{digits}f} %".replace(
        "100.00", "99.99"
    )


def _claimed(recipe: Recipe) -> list[str]:
    if recipe.claim is None:
        return []
    if recipe.claim.agrees is None:
        return ["what its own metadata says could not be checked"]
    return ["its own metadata agrees" if recipe.claim.agrees else "its own metadata says something else"]


# below the sentence


def evidence(recipe: Recipe) -> list[str]:
    """How that is known: the method and what it leaves, the shares' intervals, what the file says of itself."""
    lines = []
    method = recipe.method
    if method is not None:
        left = method.residual_in_roundings
        told = "" if left is None else f" leaves {left:.2f} roundings" + ("" if left < 2 else ", which is no proof")
        lines += [f"{method.name}{told}" + (f": {method.why}" if method.why else "")]
    lines += [line for parent in recipe.parents if (line := _interval(parent))]
    if recipe.missing is not None and recipe.missing.why:
        lines.append(recipe.missing.why)
    if recipe.claim is not None:
        lines.append(f"its own metadata: {recipe.claim.text}" + (f"; {recipe.claim.why}" if recipe.claim.why else ""))
    return lines


def _interval(parent: ParentShare) -> str:
    low, high = parent.low, parent.high
    if parent.share is None or low is None or high is None:
        return ""
    told = f"{parent.model}: {parent.share:.4f}, between {low:.4f} and {high:.4f}".replace(" -", f" {MINUS}")
    return told + (", which cannot be told from 0" if low <= 0 <= high else "")


def limits(recipe: Recipe) -> list[str]:
    """What was not looked at, and what else a person has to know."""
    share = share_in_words(recipe.coverage)
    return [*([] if recipe.coverage >= 1 else [f"{share} of the network was looked at, not the rest"]), *recipe.remarks]
