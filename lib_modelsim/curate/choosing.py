"""The best pictures of each category, beside the plain order.

CLIP score favours portraits and famous people: in a plain order these crowd out everything else. So a picture is held
against what is usual for its prompt and its category (its standing), and the categories take turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from .categories import Category
from .collection import Collected
from .scored_pictures import ScoredPictures
from .tree import Floats, Labels

_PRIOR = 6.0
"""Pictures that the spread of all categories counts for beside a category's own."""


@dataclass(frozen=True)
class BestPicture:
    """A picture that is offered. `standing`: by how many standard deviations it scores above what is usual for its
    prompt and category; `place`: its place in the plain order, from 1."""

    picture: Collected
    category: str
    score: float
    standing: float
    place: int


@dataclass(frozen=True)
class Best:
    """`chosen` by category; `plain`: as many by score alone; `in_both`: how many are in both; `rank_correlation` of the
    two orders over all pictures (Spearman), NaN of fewer than three or where all are equal."""

    chosen: tuple[BestPicture, ...] = ()
    plain: tuple[Collected, ...] = ()
    in_both: int = 0
    rank_correlation: float = float("nan")
    remarks: tuple[str, ...] = ()


def best_of(sample: ScoredPictures, categories: list[Category], count: int) -> Best:
    """The `count` best pictures: the best of each category, then the second of each, and so on; the largest category
    first. Of pictures that are nearly the same the best one alone."""
    known = np.flatnonzero(~np.isnan(sample.scores))
    if not len(known):
        return Best(remarks=("no best pictures: no picture has a score",))
    standing = standings(sample.scores, sample.categories, sample.prompt)
    once = _once(sample, known, sample.scores)
    places = {int(sample.same[row]): i for i, row in enumerate(once, 1)}

    def place(row: int) -> int:
        """Its own, or that of the better one that is nearly the same."""
        return places[int(sample.same[row])]

    queues = []
    for category in categories:
        mine = [row for row in category.members if not np.isnan(sample.scores[row])]
        queues.append([(category.name, row) for row in _once(sample, mine, standing)])
    turns = [queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue)][:count]
    chosen = [
        BestPicture(sample.pictures[row], name, float(sample.scores[row]), float(standing[row]), place(row))
        for name, row in turns
    ]
    plain = [sample.pictures[row] for row in once[:count]]
    both = {int(sample.same[row]) for _, row in turns} & {int(sample.same[row]) for row in once[:count]}
    alike = np.ptp(sample.scores[known]) == 0
    few = len(known) < 3 or alike or np.ptp(standing[known]) == 0
    correlation = float("nan") if few else float(spearmanr(sample.scores[known], standing[known]).statistic)
    remarks = _remarks(sample, len(once), count, bool(alike), len(categories))
    return Best(tuple(chosen), tuple(plain), len(both), correlation, remarks)


def standings(scores: Floats, categories: Labels, prompts: Labels) -> Floats:
    """[n]: by how many standard deviations each score lies above what is usual for its prompt in its category; NaN
    without a score.

    What is usual for a prompt is its pictures' mean, drawn towards the category's the more, the fewer they are (the
    best linear prediction of a random effect; a prompt's only picture would else be compared with itself). The spread
    is the category's own, drawn likewise towards that of all. `prompts` is −1 where there is none.
    """
    known = np.flatnonzero(~np.isnan(scores))
    out = np.full(len(scores), np.nan)
    if not len(known):
        return out
    values = scores[known]
    category = np.unique(categories[known], return_inverse=True)[1]
    alone = prompts[known] < 0
    prompt = np.where(alone, prompts.max() + 1 + np.arange(len(known)), prompts[known])
    cell = np.unique(np.stack([category, prompt]), axis=1, return_inverse=True)[1].ravel()
    beyond = values - (np.bincount(category, values) / np.bincount(category))[category]
    beyond = beyond - usual(beyond, cell)[cell]
    counts = np.bincount(category)
    whole = float((beyond**2).mean())
    spread = np.sqrt((np.bincount(category, beyond**2) + _PRIOR * whole) / (counts + _PRIOR))
    tiny = 1e-9 * max(float(np.abs(values).max()), 1e-300)
    out[known] = np.where(spread[category] > tiny, beyond / np.maximum(spread[category], tiny), 0.0)
    return out


def usual(values: Floats, cells: Labels) -> Floats:
    """[cells]: the mean of each cell's values [n], drawn towards 0 as far as it may be chance."""
    counts = np.bincount(cells)
    means = np.bincount(cells, values) / counts
    between, within = spreads(values, cells)
    if not between > 0:
        return np.zeros(len(counts))
    return means * between / (between + within / counts)


def spreads(values: Floats, cells: Labels) -> tuple[float, float]:
    """Variance of cells' true means, and of values within a cell (one-way analysis of variance, cells of any size);
    (0, NaN) where no cell has two values."""
    counts = np.bincount(cells)
    means = np.bincount(cells, values) / counts
    freedom = len(values) - len(counts)
    if freedom < 1:
        return 0.0, float("nan")
    within = float(((values - means[cells]) ** 2).sum()) / freedom
    if len(counts) < 2:
        return 0.0, within
    among = float((counts * (means - values.mean()) ** 2).sum()) / (len(counts) - 1)
    usual_count = (len(values) - float((counts**2).sum()) / len(values)) / (len(counts) - 1)
    return max((among - within) / usual_count, 0.0), within


def _once(sample: ScoredPictures, rows: Labels | list[int], by: Floats) -> list[int]:
    """Rows in descending order, of those that are nearly the same the first."""
    ordered = sorted((int(row) for row in rows), key=lambda row: (-by[row], -sample.scores[row], row))
    seen: set[int] = set()
    return [row for row in ordered if not (sample.same[row] in seen or seen.add(int(sample.same[row])))]


def _remarks(sample: ScoredPictures, different: int, count: int, alike: bool, categories: int) -> tuple[str, ...]:
    out = []
    if alike:
        out.append("all scores are equal: the order of the best pictures says nothing")
    if different < count:
        out.append(f"there are {different} different pictures with a score, fewer than the {count} asked for")
    if len(sample.prompts) == 1:
        out.append("all pictures have one prompt: categories are of pictures that look alike")
    elif not sample.prompts:
        out.append("no picture tells its prompt: categories are of pictures that look alike")
    if categories == 1:
        out.append("too few pictures for categories: the best are chosen among all of them")
    return tuple(out)
