"""The pairs of one folder, or of one and others: candidates, compared in detail but for those that were before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...curate.duplicates.candidates import Pairs, between, within
from ...curate.duplicates.described import Described
from ...curate.duplicates.facts import PairFacts, facts_of
from ...curate.duplicates.pairs import HeldPictures, confirmed_within
from ...job import Job, Stage
from .compared_pairs import ComparedPairs, Contents, in_order
from .sides import Side, state_of

_TOGETHER = 256
"""Pairs between two commits: what a stop loses at most."""

_ROUNDS = 3
_MORE_BY_ROUND = 20_000
"""Pairs that are looked at because both are copies of a third picture, in one of so many rounds."""

_ASKED = 1 << 14
"""Pairs that are recalled at once."""

Codes = NDArray[np.int64]

@dataclass(frozen=True)
class Paired:
    """What the pairs are that are not different; `changed` are files that changed meanwhile, and are left out."""

    facts: Mapping[Contents, PairFacts]
    changed: tuple[Path, ...] = ()


def find_pairs(side: Side, others: Sequence[Side], store: ComparedPairs, job: Job) -> Paired:
    """The pairs of a side with itself or, where there are others, with each of these.

    Two that are copies of a third one are compared, too: candidates of a picture with very many copies are not all
    found at once, and a group needs each pair. Raises Cancelled within some pairs; what was compared is kept.
    """
    search = _Search([side, *others], store, job)
    if others:
        wanted = [search.coded(between(side.described, other.described, job), side, other) for other in others]
    else:
        wanted = [search.coded(within(side.described, job), side, side)]
    search.compare(np.unique(np.concatenate(wanted)), "comparing pictures in detail")
    for _ in range(_ROUNDS):
        more = search.of_one_third()
        if not len(more):
            break
        search.compare(more, "comparing copies with each other")
    return Paired(search.found, tuple(sorted(search.changed)))


class _Search:
    """All contents in order, one file of each, and what was found. A pair is one number, a · contents + b with a < b:
    of 100,000 pictures there are millions that are worth a look."""

    def __init__(self, sides: Sequence[Side], store: ComparedPairs, job: Job) -> None:
        self._store, self._job = store, job
        self._paths = {
            content: path
            for side in reversed(sides)
            for content, path in zip(side.described.contents, side.described.paths, strict=True)
        }
        self._contents = sorted(self._paths)
        self._place = {content: i for i, content in enumerate(self._contents)}
        self._states = {path: state for side in sides for path, state in side.states.items()}
        self._compared: Codes = np.zeros(0, np.int64)
        self._held = HeldPictures()
        self.found: dict[Contents, PairFacts] = {}
        self.changed: set[Path] = set()

    def coded(self, pairs: Pairs, one: Side, other: Side) -> Codes:
        """Pairs of rows of two sides as numbers, but for those of one content."""
        a, b = (
            np.array([self._place[content] for content in side.described.contents], np.int64)[pairs[:, column]]
            for column, side in enumerate((one, other))
        )
        codes = np.minimum(a, b) * len(self._contents) + np.maximum(a, b)
        return np.unique(codes[a != b])

    def _pairs(self, codes: Codes) -> list[Contents]:
        rows = zip(*(each.tolist() for each in np.divmod(codes, max(1, len(self._contents)))), strict=True)
        return [(self._contents[a], self._contents[b]) for a, b in rows]

    def compare(self, codes: Codes, what: str) -> None:
        """Pairs that were not compared in this search, the smaller number first."""
        self._compared = np.union1d(self._compared, codes)
        left = [np.zeros(0, np.int64)]
        for part in _parts(codes, _ASKED):
            known = self._recalled(part)
            left.append(part[[pair not in known for pair in self._pairs(part)]])
        waiting = np.concatenate(left)
        stage = Stage(self._job, what, len(waiting), "pairs")
        for part in _parts(waiting, _TOGETHER):
            self._confirm(self._pairs(part))
            stage.advance(len(part))

    def _recalled(self, codes: Codes) -> Mapping[Contents, PairFacts | None]:
        self._job.check()
        known = self._store.known(self._pairs(codes))
        self.found.update({pair: facts for pair, facts in known.items() if facts is not None})
        return known

    def _confirm(self, pairs: Sequence[Contents]) -> None:
        """Look at these, and keep what they are. Nothing is said of a file that is another one by now, or gone."""
        contents = sorted({content for pair in pairs for content in pair})
        paths = {content: self._paths[content] for content in contents}
        place = {content: row for row, content in enumerate(contents)}
        rows = np.array([(place[a], place[b]) for a, b in pairs], np.int64)
        held = Described(tuple(contents), tuple(paths.values()), np.zeros((len(contents), 1, 8), np.uint8))
        quiet = Job(cancelled=self._job.cancelled)
        told = {in_order(each.a, each.b): facts_of(each) for each in confirmed_within(rows, held, quiet, self._held)}
        gone = {content for content, path in paths.items() if state_of(path) != self._states.get(path)}
        self.changed |= {paths[content] for content in gone}
        sure = [(pair, told.get(pair)) for pair in pairs if gone.isdisjoint(pair)]
        self._store.keep(sure)
        self.found.update({pair: facts for pair, facts in sure if facts is not None})

    def of_one_third(self) -> Codes:
        """Pairs not compared yet whose two pictures are claimed to be copies of the same third one."""
        partners: dict[int, list[int]] = {}
        for pair, facts in self.found.items():
            if facts.kind.claimed:
                a, b = (self._place[content] for content in pair)
                partners.setdefault(a, []).append(b)
                partners.setdefault(b, []).append(a)
        more: set[int] = set()
        for each in sorted(partners):
            more.update(a * len(self._contents) + b for a, b in combinations(sorted(partners[each]), 2))
            if len(more) >= _MORE_BY_ROUND:
                break
        return np.setdiff1d(np.array(sorted(more), np.int64), self._compared)[:_MORE_BY_ROUND]


def _parts(codes: Codes, size: int) -> Iterator[Codes]:
    return (codes[start : start + size] for start in range(0, len(codes), size))
