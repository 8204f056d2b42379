"""The best prompts: which ones score well, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from .choosing import spreads
from .scored_pictures import ScoredPictures
from .tree import Floats, Labels

_LEVEL = 0.95


@dataclass(frozen=True)
class PromptScore:
    """`mean` of the `n` pictures with a score (nearly the same ones count once); `expected`: what another picture of
    this prompt is likely to score, the mean drawn towards that of all prompts as far as it may be luck; `low` and
    `high`: the interval of what many pictures of it would have as their mean, 95 %. NaN where nobody can know."""

    prompt: str
    mean: float
    n: int
    expected: float
    low: float
    high: float
    models: int


@dataclass(frozen=True)
class PromptScores:
    """The best one first, by what is to be expected of it."""

    prompts: tuple[PromptScore, ...] = ()
    remarks: tuple[str, ...] = ()


def best_prompts(sample: ScoredPictures) -> PromptScores:
    """Each prompt with a score. A prompt's mean is drawn towards the mean of all by the share of its variance that is
    chance (empirical Bayes, the variances from the prompts that have several pictures)."""
    units = np.flatnonzero(~np.isnan(sample.unit_scores) & (sample.unit_prompts >= 0))
    if not len(units):
        why = "no picture tells its prompt" if not sample.prompts else "no picture with a prompt has a score"
        return PromptScores(remarks=(f"no prompts: {why}",))
    scores = sample.unit_scores[units]
    prompt, cells, counts = np.unique(sample.unit_prompts[units], return_inverse=True, return_counts=True)
    means = np.bincount(cells, scores) / counts
    between, within = spreads(scores, cells)
    models: dict[str, set[str]] = {}
    for each in sample.pictures:
        models.setdefault(each.prompt, set()).add(each.key)
    expected = _expected(means, counts, between, within)
    freedom = max(len(scores) - len(counts), 1)
    half = student.ppf((1 + _LEVEL) / 2, freedom) * np.sqrt(within / counts)
    order = np.lexsort((prompt, -means, -np.nan_to_num(expected)))
    rows = tuple(
        PromptScore(
            sample.prompts[prompt[i]],
            float(means[i]),
            int(counts[i]),
            float(expected[i]),
            float(means[i] - half[i]),
            float(means[i] + half[i]),
            len(models[sample.prompts[prompt[i]]] - {""}),
        )
        for i in order
    )
    return PromptScores(rows, _remarks(rows, models, between, within))


def _expected(means: Floats, counts: Labels, between: float, within: float) -> Floats:
    """Each mean, drawn towards that of all prompts by the share of its variance that is chance."""
    if np.isnan(within):  # no prompt has two pictures: luck and prompt cannot be told apart
        return np.full(len(means), np.nan)
    if len(means) < 2 or within == 0:
        return means
    variances = between + within / counts
    middle = (means / variances).sum() / (1 / variances).sum()
    return middle + between / variances * (means - middle)


def _remarks(rows: tuple[PromptScore, ...], models: dict[str, set[str]], between: float, within: float) -> tuple:
    out = []
    if len(rows) == 1:
        out.append("there is one prompt: nothing to compare it with")
    elif np.isnan(within):
        out.append(
            "every prompt has one picture with a score: whether a prompt is good or its picture lucky cannot be told. "
            "Fix: generate several pictures of each"
        )
    elif not between > 0:
        out.append("prompts differ no more than pictures of one prompt do: no prompt is better than another by this")
    known = [models[row.prompt] - {""} for row in rows]
    if len({frozenset(each) for each in known}) > 1 and any(len(each) for each in known):
        out.append("not every prompt has pictures of the same models: a prompt may stand where its models put it")
    return tuple(out)
