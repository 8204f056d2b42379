"""What is left of a target after its parents' shares, and what that says of how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...text import percent, several
from ..components import blocks_by_component, main_of
from ..evidence import TargetEvidence
from ..kinds import ADD_DIFFERENCE, CAST, FINE_TUNE, FINE_TUNE_OF_A_MERGE, LORA, UNKNOWN, UNRELATED
from ..products import Distances
from ..recipe import BakedLora, MissingParent, Shares, place_of
from ..values import DIGITS, PROVEN, KeyValues
from .baked_in import adapters_in
from .key_rest import KeyRest, left_of, rests
from .low_rank import LowRankChange, in_order, low_rank
from .no_training import no_training, rounded_in_between
from .noise import FullRank, full_rank, grows_with_the_difference
from .untouched import shares_of_untouched

_NOTHING = 1e-3
"""A share that is told as 0: nobody types three digits."""

_STRANGER = 0.45
"""Size of a rest, relative to the weights, above which no model here is kin: the farthest relatives' distance
(`similarity/measures/l2.py`), and a rest is no longer than the way to the nearest."""

_FOLLOWS = 0.15
"""Correlation of the rest with the parents' difference, number by number, above which it is no training: three times
what real trainings have."""


_GOES_BACK = "it also goes back towards the base a little, as a training can"

_OTHER_METHOD = "a merge of these by a method that is not known here can look the same"


@dataclass(frozen=True)
class Remainder:
    """What is left, and what it says.

    `kind` is the word of `kinds` that the rest decides: "lora", "fine-tune", "fine-tune of a merge", "add-difference"
    (of a C that is not here), "unrelated", "unknown"; None where the kind is that of the shares. `in_roundings` is the
    size of the rest in the sample (root mean square) as a multiple of rounding's, below 2 nothing is left (of a
    LoRA: beside it);
    `of_distance` its size relative to the distance to the nearest parent, 0 … 1, and `trained_after` relative to the
    weights, where it is a training. `lora`, `keys` and `missing` are as in a `Recipe`, `parameters` what goes to its
    method's; `why` says in a sentence how that is known, `remarks` what cannot be told. `stand_ins` have shares and are
    no parents: the base in the place of a model that was trained from it. `shares` are the shares by block again, where
    the rest tells them better. `sure` False: the best that was found.
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
    stand_ins: tuple[str, ...] = ()
    shares: Mapping[str, Shares] | None = None
    sure: bool = False


def remainder(
    evidence: TargetEvidence, shares: Mapping[str, Shares], sample: Sequence[KeyValues] | None = None
) -> Remainder:
    """What is left of the target after these shares: block, as `place_of` calls it, → model → share, whose
    sum is 1 in each; blocks that have none (a VAE from elsewhere) are not looked at.

    `sample` is what `evidence.sample` said of all models with a share; None: it is read. Call it where no method was
    proven: it takes what the shares leave for a change after them. It reads the sample, and the library's adapters
    where the change is of low rank.
    """
    parents = _parents(shares)
    if not parents:
        return Remainder()
    sample = in_order(evidence.sample(parents) if sample is None else sample)
    rest = full_rank(_looked_at(evidence, shares), shares, evidence.base)
    in_roundings = _in_roundings(rests(sample, shares))
    if rest is None or in_roundings is None:
        return Remainder()
    if in_roundings < PROVEN:
        return Remainder(in_roundings=in_roundings, of_distance=rest.of_distance, sure=True)
    found = low_rank(rests(sample, shares))
    again = shares_of_untouched(sample, shares) if found is None else None
    if again is not None:
        found = low_rank(rests(sample, again))
    if found is not None:
        lora = _lora(evidence, shares if again is None else again, found)
        nothing = () if again is None else _without_a_share(again)
        return replace(lora, in_roundings=found.left, shares=again, stand_ins=nothing)
    follows = 0.0
    if len(parents) > 1:
        follows = grows_with_the_difference(rests(sample, shares), sample, _largest(shares)[:3])
    full = replace(_full(evidence, rest, shares, follows), in_roundings=in_roundings)
    if full.kind == FINE_TUNE and len(parents) == 1:
        full = _checked(full, sample, parents[0])
    coarse = _coarser(evidence, parents)
    if coarse is None or full.kind is None:
        return full
    return replace(full, remarks=(*full.remarks, coarse), sure=False)


