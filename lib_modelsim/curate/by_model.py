"""In which categories a model's pictures score better or worse than the other models', and how much its style varies.

Models are compared on the same prompts and seeds alone: a model that was given easier prompts is not better. A prompt
counts once, however many seeds it has, since its pictures are alike; so an interval says what other prompts of this
category would give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .categories import Category
from .collection import UNKNOWN
from .scored_pictures import ScoredPictures
from .tree import Floats

_LEVEL = 0.95

_FEWEST = 3
"""Prompts in common, below which an interval says nothing."""

WORSE, BETTER, EVEN, UNTOLD = "worse", "better", "no difference shown", "cannot be told"


@dataclass(frozen=True)
class AgainstOthers:
    """A model against the others in one `category`, "" for all. `difference` of its scores to the mean of the other
    models' with the same prompt and seed, mean over `prompts`; `low`, `high`: its interval, wide enough that all
    intervals of the answer hold together with 95 %. `pictures`: of this model that were compared."""

    category: str
    pictures: int
    prompts: int
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """better, worse, no difference shown, or cannot be told."""
        if np.isnan(self.low):
            return UNTOLD
        return BETTER if self.low > 0 else WORSE if self.high < 0 else EVEN


@dataclass(frozen=True)
class ModelScore:
    """`mean` of its `n` pictures with a score. `over_seeds` and `over_prompts`: how far apart two of its pictures lie,
    of one prompt and of two, 0 (the same) to 2 (1 − cosine of what they look like), on prompts that all models have
    (`shared`); NaN where nobody can know."""

    model: str
    key: str
    n: int
    mean: float
    whole: AgainstOthers
    categories: tuple[AgainstOthers, ...]
    over_seeds: float
    over_prompts: float
    shared: int


@dataclass(frozen=True)
class ModelScores:
    """By mean difference to the others, the best first."""

    models: tuple[ModelScore, ...] = ()
    remarks: tuple[str, ...] = ()


def compare_models(sample: ScoredPictures, categories: list[Category]) -> ModelScores:
    """Each model of a sample against the others."""
    keys = sorted({each.key for each in sample.pictures} - {""})
    if not keys:
        return ModelScores(remarks=("no models: no picture tells which model made it",))
    seeds = _compared_by_seed(sample)
    places = _places(sample, seeds)
    means = {(place, key): np.mean(sample.scores[rows]) for place, made in places.items() for key, rows in made.items()}
    found = {
        key: [_differences(sample, places, means, key, category) for category in [None, *categories]] for key in keys
    }
    told = sum(len(each) >= _FEWEST for some in found.values() for each, _ in some)  # intervals that are given
    shared = _shared_prompts(sample, keys)
    rows = []
    for key in keys:
        mine = [i for i, each in enumerate(sample.pictures) if each.key == key]
        known = sample.scores[mine][~np.isnan(sample.scores[mine])]
        names = ["", *(category.name for category in categories)]
        every = [_interval(name, *each, told) for name, each in zip(names, found[key], strict=True)]
        over_seeds, over_prompts = _range(sample, mine, shared)
        mean = float(known.mean()) if len(known) else float("nan")
        name = sample.pictures[mine[0]].model
        part = tuple(each for each in every[1:] if each.pictures)
        rows.append(ModelScore(name, key, len(known), mean, every[0], part, over_seeds, over_prompts, len(shared)))
    rows.sort(key=lambda row: (-np.nan_to_num(row.whole.difference, nan=-np.inf), -np.nan_to_num(row.mean), row.key))
    return ModelScores(tuple(rows), _remarks(rows, seeds, shared))


def _compared_by_seed(sample: ScoredPictures) -> bool:
    """Whether any two models have pictures of the same prompt and seed; otherwise the same prompt has to do."""
    made = defaultdict(set)
    for each in sample.pictures:
        if each.key and each.prompt and each.seed != UNKNOWN:
            made[each.prompt, each.seed].add(each.key)
    return any(len(keys) > 1 for keys in made.values())


Places = Mapping[tuple[str, int], Mapping[str, list[int]]]
"""(prompt, seed) → model → rows of its pictures there that have a score."""


def _places(sample: ScoredPictures, seeds: bool) -> Places:
    """By prompt alone where not by `seeds`."""
    places: dict[tuple[str, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, each in enumerate(sample.pictures):
        if each.key and each.prompt and (each.seed != UNKNOWN or not seeds) and not np.isnan(sample.scores[i]):
            places[each.prompt, each.seed if seeds else UNKNOWN][each.key].append(i)
    return places


def _differences(
    sample: ScoredPictures,
    places: Places,
    means: Mapping[tuple[tuple[str, int], str], float],
    key: str,
    category: Category | None,
) -> tuple[Floats, int]:
    """[prompts]: the mean difference of each prompt, and of how many pictures of this model; `means` of each place and
    model."""
    inside = None if category is None else frozenset(category.members)
    by_prompt, pictures = defaultdict(list), 0
    for place, made in places.items():
        if key not in made or len(made) < 2:
            continue
        mine = [i for i in made[key] if inside is None or i in inside]
        if mine:
            others = [means[place, other] for other in made if other != key]
            by_prompt[place[0]].append(float(np.mean(sample.scores[mine]) - np.mean(others)))
            pictures += len(mine)
    return np.array([np.mean(by_prompt[prompt]) for prompt in sorted(by_prompt)]), pictures


def _interval(category: str, differences: Floats, pictures: int, told: int) -> AgainstOthers:
    """Student's, the level shared out among all that are told (Bonferroni)."""
    count = len(differences)
    mean = float(differences.mean()) if count else float("nan")
    if count < _FEWEST:
        return AgainstOthers(category, pictures, count, mean, float("nan"), float("nan"))
    error = float(differences.std(ddof=1)) / count**0.5
    half = student.ppf(1 - (1 - _LEVEL) / max(told, 1) / 2, count - 1) * error
    return AgainstOthers(category, pictures, count, mean, mean - half, mean + half)


