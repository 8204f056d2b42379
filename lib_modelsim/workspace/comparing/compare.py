"""All pairs of models by one measure, from the library where it remembers, from the files where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.blocks import order
from ...errors import ModelsimError, Sentence
from ...families.groups import connected_groups
from ...families.merges import Merge
from ...job import Job
from ...library import Library
from ...similarity.base import MEAN, Base
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.of_adapters import CHANGE_COSINE
from ...similarity.measures.registry import (
    DEFAULT,
    AttentionMeasure,
    Measure,
    WeightMeasure,
    measure_named,
    measures_of_weights,
    require_base_taken,
)
from ..catalogue.index import HEADER_VERSION, Index, Model, Unreadable, match_model, other_names, read_index
from ..catalogue.remarks import besides_weights
from .adapter_scores import adapter_scores, are_adapters, without_numbers
from .attention_scores import attention_scores
from .choosing import LEAST_FOR_MEAN, Choice
from .reasons import apart, barred_models
from .roundings import Rounding, find_roundings
from .scores import Reason
from .shares import with_coverage
from .weight_scores import weight_scores


@dataclass(frozen=True)
class Comparison:
    """The models, what the measure says of every pair, the base it was taken from (`delta-cosine`), why values are
    missing, the files that could not be read, the models that are perhaps merges of two others, and those that are
    another one in another precision.

    Where architectures were compared by what suits each, `choices` says by what: architecture → measure and base.
    """

    models: list[Model]
    matrix: SimilarityMatrix
    base: Base | None
    reasons: list[Reason] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    roundings: list[Rounding] = field(default_factory=list)

    @property
    def coverage(self) -> NDArray[np.float64] | None:
        """The share of the network that each overall number speaks of, [n, n]; None where it is not of weights."""
        return self.matrix.coverage

    @property
    def base_model(self) -> str | None:
        """The name of the model that is the base; None without a base, and where the mean is."""
        return self.base.model if self.base is not None else None

    @property
    def remarks(self) -> dict[str, list[str]]:
        """Model → what changes its pictures and no number speaks of, of those that have such: "v-prediction"."""
        found = {model.name: besides_weights(model.header) for model in self.models}
        return {name: said for name, said in found.items() if said}

    def model(self, name: str) -> Model:
        """The model of this name, which is one of them."""
        return self.models[self.matrix.models.index(name)]

    def seen_from(self, architecture: str) -> Comparison:
        """The same with the measure and the base of this architecture, whose values alone are then what they say."""
        choice = self.choices.get(architecture)
        if choice is None:
            return self
        return replace(self, matrix=replace(self.matrix, measure=choice.measure), base=choice.base)

    def of(self, architecture: str) -> Comparison:
        """The comparison of the models of one architecture, over the blocks that they have."""
        rows = [i for i, model in enumerate(self.models) if model.architecture == architecture]
        seen = self.seen_from(architecture)
        matrix = seen.matrix.select(rows).without_empty_blocks()
        merges = [merge for merge in self.merges if merge.model in matrix.models]
        roundings = [rounding for rounding in self.roundings if rounding.coarse in matrix.models]
        models = [self.models[i] for i in rows]
        return replace(seen, models=models, matrix=matrix, merges=merges, roundings=roundings)


def compare(
    paths: Sequence[Path], measure: str, base: str | None, library: Library, job: Job, device: str = "auto"
) -> Comparison:
    """Compare all checkpoints under these paths. `base` names a model, for a measure that needs one.

    With fewer than two readable models the matrix is empty and `require_two` says so. Raises ModelsimError where what
    was asked for cannot be.
    """
    return compare_models(read_index(paths, library, job), measure, base, library, job, device)


def named_base(base: str | None, measure: str, models: Sequence[Model], library: Library) -> Model | None:
    """The model that a person means by the name of a base. Raises ModelsimError where it is none, or none is wanted."""
    if base is None:
        return None
    require_base_taken(measure)
    return model_called(base, models, library)


def model_called(name: str, models: Sequence[Model], library: Library) -> Model:
    """The model that a person means by this name. Raises ModelsimError where it is none, or several."""
    return models[match_model(name, *names_of(models, library))]


def compare_models(
    index: Index,
    measure: str,
    base: str | None,
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
) -> Comparison:
    """As `compare`, of models that are indexed already; `memory` in bytes for the buffers, None as much as is good."""
    kind, models = of_weights(measure), index.models
    named = named_base(base, measure, models, library)
    origins = [_base_of(group, named) for group in by_architecture(models)]
    adapters = any(are_adapters(group) for group in by_architecture(models))
    if kind.needs_base and named is None and MEAN not in origins and len(models) > 1 and not adapters:
        raise no_base(measure)
    return compare_from(index, measure, named, library, job, device, memory)


def no_base(measure: str) -> ModelsimError:
    """What is wrong where no network has a base for a measure that needs one."""
    return ModelsimError(
        f"{measure} needs a base; without one it uses the mean, which needs four models of one network",
        None,
        Sentence("choose one with --base", "choose one under Base"),
    )


def compare_from(
    index: Index,
    measure: str,
    named: Model | None,
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
) -> Comparison:
    """As `compare_models`, from the base that is found already; models that have none have reasons, no numbers."""
    kind, models = of_weights(measure), index.models
    barred = list(barred_models(models))
    reasons = [*apart(models), *barred]
    unreadable = list(index.unreadable)
    found: list[tuple[list[Model], SimilarityMatrix]] = []
    merges: list[Merge] = []
    roundings: list[Rounding] = []
    groups = by_architecture(models)
    origins = [_base_of(group, named) if kind.needs_base else None for group in groups]
    for group, origin in zip(groups, origins, strict=True):
        if are_adapters(group):
            scores = adapter_scores(kind, group, library, job, device)
        elif kind is CHANGE_COSINE:
            scores = without_numbers(kind, group, f"{kind.name} compares adapters; use {DEFAULT} for checkpoints")
        elif isinstance(kind, AttentionMeasure):
            scores = attention_scores(kind, group, library, job, device, memory)
            if len(scores.models) == 2:  # of more, the sizes of what parts them say which to try
                roundings += find_roundings(scores.models, None, None, library, job)
        else:
            scores = weight_scores(kind, group, origin, library, job, device, memory)
        found.append((scores.models, scores.matrix))
        reasons += scores.reasons
        merges += scores.merges
        roundings += scores.roundings
        unreadable += scores.unreadable
        if kind.needs_base and origin is None and not are_adapters(group):
            reasons += _no_base(group)
        if origin == MEAN and named is not None:
            instead = f"the base is not {group[0].architecture}: its {len(group)} models are compared from their mean"
            reasons += [Reason(model.name, model.name, instead) for model in group]
    readable = {model.path for group, _ in found for model in group}
    kept = [model for model in models if model.path in readable]
    told = Base(named.name) if named is not None else MEAN if MEAN in origins else None
    matrix = join(measure, kept, found)
    reasons = with_coverage(reasons, matrix, {reason.a for reason in barred})
    return Comparison(kept, matrix, told, reasons, unreadable, merges=merges, roundings=roundings)


def of_weights(name: str) -> AttentionMeasure | WeightMeasure:
    """The measure of this name, for which checkpoints are read. Raises ModelsimError that lists the names."""
    known: list[Measure] = measures_of_weights()
    if measure_named(name) not in known:
        names = ", ".join(measure.name for measure in known)
        raise ModelsimError("this measure does not read checkpoints", name, f"use one of {names}")
    return measure_named(name)


def require_two(found: Index | Comparison) -> None:
    """Raises ModelsimError where there is nothing to compare, with the reason of the first unreadable file."""
    if len(found.models) < 2:
        bad = found.unreadable[0] if found.unreadable else None
        why = f" ({bad.path.name}: {bad.error.split('. Fix: ')[0]})" if bad else _one_file(found)
        raise ModelsimError(
            f"two readable models are needed, found {len(found.models)}{why}",
            None,
            "choose more files, or a folder of files; a file named twice counts once",
        )


def _one_file(found: Index | Comparison) -> str:
    """Why two paths that a person gave are one model."""
    also = next((each for model in found.models for each in model.also_at), None)
    return f" (one file, {also.told})" if also else ""


def comparable(comparison: Comparison) -> list[int]:
    """Positions of the models, of one architecture, that comparisons connect: those of the largest group, as two models
    that can be compared only with each other have no place in the tree of the others. Of a model alone, its own."""
    n = len(comparison.models)
    group = next(iter(connected_groups(~np.isnan(comparison.matrix.overall))), [])
    return group if n == 1 or len(group) > 1 else []


def names_of(models: Sequence[Model], library: Library) -> tuple[list[str], list[list[str]], list[frozenset[str]]]:
    """What a person may name each model by: its name, its hashes, other names of its file."""
    return [m.name for m in models], [model_hashes(m, library) for m in models], [other_names(m) for m in models]


def model_hashes(model: Model, library: Library) -> list[str]:
    """The hashes under which a person may name a model: those of a scan, or the SHA-256 that a host knew."""
    identity = library.identity(model.id)
    if identity is not None:
        return [value for name in ("sha256", "legacy_hash", "autov3") if (value := identity.get(name))]
    known = library.file(model.key, HEADER_VERSION)
    return [known.sha256] if known is not None and known.sha256 is not None else []


def by_architecture(models: Iterable[Model]) -> list[list[Model]]:
    """The models of each architecture, in order of appearance."""
    groups: dict[str, list[Model]] = {}
    for model in models:
        groups.setdefault(model.architecture, []).append(model)
    return list(groups.values())


def _base_of(group: Sequence[Model], base: Model | None) -> Base | None:
    """The base in its own group; the mean elsewhere, where it may stand in; else None. Adapters need none."""
    if are_adapters(group):
        return None
    if base is not None and base in group:
        return Base(base.name)
    return MEAN if len(group) >= LEAST_FOR_MEAN else None


def _no_base(group: Sequence[Model]) -> Iterator[Reason]:
    for i, a in enumerate(group):
        for b in group[:i]:
            yield Reason(
                b.name,
                a.name,
                f"no base for {a.architecture}; the mean can replace it from {LEAST_FOR_MEAN} models on",
            )


def join(
    measure: str, models: Sequence[Model], found: Sequence[tuple[Sequence[Model], SimilarityMatrix]]
) -> SimilarityMatrix:
    """The matrices of the architectures as one over all models and the union of their blocks, NaN between them."""
    n = len(models)
    blocks = tuple(order(block for _, matrix in found for block in matrix.blocks))
    if len(found) == 1 and found[0][1].blocks == blocks and found[0][1].models == tuple(model.name for model in models):
        return replace(found[0][1], measure=measure)
    values, overall = np.full((n, n, len(blocks)), np.nan), np.full((n, n), np.nan)
    components, apart = (
        {name: np.full((n, n), np.nan) for name in dict.fromkeys(name for _, m in found for name in getattr(m, part))}
        for part in ("components", "apart")
    )
    position = {model.path: i for i, model in enumerate(models)}
    coverage = np.zeros((n, n))
    for group, matrix in found:
        rows = [position[model.path] for model in group]
        pick = np.ix_(rows, rows)
        overall[pick] = matrix.overall
        coverage[pick] = matrix.coverage
        for i, block in enumerate(matrix.blocks):
            values[(*pick, blocks.index(block))] = matrix.values[:, :, i]
        for joined, own in ((components, matrix.components), (apart, matrix.apart)):
            for name, numbers in own.items():
                joined[name][pick] = numbers
    names = tuple(model.name for model in models)
    return SimilarityMatrix(measure, names, blocks, values, overall, components, coverage, apart)
