"""Kinship of checkpoints from their pictures: the measure `pictures`, families from it, and rows in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelsimError
from ...families.distances import MATRIX, direct_distances
from ...families.groups import complete_group
from ...families.linkage import build_tree
from ...job import Job, Stage
from ...pictures.encoders.encoder import Encoder
from ...pictures.kinship import Drawing, encoders, kinship
from ...pictures.opening import PictureError, open_picture
from ...probes.gallery import Stored
from ...probes.grid import short_hash
from ...probes.sheet import Sheet, SheetRow
from ...similarity.matrix import SimilarityMatrix
from ..catalogue.index import Unreadable, match_model
from ..comparing.scores import Reason
from ..families.family import Family, TreeOptions, family_of_matrix
from ..finding.memory import FILE, Memory

_AT_ONCE, _THREADS = 16, 4

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


def kinship_of(sheet: Sheet, gallery: Path, job: Job, encoder: Encoder | None = None) -> Kinship:
    """How alike the checkpoints of a sheet are by their pictures; `encoder` besides those that need no weights.

    Vectors are remembered beside the gallery. Black pictures count as missing: they say that something went wrong, not
    how the checkpoint draws. Raises ModelsimError for fewer than two checkpoints.
    """
    if len(sheet.rows) < 2:
        raise ModelsimError(
            f"two checkpoints with pictures are needed, found {len(sheet.rows)}",
            sheet.suite.name,
            "draw this suite with more: probe --out DIR",
        )
    names, used = row_names(sheet.rows), encoders(encoder)
    place = {row.checkpoint: i for i, row in enumerate(sheet.rows)}
    shown = {key: stored for key, stored in sheet.pictures.items() if not stored.record.black}
    vectors, unreadable = _vectors(list(shown.values()), used, gallery, job)
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
            notes.append(f"left out of the tree, no picture in common with others: {', '.join(left_out)}")
        if kept:
            wanted = replace(options, classes=min(options.classes, len(kept))) if options.classes else options
            families.append(family_of_matrix(found.matrix.select(kept), wanted, architecture))
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
    pictures: Sequence[Stored], used: Sequence[Encoder], gallery: Path, job: Job
) -> tuple[dict[Path, tuple[Vector, ...]], list[Unreadable]]:
    """The vectors of every picture by its path, one of each encoder; new ones are computed and remembered."""
    unreadable: list[Unreadable] = []
    with Memory(gallery / FILE) as memory, ThreadPoolExecutor(_THREADS) as pool:
        contents = memory.contents(pictures)
        known = set.intersection(*(memory.known(encoder.identity) for encoder in used))
        new = list({content: path for path, content in contents.items() if content not in known}.values())
        stage = Stage(job, "looking at pictures", len(new), "pictures")
        parts = [new[start : start + _AT_ONCE] for start in range(0, len(new), _AT_ONCE)]
        with closing(pool.map(lambda part: _encoded(part, used), parts)) as encoded:  # stopped, it begins no more
            for part, (made, bad) in zip(parts, encoded, strict=True):
                memory.keep([(contents[path], identity, data) for path, identity, data in made])
                known.update(contents[path] for path, _, _ in made)
                unreadable += bad
                stage.advance(len(part))
        found = {path: content for path, content in contents.items() if content in known}
        kinds = [memory.all(encoder.identity, list(found.values())) for encoder in used]
    vectors = zip(*(np.frombuffer(data, np.float32).reshape(len(found), -1) for data in kinds), strict=True)
    return dict(zip(found, vectors, strict=True)) if found else {}, unreadable


def _encoded(paths: Sequence[Path], used: Sequence[Encoder]) -> tuple[list[tuple[Path, str, bytes]], list[Unreadable]]:
    """Path, encoder and vector of all that can be read, and what cannot."""
    pictures, unreadable = {}, []
    for path in paths:
        try:
            pictures[path] = open_picture(path)
        except PictureError as error:
            unreadable.append(Unreadable(path, str(error)))
    made = [
        (path, encoder.identity, vector.tobytes())
        for encoder in used
        if pictures
        for path, vector in zip(pictures, encoder.encode(list(pictures.values())), strict=True)
    ]
    return made, unreadable


def _reasons(sheet: Sheet, matrix: SimilarityMatrix, drawings: Sequence[Drawing]) -> Iterator[Reason]:
    """Why a checkpoint is compared in part, and a pair not at all."""
    names, columns = matrix.models, len(sheet.columns)
    there = np.bincount([drawing.model for drawing in drawings], minlength=len(names))
    for name, count in zip(names, there.tolist(), strict=True):
        if count < columns:
            yield Reason(name, name, f"{columns - count} of {columns} pictures are missing, black or cannot be read")
    if len(names) == 2 and not np.isnan(matrix.overall[0, 1]):
        yield Reason(*names, "0 unless they are the same: only among three or more can two be close")
    for i, j in np.argwhere(np.isnan(matrix.overall)).tolist():
        if i < j:
            yield Reason(names[i], names[j], "no picture that both drew with the same settings")


def _by_architecture(rows: Sequence[SheetRow]) -> dict[str | None, list[int]]:
    """Positions of the rows of each architecture, in order of appearance."""
    found: dict[str | None, list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault(row.architecture, []).append(i)
    return found
