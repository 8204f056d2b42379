"""The pictures that are judged together: what is known of each, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..pictures.copies import Hashes
from .alike import nearly_the_same
from .collection import Collected
from .tree import Floats, GroupTree, Labels, reduced, tree_of
from .words import word_vectors

_FEWEST = 4
"""Categories of more prompts."""


@dataclass(frozen=True)
class ScoredPictures:
    """`pictures` in the order of their contents, whatever order they came in; `scores` [n], NaN where there is none;
    `views`: vectors [n, d] of each way of looking at them, reduced, the first one of what they show; `looks`: the last
    one's as they came, of length 1; `same` [n] tells pictures that are nearly the same, which count once."""

    pictures: tuple[Collected, ...]
    scores: Floats
    views: tuple[Floats, ...]
    looks: NDArray[np.floating]
    same: Labels

    @classmethod
    def of(
        cls,
        pictures: Sequence[Collected],
        scores: NDArray[np.floating],
        views: Sequence[NDArray[np.floating]],
        fingerprints: Hashes | None = None,
    ) -> ScoredPictures:
        """Of pictures with their scores [n], vectors (one or more [n, d]) and fingerprints [n, parts, 8]."""
        order = sorted(range(len(pictures)), key=lambda i: (pictures[i].content, str(pictures[i].path)))
        ordered = tuple(pictures[i] for i in order)
        whole = [np.asarray(view)[order] for view in views] if ordered else [np.zeros((0, 1))]
        prints = None if fingerprints is None else fingerprints[order]
        contents = [each.content for each in ordered]
        same = nearly_the_same(contents, np.concatenate(whole, 1), prints)
        return cls(ordered, np.asarray(scores, np.float64)[order], tuple(map(reduced, whole)), whole[-1], same)

    @cached_property
    def prompts(self) -> tuple[str, ...]:
        """The different prompts."""
        return tuple(sorted({each.prompt for each in self.pictures} - {""}))

    @cached_property
    def prompt(self) -> Labels:
        """[n]: the place of each picture's prompt in `prompts`, −1 where it has none."""
        place = {prompt: i for i, prompt in enumerate(self.prompts)}
        return np.array([place.get(each.prompt, -1) for each in self.pictures], np.int64)

    @cached_property
    def firsts(self) -> Labels:
        """[units]: of each group of pictures that are nearly the same the first one."""
        return np.unique(self.same, return_index=True)[1]

    @cached_property
    def unit_scores(self) -> Floats:
        """[units]: the mean score of pictures that are nearly the same, NaN where none has one."""
        known = ~np.isnan(self.scores)
        counts = np.bincount(self.same, known, len(self.firsts))
        sums = np.bincount(self.same, np.where(known, self.scores, 0), len(self.firsts))
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @cached_property
    def unit_prompts(self) -> Labels:
        """[units]: as `prompt`, of the first picture."""
        return self.prompt[self.firsts]

    # what is like what

    @cached_property
    def view_trees(self) -> tuple[GroupTree, ...]:
        """A tree of the units for each view."""
        return tuple(tree_of(view[self.firsts]) for view in self.views)

    @cached_property
    def word_tree(self) -> GroupTree | None:
        """A tree of the prompts by their words; None where there are fewer than three."""
        if len(self.prompts) < 3:
            return None
        counts = np.bincount(self.unit_prompts[self.unit_prompts >= 0], minlength=len(self.prompts))
        return tree_of(self._words, np.maximum(counts, 1))

    @cached_property
    def tree(self) -> GroupTree:
        """A tree of the units by what they show and by their prompts' words, both with the same weight."""
        shown = _even(self.views[0][self.firsts])
        if len(self.prompts) < 2:
            return tree_of(shown)
        words = np.vstack([_even(self._words), np.zeros_like(self._words[:1])])[self.unit_prompts]
        return tree_of(np.hstack([shown, words]))

    @cached_property
    def categories(self) -> Labels:
        """[n]: the category of each picture, from 0: √(n / 2) of them, or where there are several prompts one for every
        three, that models can be compared in it. Nearly the same pictures are in one."""
        if not self.pictures:
            return np.zeros(0, np.int64)
        count = max(round((len(self.firsts) / 2) ** 0.5), 1)
        prompts = len(self.prompts)
        if prompts > 1:
            count = min(count, max(min(prompts, _FEWEST), round(prompts / 3)))
        return self.tree.cut(count)[self.same]

    @cached_property
    def _words(self) -> Floats:
        return word_vectors(self.prompts)


def _even(rows: Floats) -> Floats:
    """Rows that lie at distance 1 from their mean, in the root mean square."""
    spread = np.sqrt(((rows - rows.mean(0)) ** 2).sum(1).mean())
    return rows / spread if spread > 0 else rows
