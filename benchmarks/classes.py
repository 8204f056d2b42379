"""Automatic classes before and now: silhouette, number of classes, classes of one, and whether true families come out.

python -m benchmarks.classes SHARED [MINIHUB]

SHARED is the project's shared data; MINIHUB the trained family, written by its tools/train_minihub.py bake. 'Before' is
the cut with the greatest mean silhouette width. Silhouettes are over all models, strangers and copies included.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib_modelsim import demo
from lib_modelsim.families.classes import MOST_CLASSES, Classes, automatic_classes, silhouette
from lib_modelsim.families.distance_files import read_distances
from lib_modelsim.families.distances import delta_cosine_distances, direct_distances, row_distances
from lib_modelsim.families.features import against
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.families.strangers import DELTAS, LINEAR, Scale
from lib_modelsim.families.tables import read_features
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.matrix import SimilarityMatrix
from lib_modelsim.workspace.catalogue.index import Index, read_index
from lib_modelsim.workspace.comparing.compare import compare_models

Array = NDArray[np.float64]

BASES = ("sd-v1-4.ckpt", "_x25-sd_xl_base_1.0.safetensors")
"""Bases among the models of the published distances."""


def widest(distances: Array, linkage: str) -> NDArray[np.int64]:
    """The cut with the greatest mean silhouette width."""
    tree = build_tree(tuple(map(str, range(len(distances)))), distances, linkage)
    ks = range(2, min(len(distances) - 1, MOST_CLASSES) + 1)
    return max((tree.cut(k) for k in ks), key=lambda classes: silhouette(distances, classes))


def row(
    what: str,
    models: Sequence[str],
    distances: Array,
    scale: Scale,
    kin: Callable | None = None,
    linkage: str = "ward.D2",
) -> str:
    """A line of the table; `kin` gives a model's true family."""
    before, now = widest(distances, linkage), automatic_classes(distances, linkage, scale)
    true = None if kin is None else np.unique([kin(name) for name in models], return_inverse=True)[1]
    cells = [what, str(len(models)), *_told(distances, before, true), *_told(distances, now.numbers, true)]
    return f"| {' | '.join([*cells, _strangers(models, now)])} |"


def _told(distances: Array, classes: NDArray[np.int64], true: NDArray | None) -> list[str]:
    singles = int((np.bincount(classes)[1:] == 1).sum())
    width = silhouette(distances, classes)
    agree = "" if true is None else f"{adjusted_rand(classes, true):.2f}"
    return [str(classes.max()), str(singles), "" if np.isnan(width) else f"{width:.3f}", agree]


def _strangers(models: Sequence[str], found: Classes) -> str:
    return ", ".join(name for name, alone in zip(models, found.strangers, strict=True) if alone)


def adjusted_rand(one: NDArray, other: NDArray) -> float:
    """Agreement of two partitions, 1 where they are the same, 0 by chance (Hubert and Arabie 1985)."""
    a, b = (np.unique(each, return_inverse=True)[1] for each in (one, other))
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    pairs = [(sums * (sums - 1) / 2).sum() for sums in (table, table.sum(1), table.sum(0))]
    chance = pairs[1] * pairs[2] / (len(a) * (len(a) - 1) / 2)
    most = (pairs[1] + pairs[2]) / 2
    return 1.0 if most == chance else float((pairs[0] - chance) / (most - chance))


def published(shared: Path) -> Iterator[str]:
    """Distances of real models, and the table that R was given."""
    for file in sorted((shared / "data" / "distances").glob("*.json")):
        table = read_distances(file)
        yield row(f"{file.stem}, L2", table.models, table.values, LINEAR)
        for base in set(BASES) & set(table.models):
            yield row(f"{file.stem}, delta-cosine", *deltas(table.models, table.values, base), DELTAS)
    table = read_features(shared / "data" / "r_hclust" / "features.csv")
    for linkage in ("ward.D2", "ward.D", "average", "complete"):
        yield row(f"r_hclust, {linkage}", table.models, row_distances(table), Scale(), linkage=linkage)