def _coarser(evidence: TargetEvidence, parents: Sequence[str]) -> str | None:
    """That a parent is stored with fewer digits than the target, whose rounding then is in what is left."""
    main = main_of(evidence) or ""
    own = DIGITS.get(evidence.dtype.get(main, ""), 0)
    held = {name: DIGITS.get(evidence.precisions.get(name, {}).get(main, ""), own) for name in parents}
    coarse = [name for name, digits in held.items() if digits < own]
    if not coarse:
        return None
    are = "is" if len(coarse) == 1 else "are"
    return f"{several(coarse)} {are} stored with fewer digits: what is left may be that rounding alone"


def _checked(found: Remainder, sample: Sequence[KeyValues], parent: str) -> Remainder:
    """A training of one model, unless the numbers say that it was none."""
    rounded = rounded_in_between(sample, parent)
    if rounded is not None:
        why = f"every sampled number is that of {parent}, rounded to {rounded} in between"
        return replace(found, kind=CAST, of_distance=0.0, trained_after=None, why=why, remarks=(), sure=False)
    told = no_training(sample, parent)
    if told is None:
        return found
    why = f"what is left is of full rank; {told}"
    return replace(found, kind=UNKNOWN, trained_after=None, why=why, remarks=(f"a training does not do that: {told}",),
                   sure=False)  # fmt: skip


def _parents(shares: Mapping[str, Shares]) -> list[str]:
    return list(dict.fromkeys(name for row in shares.values() for name, share in row.items() if abs(share) > 1e-6))


def _looked_at(evidence: TargetEvidence, shares: Mapping[str, Shares]) -> list[Distances]:
    """The blocks of the network itself that have shares; where it has none, or is one parent's to the last bit, all
    that have."""
    main = main_of(evidence)
    blocks = blocks_by_component(evidence).get(main, []) if main is not None else []
    own = [block for block in blocks if shares.get(place_of(block.block, block.component))]
    changed = any(left_of(block, shares[place_of(block.block, block.component)]) != 0 for block in own)
    return own if changed else _with_shares(evidence, shares)


def _with_shares(evidence: TargetEvidence, shares: Mapping[str, Shares]) -> list[Distances]:
    return [block for block in evidence.blocks if shares.get(place_of(block.block, block.component))]


def _in_roundings(left: Iterable[KeyRest]) -> float | None:
    """Of all weights together; None where there are none."""
    over = below = 0.0
    for one in left:
        over += float((one.values**2).sum())
        below += float((one.roundings**2).sum())
    return (over / below) ** 0.5 if below > 0 else None


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
        known_part = percent(1 - unexplained)
        remarks.append(f"the library's adapters explain {known_part} of the change: something else is in it")
    lora = tuple(known) or (BakedLora(found.rank),)
    return Remainder(
        LORA,
        lora=lora,
        parameters={"rank": float(found.rank)},
        why=why,
        remarks=tuple(remarks),
        sure=found.exact,
    )


