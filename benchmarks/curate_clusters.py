"""Clusters in pure noise, and planted ones by size and drop: what docs/curate.md says of `curate --clusters`.

python -m benchmarks.curate_clusters FOLDER_OF_MODELS… [--prompts FILE.tsv] [--runs 200]

The pictures are real, the scores are made up. FOLDER_OF_MODELS and FILE as `benchmarks.curate_groups` takes them.
Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.clusters import Cluster, Clusters, find_clusters
from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.scored_pictures import ScoredPictures

from .curate_groups import load

DROP = 4.5

SPREAD = 3.5
"""Of the scores of pictures of one prompt: what CLIP scores have, about."""

Scores = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    args = parser.parse_args()
    for folder in args.folders:
        pictures, vectors = load(folder)
        sample = ScoredPictures.of(pictures, np.zeros(len(pictures)), [vectors["shown"], vectors["style"]])
        print_noise(folder.name, sample, args.runs)
        print_planted(sample, max(args.runs // 4, 1))
    if args.prompts:
        print_categories(args.prompts, max(args.runs // 10, 1))


def print_noise(name: str, sample: ScoredPictures, runs: int) -> None:
    """How often anything is told where there is nothing to tell."""
    print(f"\n{name}: {len(sample.pictures)} pictures of {len(sample.prompts)} prompts, {runs} runs each\n")
    print("| scores | runs with a cluster told | … of several prompts | clusters a run as published |")
    print("|---|---|---|---|")
    for kind, draw in NOISE.items():
        rng = np.random.default_rng(0)
        found = [clusters_of(sample, draw(rng, sample)) for _ in range(runs)]
        told = np.mean([bool(each.told) for each in found])
        several = np.mean([any(one.prompts > 1 for one in each.told) for each in found])
        published = np.mean([len(each.told) + len(each.folded) for each in found])
        print(f"| {kind} | {told:.3f} | {several:.3f} | {published:.1f} |", flush=True)


def print_planted(sample: ScoredPictures, runs: int) -> None:
    """How often a model or prompt whose pictures score `drop` less is told, and nothing else beside it."""
    models = [each.model for each in sample.pictures]
    prompts = [each.prompt for each in sample.pictures]
    print(f"\n{runs} runs each, told as one cluster (at least half of all pictures in either are in both)\n")
    print("| what fails | pictures | drop 5 | 7 | 10 | told pictures that do not fail, drop 7 |")
    print("|---|---|---|---|---|---|")
    for what, keys in (("a model", models), ("a prompt", prompts)):
        cells, others = [], []
        for drop in (5.0, 7.0, 10.0):
            rng = np.random.default_rng(int(drop))
            found = []
            for _ in range(runs):
                failing = np.array(keys) == rng.choice(sorted(set(keys)))
                scores = NOISE["independent, normal"](rng, sample) - drop * failing
                told = [each for each in clusters_of(sample, scores, min(DROP, 0.6 * drop)).told if each.drop > 0]
                found.append(max((_overlap(each, sample, failing) for each in told), default=0.0) >= 0.5)
                if drop == 7:
                    others.append(_others(told, sample, failing))
            cells.append(f"{np.mean(found):.2f}")
        print(f"| {what} | {failing.sum()} | {' | '.join(cells)} | {np.mean(others):.2f} |", flush=True)


def print_categories(file: Path, runs: int) -> None:
    """A category of prompts fails, each with one picture; found by the words alone."""
    with open(file, encoding="utf-8", newline="") as table:
        rows = {row["Prompt"]: row["Category"] for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)}
    pictures = [Collected(Path(f"{i}.png"), f"{i:06d}", prompt) for i, prompt in enumerate(rows)]
    category = np.array(list(rows.values()))
    blind = np.random.default_rng(0).normal(size=(len(rows), 8))
    sample = ScoredPictures.of(pictures, np.zeros(len(rows)), [blind])
    noise = [bool(clusters_of(sample, NOISE["independent, normal"](np.random.default_rng(i), sample)).told)
             for i in range(5 * runs)]  # fmt: skip
    print(f"\n{file.name}: {len(rows)} prompts, one picture each, no vectors; noise: {np.mean(noise):.3f} of runs\n")
    print("| category that scores 6 less | prompts | runs with a cluster told | told pictures of it | names told |")
    print("|---|---|---|---|---|")
    for name in sorted(set(category)):
        failing = category == name
        rng = np.random.default_rng(1)
        found = [
            clusters_of(sample, NOISE["independent, normal"](rng, sample) - 6 * failing, 3.5).told for _ in range(runs)
        ]
        told = [one for each in found for one in each if one.drop > 0]
        right = 1 - _others(told, sample, failing) if told else float("nan")
        names = list(dict.fromkeys(each.name for each in told))[:4]
        share = np.mean([any(one.drop > 0 for one in each) for each in found])
        print(f"| {name} | {failing.sum()} | {share:.2f} | {right:.2f} | {'; '.join(names)} |", flush=True)


def clusters_of(sample: ScoredPictures, scores: Scores, drop: float = DROP) -> Clusters:
    """With other scores; trees do not depend on them, and are grown once."""
    other = dataclasses.replace(sample, scores=scores)
    for name in ("prompts", "prompt", "firsts", "unit_prompts", "view_trees", "word_tree", "tree", "categories"):
        other.__dict__[name] = getattr(sample, name)
    return find_clusters(other, drop)


def _overlap(cluster: Cluster, sample: ScoredPictures, failing: NDArray[np.bool_]) -> float:
    mine, truth = _contents(cluster), _failing(sample, failing)
    return len(mine & truth) / len(mine | truth)


def _others(told: list[Cluster], sample: ScoredPictures, failing: NDArray[np.bool_]) -> float:
    mine = set().union(*(_contents(each) for each in told)) if told else set()
    return len(mine - _failing(sample, failing)) / max(len(mine), 1)


def _contents(cluster: Cluster) -> set[str]:
    return {each.content for each in cluster.members}


def _failing(sample: ScoredPictures, failing: NDArray[np.bool_]) -> set[str]:
    return {each.content for each, here in zip(sample.pictures, failing, strict=True) if here}


def _by_prompt(rng: np.random.Generator, sample: ScoredPictures) -> Scores:
    means = 2.5 * rng.normal(size=len(sample.prompts))
    return 25 + means[sample.prompt] + 2.5 * rng.normal(size=len(sample.pictures))


NOISE: dict[str, Callable[[np.random.Generator, ScoredPictures], Scores]] = {
    "independent, normal": lambda rng, sample: 25 + SPREAD * rng.normal(size=len(sample.pictures)),
    "independent, heavy tails": lambda rng, sample: 25 + 2 * rng.standard_t(3, size=len(sample.pictures)),
    "prompts differ, nothing else": _by_prompt,
}

if __name__ == "__main__":
    main()
