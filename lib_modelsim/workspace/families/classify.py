"""Models → families: measures, features, trees and classes, one tree per architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...errors import ModelsimError, joined
from ...families.distances import MATRIX, direct_distances
from ...families.groups import connected_groups
from ...families.references import suggest_references
from ...families.support import Resampling, resample_deltas
from ...job import Job
from ...library import Library
from ...similarity.measures.registry import DEFAULT, WeightMeasure, find_measure
from ...text import counted, several
from ..catalogue.index import Index, Model, Unreadable, read_index
from ..catalogue.leaving_out import Leaving, nothing
from ..comparing.by_choice import settled
from ..comparing.compare import Comparison, by_architecture, comparable, compare_models, named_base
from ..comparing.scores import Reason
from .building import family_of_matrix
from .family import Family, TreeOptions
from .hints import hint, told_of_references, with_hint
from .left_out import told_apart
from .references import load_references

_TOLD = 5
"""Reasons that are spelt out."""


@dataclass(frozen=True)
class FamilyRequest:
    """What classify is asked for. `measure` None: what suits each architecture. References come from a file, or so
    many are suggested, or all models are."""

    measure: str | None = None
    base: str | None = None
    references: Path | None = None
    suggest: int | None = None
    tree: TreeOptions = field(default_factory=TreeOptions)


@dataclass(frozen=True)
class Classified:
    """The families, the models that could be read, the name of the base asked for or found, and what was left out."""

    families: list[Family]
    models: list[Model]
    base: str | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def classify(
    paths: Sequence[Path],
    wanted: FamilyRequest,
    library: Library,
    job: Job,
    device: str = "auto",
    leaving: Leaving = nothing,
) -> Classified:
    """Compare the checkpoints under these paths but those left out, architecture by architecture, and tell their
    families.

    With fewer than two readable models there are no families. Raises ModelsimError where what was asked for cannot be.
    """
    return classify_models(read_index(paths, library, job, leaving=leaving), wanted, library, job, device)


def classify_models(
    index: Index, wanted: FamilyRequest, library: Library, job: Job, device: str = "auto", memory: int | None = None
) -> Classified:
    """As `classify`, of models that are indexed already; `memory` in bytes for the buffers, None as much as is good."""
    groups = by_architecture(index.models)
    base = named_base(wanted.base, wanted.measure or DEFAULT, index.models, library)
    chosen, notes = _references(wanted, index.models, library)
    found = Classified([], [], base.name if base else None, list(index.unreadable), notes)
    bases = []
    if len(index.models) < 2:
        return replace(found, models=index.models)
    for group in groups:
        choice = settled(group, wanted.measure, base, library, job, device, memory)
        if wanted.measure is not None and len(groups) == 1:
            choice = replace(choice, measure=wanted.measure)  # compare says what it needs
        named = choice.base.model if choice.base is not None else None
        bases += [named] if named is not None else []
        comparison = compare_models(Index(group), choice.measure, named, library, job, device, memory)
        found.models.extend(comparison.models)
        found.unreadable.extend(comparison.unreadable)
        found.notes.extend([choice.note] if choice.note else [])
        try:
            families = _families(comparison, _fitting(wanted, comparison, len(groups)), chosen)
        except ModelsimError as error:
            if len(groups) == 1:
                raise
            found.notes.append(joined(f"no tree for {group[0].architecture}: ", str(error)))
            continue
        asked = wanted.tree.classes
        families = [with_deltas(family.told_fewer(asked), comparison, library, job, device) for family in families]
        if asked is None:
            families = [with_hint(family) for family in families]
        found.families.extend(families)
        found.notes.extend(_left_out(comparison))
    readable = {model.path for model in found.models}
    models = [model for model in index.models if model.path in readable]
    return replace(found, models=models, base=found.base or next(iter(bases), None))


def families_of(
    comparison: Comparison, options: TreeOptions, references: Sequence[Model] | None = None
) -> list[Family]:
    """A family per architecture of the compared models; the base, and models equal to it, in none.
    `references` None are all models. Raises ModelsimError where no architecture has a tree; one that has none beside
    others that have is told in their notes."""
    found, refused, groups = [], [], by_architecture(comparison.models)
    for group in groups:
        part = comparison.of(group[0].architecture)
        try:
            found += _families(part, _fitting(FamilyRequest(tree=options), part, len(groups)), references)
        except ModelsimError as error:
            refused.append((group[0].architecture, error))
    if refused and not found:
        raise refused[0][1]
    notes = [joined(f"no tree for {architecture}: ", str(error)) for architecture, error in refused]
    return [replace(family, notes=(*family.notes, *notes)) for family in found]


def told_of(comparison: Comparison, family: Family) -> list[str]:
    """What there is to tell of one of `families_of`: by what its models were compared, who is left out, what is
    missing."""
    choice = comparison.choices.get(family.architecture or "")
    chosen = [choice.note] if choice is not None and choice.note else []
    hinted = hint(family)
    # the name comes last, as a note begins with a capital letter and a name must not
    merges = [f"{merge.text}: {merge.model}" for merge in family.merges]
    return [
        *chosen,
        *([hinted] if hinted else []),
        *_first(merges, "models that are perhaps merges: choose a model to see of which"),
        *_left_out(comparison.of(family.architecture or "")),
        *family.notes,
    ]


def why_no_family(comparison: Comparison) -> str:
    """Why `families_of` has none, where nothing was wrong with what was asked for."""
    kinds = [group[0].architecture for group in by_architecture(comparison.models)]
    told = [note for kind in kinds for note in _left_out(comparison.of(kind))]
    return "; ".join(told) or "no two models were compared"


def with_deltas(family: Family, comparison: Comparison, library: Library, job: Job, device: str) -> Family:
    """A family taken straight from a measure with a base, with what its resampling needs: distances per block, which
    the pass over the files has left in the library."""
    measure = find_measure(comparison.matrix.measure)
    if not isinstance(measure, WeightMeasure) or measure.l2 is None or family.distance != MATRIX:
        return family

    def resampling() -> Resampling:
        l2 = compare_models(Index(comparison.models), measure.l2, None, library, job, device).matrix
        rows = np.array([l2.models.index(name) for name in family.features.models])
        base = l2.models.index(comparison.base_model) if comparison.base_model in l2.models else None
        return resample_deltas(l2, rows, base)

    return replace(family, resampling=resampling)


def _fitting(wanted: FamilyRequest, comparison: Comparison, groups: int) -> FamilyRequest:
    """One number of references holds for large and small architectures: a small one has what it can."""
    models = len(comparable(comparison))
    if groups == 1 or models == 0 or wanted.suggest is None:
        return wanted
    return replace(wanted, suggest=min(wanted.suggest, models))


def _families(comparison: Comparison, wanted: FamilyRequest, references: Sequence[Model] | None) -> list[Family]:
    """The family of a comparison of one architecture; none where no model has a value."""
    rows = comparable(comparison)
    if not rows:
        return []
    matrix, models = comparison.matrix.select(rows), [comparison.models[i] for i in rows]
    columns, notes = _columns(models, references)
    if wanted.suggest is not None:
        columns = suggest_references(direct_distances(matrix), wanted.suggest)
    found = family_of_matrix(matrix, wanted.tree, models[0].architecture, columns)
    notes += told_of_references(matrix, found.references) if columns is not None else []
    names = {model.name for model in comparison.models}
    reasons = _alike([r for r in comparison.reasons if {r.a, r.b} <= names])
    besides = [f"{name}: {said}" for name, all_said in comparison.remarks.items() for said in all_said]
    notes += [*_first(reasons), *_first(besides, "remarks on models")]
    found = replace(found, base=comparison.base, notes=(*found.notes, *notes))
    return [found.with_merges(comparison.merges)]


def _alike(reasons: Sequence[Reason]) -> list[str]:
    """A sentence for each different reason, with the first model or pair that it is said of, and how many more."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in reasons:
        what, who = ("model", each.a) if each.a == each.b else ("pair", f"{each.a} and {each.b}")
        found.setdefault((each.reason, what), []).append(who)
    return [
        f"{first}, and {counted(len(more), f'more {what}')}: {text}" if more else f"{first}: {text}"
        for (text, what), (first, *more) in found.items()
    ]