def _full(evidence: TargetEvidence, rest: FullRank, shares: Mapping[str, Shares], follows: float) -> Remainder:
    """A change of full rank: trained after, or a parent is missing."""
    size = f"what is left, {rest.size:.2%} of the weights' size, is of full rank"
    if rest.size > _STRANGER:
        why = f"what is left is {percent(rest.size)} of the weights' size: no model here is its kin"
        return Remainder(UNRELATED, of_distance=rest.of_distance, why=why, stand_ins=tuple(_parents(shares)))
    parents = [name for name in _parents(shares) if name != evidence.base]
    difference = rest.difference
    if difference is not None and not _steady(evidence, shares):
        return _without_its_origin(rest, shares, difference)
    if len(parents) > 1 and follows > _FOLLOWS:
        why = f"{size} and grows with the difference of the parents, number by number (correlation {follows:.2f})"
        told = "a training does not do that: a merge by a method not known here, or some of these were made of it"
        return Remainder(UNKNOWN, of_distance=rest.of_distance, why=why, remarks=(told,))
    kind = FINE_TUNE_OF_A_MERGE if len(parents) > 1 else FINE_TUNE
    if evidence.base is None:
        told = "without the network's base it cannot be told whether it was trained on or a parent is missing"
        return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=size, remarks=(told,))
    if rest.base_is_in_it and rest.spread is not None:
        share, error = rest.spread.of(evidence.base)
        why = (
            f"the base has a share of {share:.2f} ± {error:.2f} beside a rest that no candidate explains: so has a "
            "merge with a model that was trained from it and is not here"
        )
        missing = MissingParent(min(rest.of_distance, 1.0), why)
        told = "a training after a merge with the base itself would look the same"
        return Remainder(
            of_distance=rest.of_distance, missing=missing, why=why, remarks=(told,), stand_ins=(evidence.base,)
        )
    if rest.spread is not None and not np.isfinite(rest.spread.error).all():
        told = "too few blocks tell whether it was trained on or a parent is missing"
        return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=size, remarks=(told,))
    why = f"{size}, and the base has no share beside it that a missing parent would leave: so does a training"
    if parents:
        back = evidence.base in _parents(shares)
        return Remainder(
            kind,
            of_distance=rest.of_distance,
            trained_after=rest.size,
            why=why,
            remarks=(*((_GOES_BACK,) if back else ()), *((_OTHER_METHOD,) if len(parents) > 1 else ())),
            stand_ins=(evidence.base,) if back else (),
            shares=_alone(shares, parents[0]) if back and len(parents) == 1 else None,
            sure=len(parents) == 1,
        )
    blocks = [b for b in _with_shares(evidence, shares) if b.component == main_of(evidence)]
    if any(left_of(block, shares[place_of(block.block, block.component)]) == 0 for block in blocks):
        return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=size, sure=True)
    told = "a merge of models that are all not here would look the same"
    return Remainder(kind, of_distance=rest.of_distance, trained_after=rest.size, why=size, remarks=(told,))


def _without_its_origin(rest: FullRank, shares: Mapping[str, Shares], difference: tuple[str, str]) -> Remainder:
    """An add-difference A + α (B − C) whose C is not here. What is left then grows with B's change, too: how much of it
    is C's own is not known."""
    first, added = difference
    why = (
        f"{first} is in it whole, and a part of {added}'s change, another in each block, beside a rest that no "
        f"candidate explains: so it is where the model that was taken from {added} is not here"
    )
    told = "an add-difference with other weights in each block that was trained on would look the same"
    return Remainder(
        ADD_DIFFERENCE,
        of_distance=rest.of_distance,
        missing=MissingParent(min(rest.of_distance, 1.0), why),
        why=why,
        remarks=(told,),
        stand_ins=tuple(name for name in _parents(shares) if name not in difference),
    )


def _alone(shares: Mapping[str, Shares], name: str) -> dict[str, Shares]:
    """One model alone in every block that it has a share in."""
    return {block: {name: 1.0} if abs(row.get(name, 0)) > 1e-6 else row for block, row in shares.items()}


def _steady(evidence: TargetEvidence, shares: Mapping[str, Shares]) -> bool:
    """Whether all blocks of the network have the same shares."""
    rows = [shares[place_of(block.block, block.component)] for block in _looked_at(evidence, shares)]
    return all(dict(row) == dict(rows[0]) for row in rows)


def _without_a_share(shares: Mapping[str, Shares]) -> tuple[str, ...]:
    """Models whose share is nothing in every block."""
    return tuple(
        name for name in _parents(shares) if all(abs(row.get(name, 0.0)) < _NOTHING for row in shares.values())
    )


def _largest(shares: Mapping[str, Shares]) -> list[str]:
    """The parents, those first that have most in all blocks together."""
    total = {name: sum(abs(row.get(name, 0)) for row in shares.values()) for name in _parents(shares)}
    return sorted(total, key=lambda name: -total[name])
