"""Kinship of checkpoints from their pictures: the measure `pictures`, families from it, and rows in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError, Sentence
from ...families.distances import MATRIX, direct_distances
from ...families.groups import complete_group
from ...families.linkage import build_tree
from ...families.merges import Merge
from ...job import Job
from ...pictures.encoders.builtin import DescriptorEncoder
from ...pictures.encoders.encoder import Encoder
from ...pictures.features import FeatureStore, Wanted
from ...pictures.kinship import Drawing, kinship, signs
from ...probes.gallery import Stored
from ...probes.grid import short_hash
from ...probes.sheet import Sheet, SheetRow
from ...similarity.matrix import SimilarityMatrix
from ..catalogue.index import Unreadable, match_model
from ..comparing.roundings import Rounding
from ..comparing.scores import Reason
from ..families.building import family_of_matrix
from ..families.family import Family, TreeOptions

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Kinship:
    """What the pictures of a sheet say of its checkpoints; `rows` in the order of the matrix. It prints as a
    comparison of weights does: there is no base."""

    rows: list[SheetRow]
    matrix: SimilarityMatrix
    reasons: list[Reason] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    base: None = None
    choices: Mapping[str, None] = field(default_factory=dict)
    merges: Sequence[Merge] = ()
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    roundings: Sequence[Rounding] = ()


def kinship_of(sheet: Sheet, gallery: Path, job: Job, encoder: Encoder | None = None) -> Kinship:
    """How alike the checkpoints of a sheet are by their pictures; `encoder` besides those that need no weights.

    Vectors are remembered beside the gallery. Black pictures count as missing: they say that something went wrong, not
    what the checkpoint generates. Raises ModelsimError for fewer than two checkpoints.
    """
    if len(sheet.rows) < 2:
        raise ModelsimError(
            f"two checkpoints with pictures are needed, found {len(sheet.rows)}",
            sheet.suite.name,
            Sentence(
                "generate this suite with more models: probe --out DIR",
                "generate this suite with more models on the page Probes",
            ),
        )
    names = row_names(sheet.rows)
    place = {row.checkpoint: i for i, row in enumerate(sheet.rows)}
    shown = {key: stored for key, stored in sheet.pictures.items() if not stored.record.black}
    vectors, unreadable = _vectors(list(shown.values()), encoder, gallery, job)
    drawings = [
        Drawing(place[checkpoint], column.probe, stored.record.identity, vectors[stored.path])
        for (checkpoint, column), stored in shown.items()
        if stored.path in vectors
    ]
    matrix = kinship(names, list(dict.fromkeys(column.probe for column in sheet.columns)), drawings)
    return Kinship(list(sheet.rows), matrix, list(_reasons(sheet, matrix, drawings)), unreadable)


def row_names(rows: Sequence[SheetRow]) -> list[str]:
    """The checkpoints' names, with the hash where two have the same."""
    names = [row.name for row in rows]
    return [f"{row.name} [{short_hash(row) or 'no hash'}]" if names.count(row.name) > 1 else row.name for row in rows]


def families_of_pictures(found: Kinship, options: TreeOptions) -> tuple[list[Family], list[str]]:
    """A family per architecture, and what was left out; the distance is the measure itself unless said otherwise.

    A checkpoint that shares no picture with some of the others is in no tree: those that lack most are left out first.
    """
    options = replace(options, distance=options.distance or MATRIX)
    families, notes = [], []
    for architecture, rows in _by_architecture(found.rows).items():
        kept = complete_group(found.matrix.overall, rows)
        left_out = [found.matrix.models[i] for i in rows if i not in kept]
        if left_out:
            notes.append(f"left out of the tree, no pictures in common with the others: {', '.join(left_out)}")
        if kept:
            family = family_of_matrix(found.matrix.select(kept), options, architecture)
            families.append(family.told_fewer(options.classes))
    return families, notes


def family_order(found: Kinship) -> list[str]:
    """Keys of the checkpoints, relatives beside each other, architecture by architecture."""
    order = []
    for rows in _by_architecture(found.rows).values():
        kept = complete_group(found.matrix.overall, rows)
        part = found.matrix.select(kept)
        leaves = range(len(kept))
        if len(kept) > 1:
            leaves = build_tree(part.models, direct_distances(part), optimal_order=True).leaves
        order += [found.rows[kept[leaf]].checkpoint for leaf in leaves]
    return order


def similarity_order(found: Kinship, name: str) -> list[str]:
    """Keys of the checkpoints, this one (a part of its name or hash) first, the most similar ones after it."""
    hashes = [[] if row.checkpoint.startswith("name:") else [row.checkpoint] for row in found.rows]
    chosen = match_model(name, list(found.matrix.models), hashes)
    similarity = np.nan_to_num(found.matrix.overall[chosen], nan=-np.inf)
    similarity[chosen] = np.inf
    return [found.rows[i].checkpoint for i in np.argsort(-similarity, kind="stable")]


def _vectors(
    pictures: Sequence[Stored], further: Encoder | None, gallery: Path, job: Job
) -> tuple[dict[Path, tuple[Vector, ...]], list[Unreadable]]:
    """The vectors of every picture by its path: the descriptor, the perceptual hash, and a further encoder's."""
    used = [DescriptorEncoder(), *([further] if further else [])]
    with FeatureStore(gallery) as store:
        seen = store.look([Wanted([stored.path for stored in pictures], used)], job)
        unreadable = [Unreadable(path, reason) for path, reason in seen.unreadable.items()]
        contents = list(seen.contents.values())
        fingerprints = store.fingerprints(contents)
        if fingerprints is None:
            return {}, unreadable
        descriptor, *others = [store.vectors(encoder, contents) for encoder in used]
    kinds = zip(descriptor, signs(fingerprints), *others, strict=True)
    return dict(zip(seen.contents, kinds, strict=True)), unreadable


def _reasons(sheet: Sheet, matrix: SimilarityMatrix, drawings: Sequence[Drawing]) -> Iterator[Reason]:
    """Why a checkpoint is compared in part, and a pair not at all."""
    names, columns = matrix.models, len(sheet.columns)
    there = np.bincount([drawing.model for drawing in drawings], minlength=len(names))
    for name, count in zip(names, there.tolist(), strict=True):
        if count < columns:
            yield Reason(name, name, f"{columns - count} of {columns} pictures are missing, black or cannot be read")
    if len(names) == 2 and not np.isnan(matrix.overall[0, 1]):
        yield Reason(*names, "always 0 for two different models: similarity of pictures needs three models or more")
    for i, j in np.argwhere(np.isnan(matrix.overall)).tolist():
        if i < j:
            yield Reason(names[i], names[j], "no picture that both generated with the same settings")


def _by_architecture(rows: Sequence[SheetRow]) -> dict[str | None, list[int]]:
    """Positions of the rows of each architecture, in order of appearance."""
    found: dict[str | None, list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault(row.architecture, []).append(i)
    return found