def _columns(models: Sequence[Model], references: Sequence[Model] | None) -> tuple[list[int] | None, list[str]]:
    """Positions of the references among the models of one architecture, None for all, and what there is to tell."""
    if references is None:
        return None, []
    place = {model.path: i for i, model in enumerate(models)}
    columns = list(dict.fromkeys(place[r.path] for r in references if r.path in place))
    others = [r.name for r in references if r.architecture != models[0].architecture]
    notes = [f"references of another network, left out: {several(others)}"] if others else []
    same = [r.name for r in references if r.architecture == models[0].architecture and r.path not in place]
    if same:
        notes.append(f"references that are the base or cannot be compared, left out: {several(same)}")
    if not columns:
        notes.append("none of the references is among these models, so all models are references")
    return columns or None, notes


def _references(
    wanted: FamilyRequest, models: Sequence[Model], library: Library
) -> tuple[list[Model] | None, list[str]]:
    """The reference models, None for all, and which names in the file match no model."""
    if wanted.references is None:
        return None, []
    if wanted.suggest is not None:
        raise ModelsimError("references are either given or suggested, not both", None, "leave one of the two out")
    found = load_references(wanted.references, models, library)
    return found.models, found.missing


def _left_out(comparison: Comparison) -> list[str]:
    """Which models of one architecture are in no tree, and why."""
    base = comparison.base_model
    models = [i for i, model in enumerate(comparison.models) if model.name != base]
    matrix = comparison.matrix.select(models)
    alone = "cannot be compared with any other"
    if base in comparison.matrix.models:
        alone = f"equal to the base {base}, or cannot be compared with it"
    groups = connected_groups(~np.isnan(matrix.overall))
    return told_apart(matrix.models, groups, alone) if len(models) > 1 else []


def _first(remarks: Sequence[str], others: str = "remarks on pairs") -> list[str]:
    more = len(remarks) - _TOLD
    return [*remarks[:_TOLD], *([f"{more} more {others}"] if more > 0 else [])]
