"""Which models are closest to one: a comparison and hashes → ranked relatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...checkpoints.facts import differences
from ...checkpoints.identity import Identity, Relation, Sameness, component_label, relation
from ...similarity.joining import main_component
from ...similarity.measures.bounds import APART, UNRELATED
from ...similarity.measures.of_adapters import CHANGE_COSINE, TRAINED_APART
from ..catalogue.sameness import ema_facts
from .adapter_scores import are_adapters
from .compare import Comparison
from .roundings import precision_of
from .verdicts import NONE, Verdict, same_main, verdict

PARENT = "perhaps a merge and its smaller parent"
"""What is said of two models that their number alone would call strangers."""


@dataclass(frozen=True)
class Relative:
    """One other model, as seen from the chosen one.

    `overall` and `blocks`, in the order of the matrix's blocks, are NaN where the two are not comparable, and
    `reason` says why they are, or are only in part. `relation` is None until both files were hashed. `verdict` is of
    the UNet or transformer, `fact` what hashes say the two share: "same file", "same UNet, other VAE"; of strangers
    only what they do share. `coverage` is the share of the network that `overall` speaks of, None where it is not of
    weights; `besides` is what changes the pictures and only one of the two has, by their headers.
    """

    name: str
    overall: float
    blocks: tuple[float, ...]
    relation: Relation | None
    reason: str | None
    verdict: Verdict
    fact: str = ""
    coverage: float | None = None
    besides: tuple[str, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether there is a number."""
        return not np.isnan(self.overall)

    @property
    def said(self) -> str:
        """The verdict; one from hashes is the fact itself, which names the models besides."""
        return self.fact.replace("same", "the same", 1) if self.verdict.by_hashes else self.verdict.text

    @property
    def besides_verdict(self) -> list[str]:
        """What else there is to say of the two."""
        return [] if self.verdict.by_hashes else [x for x in dict.fromkeys((self.fact, *self.besides)) if x]


def relatives(comparison: Comparison, identities: Mapping[str, Identity], chosen: str) -> list[Relative]:
    """All other models, the most similar first, then strangers, those that are not comparable last; of equals the same
    file first.

    `identities` is by model name. The base of delta-cosine, which its numbers are taken from, is no relative.
    """
    matrix = comparison.matrix
    row, main = matrix.models.index(chosen), main_component(matrix.apart)
    reasons = {frozenset((r.a, r.b)): r.reason for r in comparison.reasons}
    own_reason = reasons.get(frozenset((chosen,)))
    far = _from_base(comparison)
    other_measure = are_adapters(comparison.models[row : row + 1]) and matrix.measure != CHANGE_COSINE.name
    headers = [model.header for model in comparison.models]
    roundings = {frozenset((one.coarse, one.fine)): one for one in comparison.roundings}
    stored = [precision_of(model, main_component(model.header.components)) for model in comparison.models]
    by_merge = _by_merge(comparison)
    found = []
    for i, name in enumerate(matrix.models):
        if i == row or name == comparison.base_model:
            continue
        reason = reasons.get(frozenset((chosen, name))) or own_reason or reasons.get(frozenset((name,)))
        both = chosen in identities and name in identities
        facts = relation(identities[chosen], identities[name]) if both else None
        overall, blocks = float(matrix.overall[row, i]), tuple(matrix.values[row, i].tolist())
        share = None if matrix.coverage is None else float(matrix.coverage[row, i])
        apart = float(matrix.apart[main][row, i]) if main is not None else np.nan
        said = verdict(
            matrix.measure,
            overall,
            comparison.base,
            facts,
            share,
            apart,
            same_main(matrix, row, i),
            (far[row], far[i]),
            roundings.get(frozenset((chosen, name))),
            (stored[row], stored[i]) if stored else ("", ""),
        )
        if other_measure and not said.by_hashes:
            said = Verdict(NONE, f"What adapters are to each other is told by {CHANGE_COSINE.name} alone.")
        if said.text in (UNRELATED, APART):
            said = by_merge.get(frozenset((chosen, name)), said)
        fact = "" if facts is None else _fact(facts, chosen, name)
        besides = tuple(differences(headers[row].facts, headers[i].facts, chosen, name)) if headers else ()
        if both:
            besides += tuple(ema_facts(chosen, {each: identities[each] for each in (chosen, name)}))
        found.append(Relative(name, overall, blocks, facts, reason, said, fact, share, besides))

    def order(relative: Relative) -> tuple[bool, bool, float, bool, str]:
        apart = relative.overall if matrix.is_distance else -relative.overall
        same_file = relative.relation is not None and relative.relation.same_file
        return (
            not relative.comparable,
            # by its direction a stranger may stand before a distant relative
            relative.verdict.text in (UNRELATED, TRAINED_APART),
            apart if relative.comparable else 0.0,
            not same_file,
            relative.name.lower(),
        )

    return sorted(found, key=order)


def _by_merge(comparison: Comparison) -> dict[frozenset[str], Verdict]:
    """What is said of a merge and a parent of which it holds little: their number alone would make them strangers."""
    return {
        frozenset((merge.model, parent)): Verdict(
            PARENT, f"{merge.model} is {merge.text}. {merge.why} So little of one of them hardly shows in the number."
        )
        for merge in comparison.merges
        for parent in merge.parents
    }


def _from_base(comparison: Comparison) -> list[float]:
    """relative-l2 of every model from the base; NaN where that is no model, or sizes are not known."""
    matrix, base = comparison.matrix, comparison.base_model
    main = main_component(matrix.apart)
    if main is None or base not in matrix.models:
        return [np.nan] * len(matrix.models)
    return matrix.apart[main][matrix.models.index(base)].tolist()


def _fact(facts: Relation, chosen: str, other: str) -> str:
    first = next(iter(facts.components.values()), Sameness.OTHER)
    if facts.same_file or (first.agrees and facts.network_known):
        return facts.told(chosen, other)
    shared = [
        sameness.value.format(component_label(name))
        for name, sameness in facts.components.items()
        if sameness.agrees and (facts.network_known or name != "unet")
    ]
    return ", ".join(shared)
