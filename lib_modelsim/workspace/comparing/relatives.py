"""Who is closest to a model, and which models are, in fact, the same: a comparison and hashes → ranked relatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...checkpoints.identity import Identity, Relation, Sameness, relation
from ...similarity.measures import main_component
from .compare import Comparison
from .verdicts import Verdict, verdict

_NAMED = 3
"""Models that one fact names; of more it tells how many."""


@dataclass(frozen=True)
class Relative:
    """One other model, as seen from the chosen one.

    `overall` and `blocks`, in the order of the matrix's blocks, are NaN where the two are not comparable, and
    `reason` says why they are, or are only in part. `relation` is None until both files were hashed. `verdict` is of
    the UNet or transformer.
    """

    name: str
    overall: float
    blocks: tuple[float, ...]
    relation: Relation | None
    reason: str | None
    verdict: Verdict

    @property
    def comparable(self) -> bool:
        """Whether there is a number."""
        return not np.isnan(self.overall)

    @property
    def fact(self) -> str:
        """What hashes say the two share: "same file", "same UNet, other VAE"; of strangers only what they do share."""
        if self.relation is None or self.relation.text == "different weights":
            return ""
        parts = self.relation.text.split(", ")
        kept = parts if parts[0].startswith("same") else [part for part in parts if part.startswith("same")]
        return ", ".join(kept)


def relatives(comparison: Comparison, identities: Mapping[str, Identity], chosen: str) -> list[Relative]:
    """All other models, the most similar first, those that are not comparable last; of equals the same file first.

    `identities` is by model name. The base of delta-cosine, which its numbers are taken from, is no relative.
    """
    matrix = comparison.matrix
    row = matrix.models.index(chosen)
    reasons = {frozenset((r.a, r.b)): r.reason for r in comparison.reasons}
    own_reason = reasons.get(frozenset((chosen,)))
    found = []
    for i, name in enumerate(matrix.models):
        if i == row or name == comparison.base_model:
            continue
        reason = reasons.get(frozenset((chosen, name))) or own_reason or reasons.get(frozenset((name,)))
        both = chosen in identities and name in identities
        facts = relation(identities[chosen], identities[name]) if both else None
        overall, blocks = float(matrix.overall[row, i]), tuple(matrix.values[row, i].tolist())
        said = verdict(matrix.measure, overall, comparison.base, facts)
        found.append(Relative(name, overall, blocks, facts, reason, said))

    def order(relative: Relative) -> tuple[bool, float, bool, str]:
        apart = relative.overall if matrix.is_distance else -relative.overall
        same_file = relative.relation is not None and relative.relation.same_file
        return not relative.comparable, apart if relative.comparable else 0.0, not same_file, relative.name.lower()

    return sorted(found, key=order)


def sameness_facts(identities: Mapping[str, Identity]) -> dict[str, list[str]]:
    """Model → "same file as …", "same weights as …", "same UNet as …", the strongest first; only models with a fact."""
    found = {}
    holders: dict[str, list[str]] = {}
    for name, identity in identities.items():
        for mark in _marks(identity):
            holders.setdefault(mark, []).append(name)
    for name, identity in identities.items():
        others = {other for mark in _marks(identity) for other in holders[mark]} - {name}
        same: dict[tuple[int, str], list[str]] = {}
        for other in sorted(others, key=str.lower):
            same.setdefault(_strongest(relation(identity, identities[other])), []).append(other)
        if same:
            found[name] = [f"{label} as {_several(same[rank, label])}" for rank, label in sorted(same)]
    return found


def _marks(identity: Identity) -> Iterator[str]:
    """Hashes of which two models share at least one if a fact holds between them."""
    yield identity.sha256
    main = main_component(identity.content)
    if main is not None:
        yield from {identity.content[main].exact, identity.content[main].float16}


def _strongest(facts: Relation) -> tuple[int, str]:
    """The most that can be said, with its rank, of two models that share a mark."""
    if facts.same_file:
        return 0, "same file"
    if facts.same_weights:
        return 1, "same weights"
    if facts.text.startswith("same weights"):
        return 2, facts.text
    main = main_component(facts.components)
    label = {"unet": "UNet", "vae": "VAE"}.get(main, main)
    return 3, facts.components.get(main, Sameness.OTHER).value.format(label)


def _several(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
