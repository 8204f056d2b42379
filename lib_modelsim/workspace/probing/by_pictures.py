"""The checkpoints of the library compared by their pictures, and that tree beside the one of their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...checkpoints.identity import Identity
from ...errors import ModelsimError
from ...families.groups import complete_group
from ...families.linkage import Tree, build_tree
from ...job import Job
from ...probes.gallery import Gallery
from ...probes.sheet import Sheet, engines, make_sheet
from ...probes.suite import Suite
from ..catalogue.index import Model
from ..comparing.compare import Comparison
from ..comparing.scores import Reason
from ..families.family import Family
from .kinship import kinship_of


def comparison_by_pictures(
    gallery: Path, suites: Sequence[Suite], models: Sequence[Model], identities: Mapping[str, Identity], job: Job
) -> Comparison:
    """The models that generated the suite of which there are most pictures, compared by these.

    A picture belongs to a model by its hash, or by its name where nobody knows one. Raises ModelsimError where fewer
    than two models generated.
    """
    found = kinship_of(_fullest(gallery, suites), gallery, job)
    by_hash = {identities[model.name].sha256: model for model in models if model.name in identities}
    by_name = {model.name: model for model in models}
    drew = [by_hash.get(row.checkpoint) or by_name.get(row.name) for row in found.rows]
    rows = complete_group(found.matrix.overall, [i for i, model in enumerate(drew) if model is not None])
    kept = [model for i in rows if (model := drew[i]) is not None]
    if len(kept) < 2:
        raise ModelsimError(
            f"two checkpoints with pictures of the same probes are needed, found {len(kept)}",
            None,
            "generate a suite with them first, on the Probes tab",
        )
    names = dict(zip((found.matrix.models[i] for i in rows), (model.name for model in kept), strict=True))
    matrix = replace(found.matrix.select(rows), models=tuple(names.values()))
    reasons = [
        Reason(names[reason.a], names[reason.b], reason.reason)
        for reason in found.reasons
        if reason.a in names and reason.b in names
    ]
    return Comparison(kept, matrix, None, reasons, found.unreadable)


def trees_of_the_same(family: Family, other: Family) -> tuple[Tree, Tree, list[int]]:
    """The trees of the models that two families share, and the classes that the first has them in.

    Raises ModelsimError where they share fewer than two.
    """
    shared = [name for name in family.features.models if name in other.features.models]
    if len(shared) < 2:
        raise ModelsimError(
            "the two trees have fewer than two models in common", len(shared), "generate the probes with more models"
        )
    rows = [family.features.models.index(name) for name in shared]
    return (
        _tree_of(family, shared),
        _tree_of(other, shared),
        family.classes[rows].tolist(),
    )


def _tree_of(family: Family, names: Sequence[str]) -> Tree:
    rows = [family.features.models.index(name) for name in names]
    return build_tree(tuple(names), family.distances[np.ix_(rows, rows)], family.linkage)


def _fullest(gallery: Path, suites: Sequence[Suite]) -> Sheet:
    """The sheet with the most pictures, of the engine that generated most."""
    if not gallery.is_dir():
        raise ModelsimError("there are no pictures yet", None, "generate a suite first, on the Probes tab")
    with Gallery(gallery) as opened:
        opened.take_in()
        drew = engines(opened)
        sheets = [make_sheet(opened, suite, drew[0]) for suite in suites] if drew else []
    if not any(sheet.pictures for sheet in sheets):
        raise ModelsimError("there are no pictures yet", None, "generate a suite first, on the Probes tab")
    return max(sheets, key=lambda sheet: len(sheet.pictures))
