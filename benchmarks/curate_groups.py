"""Which way of grouping pictures finds subjects, prompts and models: what docs/curate.md says of it.

python -m benchmarks.curate_groups FOLDER_OF_MODELS… [--prompts FILE.tsv]

Each FOLDER_OF_MODELS holds one folder of pictures for each model: a hub's `gallery` of make_artists.py, the
demonstration's pictures (lib_modelsim/demo/pictures), any gallery of probes. The prompts are those that the pictures
carry; without any a picture's prompt is its name. --prompts: a table of prompts with columns Prompt and Category, as
PartiPrompts.tsv (github.com/google-research/parti). Prints tables in Markdown: adjusted mutual information (0 is
chance, 1 is the same groups) of the best of 12 granularities, so that none is favoured by its defaults. HDBSCAN is
measured where scikit-learn is installed, which modelsim does not need.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.cluster.vq import kmeans2
from scipy.special import gammaln

from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.tree import Floats, Labels, reduced, tree_of
from lib_modelsim.curate.words import word_vectors
from lib_modelsim.pictures.encoders.efficientnet import EfficientNetEncoder, LastLayer
from lib_modelsim.pictures.encoders.encoder import Together
from lib_modelsim.pictures.opening import open_picture
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.workspace.finding.encoders import encoder_named

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--prompts", type=Path)
    args = parser.parse_args()
    for folder in args.folders:
        print_pictures(folder)
    if args.prompts:
        print_prompts(args.prompts)


def load(folder: Path) -> tuple[list[Collected], dict[str, NDArray[np.float32]]]:
    """The pictures of a folder of models, and their vectors, kept beside it: of their style and of what they show."""
    paths = sorted(path for path in folder.glob("*/*") if path.suffix in (".png", ".jpg"))
    kept = folder.parent / f"{folder.name}.vectors.npz"
    if not kept.exists():
        both = encoder_named("builtin+efficientnet", "cpu")
        assert isinstance(both, Together)
        assert isinstance(both.parts[1], EfficientNetEncoder)
        opened = [open_picture(path) for path in paths]
        np.savez(kept, style=both.encode(opened), shown=LastLayer(both.parts[1]).encode(opened))
    pictures = [
        Collected(path, f"{i:06d}", read_records(path).prompt or path.stem, path.parent.name, path.parent.name)
        for i, path in enumerate(paths)
    ]
    with np.load(kept) as vectors:
        return pictures, dict(vectors)


def print_pictures(folder: Path) -> None:
    """How well each space and each way finds the folder's models and prompts."""
    pictures, vectors = load(folder)
    models = np.unique([each.model for each in pictures], return_inverse=True)[1]
    prompts = [each.prompt for each in pictures]
    different = sorted(set(prompts))
    prompt = np.array([different.index(each) for each in prompts])
    style, shown = reduced(vectors["style"]), reduced(vectors["shown"])
    words = word_vectors(different)[prompt]
    spaces = {
        "how they are made (built-in descriptor + EfficientNet-Lite0)": style,
        "what they show (EfficientNet-Lite0, last layer)": shown,
        "their prompts' words": words,
        "what they show and words": np.hstack([_even(shown), _even(words)]),
    }
    print(f"\n{folder.name}: {len(pictures)} pictures, {models.max() + 1} models, {len(different)} prompts\n")
    print("| vectors | way | models | prompts |\n|---|---|---|---|")
    for name, points in spaces.items():
        for way, groups in WAYS.items():
            found = list(groups(points))
            if found:
                best = [max(adjusted_mutual_information(truth, each) for each in found) for truth in (models, prompt)]
                print(f"| {name} | {way} | {best[0]:.2f} | {best[1]:.2f} |", flush=True)


def print_prompts(file: Path) -> None:
    """How well groups of prompts by their words find the categories that people gave them."""
    with open(file, encoding="utf-8", newline="") as table:
        rows = {row["Prompt"]: row["Category"] for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)}
    categories = np.unique(list(rows.values()), return_inverse=True)[1]
    points = word_vectors(list(rows))
    print(f"\n{file.name}: {len(rows)} prompts in {categories.max() + 1} categories, by their words alone\n")
    print("| way | categories |\n|---|---|")
    for way, groups in WAYS.items():
        found = [adjusted_mutual_information(categories, each) for each in groups(points)]
        if found:
            print(f"| {way} | {max(found):.2f} |", flush=True)


def _even(rows: Floats) -> Floats:
    return rows / np.sqrt((rows**2).sum(1).mean())


def _by_linkage(method: str) -> Callable[[Floats], list[Labels]]:
    def groups(points: Floats) -> list[Labels]:
        tree = linkage(points, method)
        return [fcluster(tree, count, "maxclust") for count in COUNTS]

    return groups


def _ward(points: Floats) -> list[Labels]:
    tree = tree_of(points)
    return [tree.cut(count) for count in COUNTS]


def _k_means(points: Floats) -> list[Labels]:
    """The best of five starts by the sum of squares."""
    found = []
    for count in COUNTS:
        tries = [kmeans2(points, count, seed=seed, minit="++") for seed in range(5)]
        found.append(min(tries, key=lambda each: float(((points - each[0][each[1]]) ** 2).sum()))[1])
    return found


def _hdbscan(points: Floats) -> Sequence[Labels]:
    """What it leaves out is one group more."""
    try:
        from sklearn.cluster import HDBSCAN
    except ImportError:
        return []
    return [HDBSCAN(min_cluster_size=least, min_samples=near).fit_predict(points) for least in (2, 3, 4, 6, 8, 12)
            for near in (1, 3)]  # fmt: skip


WAYS = {
    "Ward's tree": _ward,
    "average linkage": _by_linkage("average"),
    "complete linkage": _by_linkage("complete"),
    "k-means": _k_means,
    "HDBSCAN": _hdbscan,
}


def adjusted_mutual_information(one: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", 2010; normalised by the mean
    entropy."""
    one, other = (np.unique(each, return_inverse=True)[1] for each in (one, other))
    n = len(one)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    a, b = table.sum(1), table.sum(0)
    full = table > 0
    mutual = float((table[full] / n * np.log(n * table[full] / np.outer(a, b)[full])).sum())
    expected = 0.0
    for x in a:
        for y in b:
            k = np.arange(max(1, x + y - n), min(x, y) + 1)
            log_p = gammaln(x + 1) + gammaln(y + 1) + gammaln(n - x + 1) + gammaln(n - y + 1) - gammaln(n + 1)
            log_p = log_p - gammaln(k + 1) - gammaln(x - k + 1) - gammaln(y - k + 1) - gammaln(n - x - y + k + 1)
            expected += float((np.exp(log_p) * k / n * np.log(n * k / (x * y))).sum())
    entropy = sum(float(-(each / n * np.log(each / n)).sum()) for each in (a, b)) / 2
    return (mutual - expected) / (entropy - expected) if entropy > expected else float(len(a) == len(b))


if __name__ == "__main__":
    main()
