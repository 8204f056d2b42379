"""The tree of the weights and the tree of the pictures, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...families.distances import direct_distances
from ...families.groups import complete_group
from ...families.linkage import Tree, build_tree
from ...figures.saving import write_figure
from ...figures.tanglegram import agreement_in_words, draw_tanglegram
from ..families.results import Result
from .kinship import Kinship

_FEWEST = 3
"""Models of which two trees can agree or not."""


@dataclass(frozen=True)
class TwoTrees:
    """Trees of the models that have weights and pictures. `classes` [n] are those of the family of weights, in the
    order of `weights.models`; `headings` say what each tree is of, `units` what its heights are; weights come first."""

    architecture: str | None
    weights: Tree
    pictures: Tree
    classes: list[int]
    headings: tuple[str, str]
    units: tuple[str, str]

    @property
    def agreement(self) -> str:
        """How well the two agree, in words."""
        return agreement_in_words(self.weights, self.pictures)


def two_trees(result: Result, found: Kinship, suite: str) -> TwoTrees | None:
    """Both trees by the linkage of the family; None where fewer than three of its models have comparable pictures.

    A checkpoint is known by its SHA-256; where that is not known, by its name.
    """
    family = result.family
    pairs = _same(result, found)
    kept = complete_group(found.matrix.overall, [row for _, row in pairs])
    models = [model for model, row in pairs if row in kept]
    if len(kept) < _FEWEST:
        return None
    names = tuple(family.features.models[model] for model in models)
    weights = build_tree(names, family.distances[np.ix_(models, models)], family.linkage)
    pictures = build_tree(names, direct_distances(found.matrix.select(kept)), family.linkage)
    headings = (f"Weights: {family.measure or 'as in the table given'}", f"Pictures: {suite}")
    classes = family.classes[models].tolist()
    return TwoTrees(family.architecture, weights, pictures, classes, headings, (family.unit, "1 − pictures"))


def write_two_trees(two: TwoTrees, folder: Path, dpi: float = 150) -> list[Path]:
    """Write them as tanglegram.svg and .png; returns the paths. Raises ModelsimError where the disk refuses."""
    title = f"{two.architecture or 'Models'}: weights and pictures"
    figure = draw_tanglegram(two.weights, two.pictures, two.classes, title, two.headings, two.units)
    return [write_figure(figure, folder / f"tanglegram.{kind}", dpi) for kind in ("svg", "png")]


def _same(result: Result, found: Kinship) -> list[tuple[int, int]]:
    """Positions in the family and in the kinship of the checkpoints that are in both."""
    place = {row.checkpoint: i for i, row in enumerate(found.rows)}
    by_name = {name: i for i, name in enumerate(found.matrix.models)}
    pairs: dict[int, int] = {}  # a copy of a file has the other's pictures: the first one stands for both
    for model, name in enumerate(result.family.features.models):
        identity = result.identities.get(name)
        row = place.get(identity.sha256, place.get(f"name:{name}")) if identity else by_name.get(name)
        if row is not None:
            pairs.setdefault(row, model)
    return [(model, row) for row, model in pairs.items()]
