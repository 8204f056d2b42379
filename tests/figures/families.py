"""Made-up families of models with names as people give them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.families.linkage import build_tree

BLOCKS = ("IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "M00", *(f"OUT{i:02}" for i in range(3, 12)))
NAMES = (
    "a name of ninety characters 0.35(anything-v4.5) + 0.65(wd-1-4-anime_e2) fp16 pruned noema x",
    "アニメ風モデル・改_v3 混合版 漢字とかなの名前",
    "🦊🌸 foxy_blossom ✨ mix $x^2$ _a_ {b} <i>&amp;",
    "of\ttwo\nlines\x00 and \ud800",
    "модель-ёлка é ü ñ",
)
ODD = len(NAMES)


def names(n):
    stems = ("anything", "wd-1-4", "novel-mix", "dreamy", "protogen_x34_photorealism")
    return tuple(NAMES[i] if i < ODD else f"{stems[i % ODD]}-v{i}.{i % 7}" for i in range(n))


def family(n, k, seed=0):
    """A tree of n models in k classes, the classes, and the distances [n, n]."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(k, 6)) * 2
    points = centres[np.arange(n) % k] + random.normal(size=(n, 6)) * 0.5
    distances = squareform(pdist(points))
    tree = build_tree(names(n), distances)
    return tree, tree.cut(k).tolist(), distances


def table(models, references, seed=0):
    """Random features of every model against each reference; where a model is the reference they are missing."""
    random = np.random.default_rng(seed)
    values = random.random((len(models), len(references), len(BLOCKS)))
    for j, reference in enumerate(references):
        if reference in models:
            values[models.index(reference), j] = np.nan
    columns = tuple(f"{reference}/{block}" for reference in references for block in BLOCKS)
    return FeatureTable(tuple(models), columns, values.reshape(len(models), -1))