def deltas(models: Sequence[str], l2: Array, base: str) -> tuple[tuple[str, ...], Array]:
    """One less delta-cosine of the models that are not the base."""
    found = delta_cosine_distances(l2, models.index(base))
    rows = np.flatnonzero(~np.isnan(found.diagonal()))
    return tuple(models[i] for i in rows), found[np.ix_(rows, rows)]


def files(what: str, folder: Path, base: str, kin: Callable[[str], str]) -> Iterator[str]:
    """The SD 1.x checkpoints of a folder by the attention score, the mean, and their base."""
    with Library(None) as library:
        models = [m for m in read_index([folder], library, Job()).models if m.architecture == "SD 1.x"]

        def measured(measure: str, named: str | None = None) -> SimilarityMatrix:
            found = compare_models(Index(models), measure, named, library, Job(), "cpu").matrix
            kept = [i for i in range(len(found.models)) if not np.isnan(np.delete(found.overall[i], i)).all()]
            return found.select(kept)

        scores = measured("asimilarity")
        features = against(scores, range(len(scores.models)))
        yield row(f"{what}, attention score", scores.models, row_distances(features), Scale(), kin)
        for told, named in (("delta-cosine, mean", None), ("delta-cosine, base", base)):
            found = measured("delta-cosine", named)
            yield row(f"{what}, {told}", found.models, direct_distances(found), DELTAS, kin)


def library_of_25(folder: Path) -> None:
    """A base, six fine-tunes with two to four descendants each, and a stranger; files of 1 MB."""
    generator, shapes = np.random.default_rng(5), demo.sd1_shapes(4, 16, 1)
    base = demo.draw(shapes, seed=1)
    demo.save(folder / "base.safetensors", base)
    demo.save(folder / "stranger.safetensors", demo.draw(shapes, seed=999))
    seeds = iter(range(100, 200))
    for family, size in enumerate((5, 4, 4, 4, 3, 3)):
        members = [demo.train(base, next(seeds), 0.15)]
        while len(members) < size:
            parent = members[generator.integers(len(members))]
            members.append(demo.train(parent, next(seeds), float(generator.choice([0.04, 0.06, 0.08, 0.1]))))
        for i, weights in enumerate(members):
            demo.save(folder / f"family{family}-{i}.safetensors", weights)


KIN = {
    "harbo": "base",
    "pixel": "base",
    "paste": "dots",
    "inkwe": "inkwell",
    "tidep": "inkwell",
    "tidew": "tidewater",
    "neon-": "tidewater",
    "chime": "tidewater",
    "grani": "stranger",
}
"""Of the demonstration: beginning of a name → family; a merge counts with the parent of which it has more."""


def main() -> None:
    shared = Path(sys.argv[1])
    head = ("models", "n", *("classes", "of one", "silhouette", "agreement") * 2, "strangers")
    print(f"| {' | '.join(head)} |")
    print(f"|{'---|' * len(head)}")
    for line in published(shared):
        print(line)
    with tempfile.TemporaryDirectory() as scratch:
        demonstration, made = Path(scratch, "demo"), Path(scratch, "made")
        demo.write_demo_family(demonstration, lambda _: None)
        made.mkdir()
        library_of_25(made)
        base = "harborlight-base_v1.safetensors"
        for line in files("demonstration", demonstration, base, lambda name: KIN[name[:5]]):
            print(line)
        for line in files("25 made", made, "base", lambda name: name.split("-")[0]):
            print(line)
        shutil.copyfile(made / "family2-1.safetensors", made / "family2-1 (1).safetensors")
        for line in files("25 and a copy", made, "base", lambda name: name.split("-")[0]):
            print(line)
    if len(sys.argv) > 2:
        for line in files("trained", Path(sys.argv[2]), "mini-base", lambda name: name.split("-")[1]):
            print(line)


if __name__ == "__main__":
    main()
