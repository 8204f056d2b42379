"""What is left of a target after its parents' shares, and what that says of how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .baked_in import adapters_in
from .components import components_of, main_of
from .evidence import TargetEvidence
from .kinds import FINE_TUNE, FINE_TUNE_OF_A_MERGE, LORA
from .low_rank import LowRankChange, low_rank
from .noise import FullRank, full_rank
from .recipe import BakedLora, MissingParent, Shares
from .rest import KeyRest, place_of, rests
from .values import KeyValues

_PROVEN = 2.0
"""Roundings below which nothing is left."""


@dataclass(frozen=True)
class Remainder:
    """What is left, and what it says.

    `kind` is the word of `kinds` that the rest decides: "lora", "fine-tune", "fine-tune of a merge"; None where the
    kind is that of the shares. `in_roundings` is the size of the rest in the sample (root mean square) as a multiple
    of rounding's, below 2 nothing is left; `of_distance` its size relative to the distance to the nearest parent,
    0 … 1, and `trained_after` relative to the weights, where it is a training. `lora`, `keys` and `missing` are as in a
    `Recipe`, `parameters` what goes to its method's; `why` says in a sentence how that is known, `remarks` what cannot
    be told. `sure` False: the best that was found.
    """

    kind: str | None = None
    in_roundings: float = 0.0
    of_distance: float = 0.0
    trained_after: float | None = None
    lora: tuple[BakedLora, ...] = ()
    keys: tuple[str, ...] = ()
    missing: MissingParent | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    remarks: tuple[str, ...] = ()
    sure: bool = False


def remainder(
    evidence: TargetEvidence, shares: Mapping[str, Shares], sample: Sequence[KeyValues] | None = None
) -> Remainder:
    """What is left of the target after these shares: block, as `rest.place_of` calls it, → model → share, whose
    sum is 1 in each; blocks that have none (a VAE from elsewhere) are not looked at.

    `sample` is what `evidence.sample` said of all models with a share; None: it is read. Call it where no method was
    proven: it takes what the shares leave for a change after them. It reads the sample, and the library's adapters
    where the change is of low rank.
    """
    parents = _parents(shares)
    if not parents:
        return Remainder()
    sample = evidence.sample(parents) if sample is None else sample
    left = rests(sample, shares)
    rest = full_rank(_looked_at(evidence, shares), shares, evidence.base)
    if rest is None or not left:
        return Remainder()
    in_roundings = _in_roundings(left)
    if in_roundings < _PROVEN:
        return Remainder(in_roundings=in_roundings, of_distance=rest.of_distance, sure=True)
    found = low_rank(left)
    if found is not None:
        return replace(_lora(evidence, shares, found), in_roundings=in_roundings, of_distance=rest.of_distance)
    return replace(_full(evidence, parents, rest), in_roundings=in_roundings)


def _parents(shares: Mapping[str, Shares]) -> list[str]:
    return list(dict.fromkeys(name for row in shares.values() for name, share in row.items() if abs(share) > 1e-6))


def _looked_at(evidence: TargetEvidence, shares: Mapping[str, Shares]) -> list:
    """The blocks of the network itself that have shares; where it has none, all that have."""
    main = main_of(evidence)
    blocks = components_of(evidence).get(main, []) if main is not None else []
    own = [block for block in blocks if shares.get(place_of(block.block, block.component))]
    return own or [block for block in evidence.blocks if shares.get(place_of(block.block, block.component))]


def _in_roundings(left: Sequence[KeyRest]) -> float:
    over = sum(float((one.values**2).sum()) for one in left)
    below = sum(float((one.roundings**2).sum()) for one in left)
    return (over / below) ** 0.5 if below > 0 else 0.0


def _lora(evidence: TargetEvidence, shares: Mapping[str, Shares], found: LowRankChange) -> Remainder:
    """A change of low rank, and which adapters of the library it is."""
    known, unexplained = adapters_in(evidence.adapters(shares))
    where = "text encoder too" if any(name.startswith("te") for name in found.components) else "not the text encoder"
    rank = f"rank {found.rank}" if found.exact else f"rank {found.rank} or more"
    why = f"a change of {rank} in {found.keys} of the sampled weights, the rest of each is rounding; {where}"
    if found.convolutions:
        why += "; convolution kernels, too"
    remarks = []
    if not known:
        remarks.append("one adapter or several: their ranks add up, and which ones is not told without them")
    elif unexplained > 0.01:
        remarks.append(f"the library's adapters explain {1 - unexplained:.0%} of the change: something else is in it")
    lora = tuple(known) or (BakedLora(found.rank),)
    return Remainder(
        LORA,
        lora=lora,
        parameters={"rank": float(found.rank)},
        why=why,
        remarks=tuple(remarks),
        sure=found.exact,
    )


def _full(evidence: TargetEvidence, parents: Sequence[str], rest: FullRank) -> Remainder:
    """A change of full rank: trained after, or a parent is missing."""
    several = len([name for name in parents if name != evidence.base]) > 1
    kind = FINE_TUNE_OF_A_MERGE if several else FINE_TUNE
    size = f"{rest.size:.2%} of the weights' size"
    if evidence.base is None:
        why = f"what is left, {size}, is of full rank"
        told = "without the network's base it cannot be told whether it was trained on or a parent is missing"
        return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=why, remarks=(told,))
    if rest.base_is_in_it:
        why = (
            f"the base has a share of {rest.base_share:.2f} ± {rest.base_error:.2f} beside a rest that no candidate "
            "explains: so has a merge with a model that was trained from it and is not here"
        )
        return Remainder(None, of_distance=rest.of_distance, missing=MissingParent(rest.of_distance, why), why=why)
    why = f"what is left, {size}, is of full rank, and the base has no share beside it: it was trained on"
    return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=why, sure=True)
