"""How often chance alone sets a group's mean score as far from the rest as it is.

The scores are dealt out anew many times, and all groups of all granularities are looked at each time: a group's p is
the share of deals in which any of them stands out as much as this one does. So in scores that have nothing to do with
what pictures show, a group with p ≤ 0.05 is found in one of twenty folders, however many groups were looked at.

How they are dealt out says what is shown:

- A group of one prompt's pictures is compared with pictures drawn from all: it stands out, whatever the reason.
- A group of several prompts is to say something of prompts like these. Pictures of one prompt have scores that are
  alike (and those of one seed more so), so eight models' pictures of one prompt are not eight proofs: prompts are
  dealt out as wholes, and within each its pictures. (Multi-level block permutation: Winkler et al., NeuroImage 123,
  2015; the maximum over groups: Westfall and Young, 1993.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_matrix

from .tree import Floats, Labels

DEALS = 1000

_ONE_PROMPT = 0.3
"""Share of the error that groups of one prompt may make; the rest is for those of several, which are harder to show."""

_TOGETHER = 100
"""Deals at once."""


def chances(scores: Floats, prompts: Labels, groups: csr_matrix, least: float = 0.0) -> Floats:
    """p of each group, [groups].

    `scores` [n], `prompts` [n] tells pictures of one prompt, `groups` [groups, n] is 1 for members. Groups whose mean
    is less than `least` from the mean of all are not told, so they do not count in the deals either.
    """
    sizes = np.asarray(groups.sum(1)).ravel()
    rows, columns = groups.nonzero()
    several = np.zeros(groups.shape[0], bool)
    first = np.full(groups.shape[0], -1)
    first[rows[::-1]] = prompts[columns[::-1]]
    several[rows[prompts[columns] != first[rows]]] = True
    centred = scores - scores.mean()
    tolerance = 1e-9 * max(float(np.abs(centred).max(initial=0)), 1e-300)
    seen = groups @ centred / sizes
    p = np.ones(len(seen))
    kinds = [(~several, _among_all, _ONE_PROMPT), (several, _by_prompt, 1 - _ONE_PROMPT)]
    both = several.any() and not several.all()
    for chosen, deals, share in kinds:
        if not chosen.any():
            continue
        part, size = groups[np.flatnonzero(chosen)], sizes[chosen][:, None]
        dealt = np.concatenate([part @ deal / size for deal in deals(centred, prompts)], 1)  # [groups, DEALS]
        middle, spread = dealt.mean(1), dealt.std(1)
        spread = np.where(spread > tolerance, spread, np.inf)
        here = np.abs(seen[chosen] - middle) / spread
        away = np.abs(dealt - middle[:, None]) / spread[:, None]
        most = np.sort(np.where(np.abs(dealt) >= least - tolerance, away, 0).max(0))
        as_far = DEALS - np.searchsorted(most, here - 1e-9)
        found = (1 + as_far) / (1 + DEALS)
        found = found + 2 * np.sqrt(found * (1 - found) / DEALS)  # so few deals tell it that well only
        p[chosen] = np.minimum(found / (share if both else 1), 1)
    return p


def _among_all(scores: Floats, _prompts: Labels) -> Iterator[Floats]:
    """[n, deals]: the scores in any order."""
    rng = np.random.default_rng(0)
    for _ in range(DEALS // _TOGETHER):
        yield rng.permuted(np.repeat(scores[:, None], _TOGETHER, 1), axis=0)


def _by_prompt(scores: Floats, prompts: Labels) -> Iterator[Floats]:
    """[n, deals]: prompts with several pictures are dealt out among themselves, and those with one.

    A prompt takes over another's mean and how its pictures lie around it, in any order; where it has more pictures than
    the other some of these count again, where it has fewer only some do.
    """
    rng = np.random.default_rng(1)
    prompts = np.unique(prompts, return_inverse=True)[1]
    counts = np.bincount(prompts)
    starts = np.cumsum(counts) - counts
    by_prompt = np.argsort(prompts, kind="stable")
    here = prompts[by_prompt]
    inside = np.arange(len(scores)) - starts[here]
    kinds = [np.flatnonzero(counts == 1), np.flatnonzero(counts > 1)]
    for _ in range(DEALS // _TOGETHER):
        dealt = np.empty((len(scores), _TOGETHER))
        for column in dealt.T:
            source = np.arange(len(counts))
            for kind in kinds:
                source[kind] = rng.permutation(kind)
            mixed = scores[np.lexsort((rng.random(len(scores)), prompts))]  # pictures of one prompt stay together
            other = source[here]
            column[by_prompt] = mixed[starts[other] + inside % counts[other]]
        yield dealt - dealt.mean(0)
