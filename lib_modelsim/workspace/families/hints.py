"""What a family says of how it was asked for: references that few resemble, and classes that tell nothing apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import Sentence
from ...families.distances import MATRIX
from ...families.strangers import DELTAS
from ...similarity.base import MEAN
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.bounds import UNRELATED
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import DEFAULT, find_measure, measure_named
from ...text import several
from .building import FEWEST_REFERENCES
from .family import Family

_MANY = 4
"""Models from which on a single class asks for an explanation: of fewer there is often none to be had."""

_FEW_REFERENCES = 2 * FEWEST_REFERENCES
"""Up to so many more of them may help."""

_MORE_REFERENCES = Sentence(
    "choose more references, or none: then every model is one",
    "choose more references under Options, or clear them: then every model is one",
)
_ANOTHER_MEASURE = Sentence(
    f"--measure {DEFAULT} tells families apart better", "The default measure tells families apart better"
)
_NAMED_BASE = Sentence(
    "the base is the mean of the models: name a true one with --base, if you have it",
    "The base is the mean of the models: choose a true one under Base, if you have it",
)


def resembling_none(matrix: SimilarityMatrix, references: Sequence[str]) -> list[str]:
    """The models, references among them, that are unrelated to every (other) reference by what the measure says of two
    models; none where the measure has no bound for it."""
    known = find_measure(matrix.measure)
    bound = next((bound for bound in known.bounds if bound.text == UNRELATED), None) if known is not None else None
    if known is None or (bound is None and not known.needs_base):
        return []
    columns = [matrix.models.index(name) for name in references]
    values = np.array(matrix.overall[:, columns])
    for place, row in enumerate(columns):
        values[row, place] = np.nan  # itself
    if bound is None:
        unrelated = values <= 1 - (DELTAS.unrelated or 1)
    else:
        unrelated = (bound.least <= values) & (values <= bound.most)
    alone = (unrelated | np.isnan(values)).all(axis=1) & unrelated.any(axis=1)
    return [name for name, none in zip(matrix.models, alone, strict=True) if none]


def told_of_references(matrix: SimilarityMatrix, references: Sequence[str]) -> list[str]:
    """A sentence on the models that resemble none of the references chosen."""
    alone = resembling_none(matrix, references)
    if not alone:
        return []
    models, count = len(matrix.models), len(references)
    who = f"all {models} models resemble" if len(alone) == models else f"{len(alone)} of {models} models resemble"
    who = f"{alone[0]} resembles" if len(alone) == 1 else who
    few = "" if len(alone) in (1, models) else f": {several(alone)}"
    return [f"{who} none of the {count} references{few}"]


def hint(family: Family) -> str | None:
    """What else to try where automatic classes are all the models, or all but some that stand alone, and that adapters
    have nothing in common; None elsewhere."""
    if family.measure == CHANGE_COSINE.name and len(family.strangers) == len(family.classes) > 1:
        return _none_alike(family)
    numbers, counts = np.unique(family.classes, return_counts=True)
    large = numbers[counts > 1]
    apart = family.strange_classes | set(numbers[counts == 1].tolist())
    if len(large) != 1 or int(large[0]) in apart or counts.max() < _MANY:
        return None
    advice = _advice(family)
    if advice is None:
        return None
    alone = len(family.classes) - int(counts.max())
    found = f"one class of {counts.max()} models" + (f" and {alone} alone" if alone else "")
    return Sentence(f"{found}; {advice}", f"{found}. {advice.page}")


def _none_alike(family: Family) -> str:
    """Of adapters that are all strangers: how little the nearest two share."""
    n = len(family.classes)
    greatest = 1 - family.distances[~np.eye(n, dtype=bool)].min()
    least = f"the changes of any two have a cosine of at most {max(greatest, 0):.4f}"
    return f"none of these {n} adapters is a close relative of another: {least}"


def with_hint(family: Family) -> Family:
    """The same, with the hint among its notes."""
    found = hint(family)
    return family if found is None else replace(family, notes=(*family.notes, found))


def _advice(family: Family) -> Sentence | None:
    references = len(family.references)
    if 0 < references <= _FEW_REFERENCES and references < len(family.classes) and family.distance != MATRIX:
        return _MORE_REFERENCES
    if family.measure is None:
        return None
    measure = measure_named(family.measure)
    if measure.needs_base:
        return _NAMED_BASE if family.base == MEAN else None
    return None if measure.direct else _ANOTHER_MEASURE