def _shared_prompts(sample: ScoredPictures, keys: list[str]) -> list[str]:
    """Those of which every model has a picture."""
    by_key: Mapping[str, set[str]] = {key: set() for key in keys}
    for each in sample.pictures:
        if each.key and each.prompt:
            by_key[each.key].add(each.prompt)
    return sorted(set.intersection(*by_key.values()))


def _range(sample: ScoredPictures, mine: list[int], prompts: list[str]) -> tuple[float, float]:
    """How far apart this model's pictures lie: of one prompt, and of two prompts; nearly the same ones count once."""
    place = {prompt: i for i, prompt in enumerate(prompts)}
    once = {int(sample.same[i]): i for i in reversed(mine) if sample.pictures[i].prompt in place}
    rows = sorted(once.values())
    if len(rows) < 2 or not sample.looks[rows].any():
        return float("nan"), float("nan")
    prompt = np.array([place[sample.pictures[i].prompt] for i in rows])
    vectors = sample.looks[rows]
    sums = np.stack([vectors[prompt == i].sum(0) for i in np.unique(prompt)])
    counts = np.unique(prompt, return_counts=True)[1]
    inner = (sums**2).sum(1) - counts  # cosines of all pairs of one prompt, without each with itself
    pairs = counts * (counts - 1)
    over_seeds = float(np.mean(1 - inner[pairs > 0] / pairs[pairs > 0])) if (pairs > 0).any() else float("nan")
    if len(counts) < 2:
        return over_seeds, float("nan")
    means = sums / counts[:, None]
    cross = means @ means.T
    return over_seeds, float(1 - cross[~np.eye(len(cross), dtype=bool)].mean())


def _remarks(rows: list[ModelScore], seeds: bool, shared: list[str]) -> tuple[str, ...]:
    out = []
    if len(rows) == 1:
        out.append("all pictures are of one model: there is no other to compare it with")
    elif not any(row.whole.prompts for row in rows):
        out.append(
            "no two models have pictures of the same prompt: whether a model is better cannot be told. "
            "Fix: generate one suite with all of them"
        )
    elif not seeds:
        out.append("no two models have pictures of the same prompt and seed: models are compared by prompt alone")
    if len(rows) > 1 and not shared:
        out.append("no prompt has pictures of all models: their ranges of styles cannot be compared")
    return tuple(out)
