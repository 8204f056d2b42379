"""The pairs of one folder, or of one and others: candidates, compared in detail but for those that were before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from ...curate.collection import Collected
from ...curate.duplicates.candidates import between, within
from ...curate.duplicates.described import Described
from ...curate.duplicates.facts import PairFacts, facts_of
from ...curate.duplicates.pairs import confirmed_within
from ...job import Job, Stage
from .compared_pairs import ComparedPairs, Contents, in_order

_TOGETHER = 256
"""Pairs between two commits: what a stop loses at most."""

_ROUNDS = 3
_MORE_BY_ROUND = 20_000
"""Pairs that are looked at because both are copies of a third picture, in one of so many rounds."""

State = tuple[int, int]
"""Bytes and time of a file."""


@dataclass(frozen=True)
class Side:
    """One folder's pictures as they were when they were read; `unreadable`: why others are not among them."""

    folder: Path
    pictures: tuple[Collected, ...]
    described: Described
    states: Mapping[Path, State]
    unreadable: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Paired:
    """What the pairs are that are not different; `changed` are files that changed meanwhile, and are left out."""

    facts: Mapping[Contents, PairFacts]
    changed: tuple[Path, ...] = ()


def state_of(path: Path) -> State | None:
    """None where there is no such file any more."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def find_pairs(side: Side, others: Sequence[Side], store: ComparedPairs, job: Job) -> Paired:
    """The pairs of a side with itself or, where there are others, with each of these.

    Two that are copies of a third one are compared, too: candidates of a picture with very many copies are not all
    found at once, and a group needs each pair. Raises Cancelled within some pairs; what was compared is kept.
    """
    sides = [side, *others]
    search = _Search(sides, store, job)
    if others:
        wanted: set[Contents] = set()
        for other in others:
            wanted.update(_contents(between(side.described, other.described, job), side, other))
    else:
        wanted = set(_contents(within(side.described, job), side, side))
    search.compare(sorted(wanted), "comparing pictures in detail")
    for _ in range(_ROUNDS):
        more = search.of_one_third()
        if not more:
            break
        search.compare(more, "comparing copies with each other")
    return Paired(search.found, tuple(sorted(search.changed)))


def _contents(pairs: np.ndarray, one: Side, other: Side) -> Iterable[Contents]:
    a, b = one.described.contents, other.described.contents
    return (in_order(a[i], b[j]) for i, j in pairs.tolist() if a[i] != b[j])


class _Search:
    """Contents and one file of each; what was compared, and what was found."""

    def __init__(self, sides: Sequence[Side], store: ComparedPairs, job: Job) -> None:
        self._store, self._job = store, job
        self._paths = {
            content: path
            for side in reversed(sides)
            for content, path in zip(side.described.contents, side.described.paths, strict=True)
        }
        self._states = {path: state for side in sides for path, state in side.states.items()}
        self.found: dict[Contents, PairFacts] = {}
        self.changed: set[Path] = set()
        self._compared: set[Contents] = set()

    def compare(self, pairs: Sequence[Contents], what: str) -> None:
        self._compared.update(pairs)
        known = self._store.known(pairs)
        self.found.update({pair: facts for pair, facts in known.items() if facts is not None})
        left = [pair for pair in pairs if pair not in known]
        stage = Stage(self._job, what, len(left), "pairs")
        quiet = Job(cancelled=self._job.cancelled)
        for start in range(0, len(left), _TOGETHER):
            part = left[start : start + _TOGETHER]
            contents = sorted({content for pair in part for content in pair})
            paths = tuple(self._paths[content] for content in contents)
            place = {content: row for row, content in enumerate(contents)}
            rows = np.array([(place[a], place[b]) for a, b in part], np.int64)
            held = Described(tuple(contents), paths, np.zeros((len(contents), 1, 8), np.uint8))
            told = {in_order(each.a, each.b): facts_of(each) for each in confirmed_within(rows, held, quiet)}
            self._keep(part, told)
            stage.advance(len(part))

    def _keep(self, part: Sequence[Contents], told: Mapping[Contents, PairFacts]) -> None:
        """Nothing is said of a file that is another one by now, or gone."""
        paths = {content: self._paths[content] for pair in part for content in pair}
        gone = {content for content, path in paths.items() if state_of(path) != self._states.get(path)}
        self.changed |= {paths[content] for content in gone}
        sure = [(pair, told.get(pair)) for pair in part if gone.isdisjoint(pair)]
        self._store.keep(sure)
        self.found.update({pair: facts for pair, facts in sure if facts is not None})

    def of_one_third(self) -> list[Contents]:
        """Pairs not compared yet whose two pictures are claimed to be copies of the same third one."""
        partners: dict[str, list[str]] = {}
        for (a, b), facts in self.found.items():
            if facts.kind.claimed:
                partners.setdefault(a, []).append(b)
                partners.setdefault(b, []).append(a)
        more: set[Contents] = set()
        for each in sorted(partners):
            for pair in combinations(sorted(partners[each]), 2):
                if pair not in self._compared:
                    more.add(pair)
            if len(more) >= _MORE_BY_ROUND:
                break
        return sorted(more)[:_MORE_BY_ROUND]
