"""Pictures that are one picture: within a folder, or in it and in others. Each pair is confirmed in detail; groups hold
only pictures that all resemble each other; what a person does not want to see again is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING

from ...curate.collection import Collected
from ...curate.duplicates.facts import PairFacts
from ...curate.duplicates.groups import complete_link
from ...curate.duplicates.keeping import FileFacts, Suggestion, file_facts, suggest
from ...curate.duplicates.pairs import PairKind
from ...curate.duplicates.words import SAME_FILE
from ...job import Job, Stage
from ...pictures.opening import PictureError
from ...text import counted, readable
from .compared_pairs import ComparedPairs, Contents
from .finding_pairs import Paired, find_pairs
from .sides import Side, sides_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...pictures.features import FeatureStore

_WEAKEST = (PairKind.PART.value, PairKind.EDITED.value, PairKind.COPY.value, SAME_FILE)
"""What a group is called: by its weakest pair."""


_FILES = 1000
"""Pairs of files that are told of two contents at most: thousands of files may be the same."""


@dataclass(frozen=True)
class PicturePair:
    """Two files. `kind` is "copy", "edited copy", "part" or "same file" of those that we claim to be one picture, else
    "same layout" or "too little to tell"; `similarity` 0 … 1 is the share of the places compared that are the same;
    `told` says in words what was done to it. `contents` are their SHA-256, in the same order, for `never_show`."""

    a: Path
    b: Path
    kind: str
    similarity: float
    told: str
    contents: tuple[str, str]


@dataclass(frozen=True)
class PictureGroup:
    """Files of which each two are confirmed to be one picture, the one to keep first; `similarity` is that of the two
    that are the least alike, `kind` that of the weakest pair. `keep` is None where none is better for sure, as `why`
    says."""

    kind: str
    paths: tuple[Path, ...]
    similarity: float
    keep: Path | None
    why: str
    contents: tuple[str, ...]


@dataclass(frozen=True)
class Duplicates:
    """What was found under `folder`, or between it and `against`. `pairs` are all that we claim, also those in groups;
    `alike` have the same layout and differ in detail, of `too_little` nothing can be said: neither is ever in a group.
    `unreadable`: file → why it was not compared. `hidden` is how many pairs a person does not want to see again;
    `pictures` how many files were compared; of each of the folder's `contents` is its SHA-256 and `models` which model
    made it, "" where nothing tells."""

    folder: Path
    against: tuple[Path, ...]
    pictures: int
    groups: tuple[PictureGroup, ...] = ()
    pairs: tuple[PicturePair, ...] = ()
    alike: tuple[PicturePair, ...] = ()
    too_little: tuple[PicturePair, ...] = ()
    unreadable: Mapping[Path, str] = field(default_factory=dict)
    hidden: int = 0
    contents: Mapping[Path, str] = field(default_factory=dict)
    models: Mapping[Path, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def beyond_groups(self) -> list[PicturePair]:
        """The pairs whose two files are in no group together."""
        group = {path: i for i, each in enumerate(self.groups) for path in each.paths}
        return [pair for pair in self.pairs if group.get(pair.a, -1) != group.get(pair.b, -2)]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind: pictures, groups, files in groups, files beside those to keep, pairs."""
        kinds = Counter(pair.kind for pair in self.pairs)
        return {
            "pictures": self.pictures,
            "groups": len(self.groups),
            "in_groups": sum(len(group.paths) for group in self.groups),
            "beside_kept": sum(len(group.paths) - 1 for group in self.groups if group.keep is not None),
            "pairs": len(self.pairs),
            **{kind: kinds[kind] for kind in reversed(_WEAKEST)},
            "alike": len(self.alike),
            "too_little": len(self.too_little),
            "unreadable": len(self.unreadable),
            "hidden": self.hidden,
        }


@dataclass(frozen=True)
class PairTools:
    """What a search needs: the features of a folder, what is known of pairs, and the pairs that are hidden."""

    store: Callable[[Path], AbstractContextManager[FeatureStore]]
    compared: ComparedPairs
    hidden: frozenset[Contents] = frozenset()


def duplicates(folder: Path, against: Sequence[Path], tools: PairTools, job: Job) -> Duplicates:
    """The pictures under `folder` that are one picture; with `against` those that are one of these folders' pictures.

    A file met by several paths (links) counts once, and one that lies in both folders never pairs with itself.
    Raises ModelsimError where there is no such folder or no picture in it, Cancelled within a few pictures; what was
    looked at and compared is kept.
    """
    sides, remarks = sides_of(folder, against, tools.store, job)
    paired = find_pairs(sides[0], sides[1:], tools.compared, job)
    return _Told(sides, paired, tools.hidden, remarks).duplicates(job)


class _Told:
    """Contents → files, groups and pairs."""

    def __init__(self, sides: Sequence[Side], paired: Paired, hidden: frozenset[Contents], remarks: list[str]) -> None:
        self._sides, self._remarks = sides, remarks
        known = [set(side.described.contents) for side in sides]
        gone = set(paired.changed)
        gone |= {each.path for i, side in enumerate(sides) for each in side.pictures if each.content not in known[i]}
        if gone:
            remarks.append(f"{counted(len(gone), 'picture')} changed meanwhile and left out: run it again")
        self._own = {each.path for each in sides[0].pictures}
        self._of_content: dict[str, list[Collected]] = {}
        self._in: dict[str, set[int]] = {}
        for i, side in enumerate(sides):
            for each in side.pictures:
                if each.path not in gone:
                    self._of_content.setdefault(each.content, []).append(each)
                    self._in.setdefault(each.content, set()).add(i)
        facts = {pair: each for pair, each in paired.facts.items() if set(pair) <= self._of_content.keys()}
        self._hidden = sum(pair in hidden and self._wanted(*pair) for pair in facts)
        self._facts = {pair: each for pair, each in facts.items() if pair not in hidden}

    def duplicates(self, job: Job) -> Duplicates:
        claimed = {pair: each for pair, each in self._facts.items() if each.kind.claimed}
        groups = [*complete_link({pair: each.similarity for pair, each in claimed.items()}).groups]
        grouped = {content for group in groups for content in group}
        groups = [group for group in groups if self._across(group)]
        alone = sorted(self._of_content.keys() - grouped)
        groups += [(content,) for content in alone if self._is_twice(content)]
        stage = Stage(job, "choosing which to keep", len(groups), "groups")
        told = []
        for group in groups:
            told.append(self._group(group))
            stage.advance(1)
        told.sort(key=lambda group: (-len(group.paths), -group.similarity, str(group.paths[0])))
        pairs = [*self._same_files(), *self._pairs(each for each in claimed.values() if self._wanted(each.a, each.b))]
        folder, *against = [side.folder for side in self._sides]
        everything = [each for side in self._sides for each in side.pictures]
        return Duplicates(
            folder,
            tuple(against),
            len(everything),
            tuple(told),
            tuple(pairs),
            self._of_kind(PairKind.SAME_LAYOUT),
            self._of_kind(PairKind.TOO_LITTLE),
            {path: why for side in self._sides for path, why in side.unreadable.items()},
            self._hidden,
            {each.path: each.content for each in self._sides[0].pictures},
            {each.path: each.model for each in self._sides[0].pictures},
            tuple(self._remarks),
        )

    def _of_kind(self, kind: PairKind) -> tuple[PicturePair, ...]:
        found = (each for each in self._facts.values() if each.kind is kind and self._wanted(each.a, each.b))
        return tuple(self._pairs(found))

    def _wanted(self, a: str, b: str) -> bool:
        """Whether a pair is what was asked for: with others, one of the folder and one of those."""
        return self._ways(a, b) != (False, False)

    def _ways(self, a: str, b: str) -> tuple[bool, bool]:
        """Whether a can be the picture of the folder and b the other one, and the other way round."""
        if len(self._sides) == 1:
            return True, True
        one, other = self._in[a], self._in[b]
        return bool(0 in one and other - {0}), bool(0 in other and one - {0})

    def _across(self, contents: Iterable[str]) -> bool:
        if len(self._sides) == 1:
            return True
        held = set().union(*(self._in[content] for content in contents))
        return 0 in held and len(held) > 1

    def _is_twice(self, content: str) -> bool:
        return len(self._of_content[content]) > 1 and self._across((content,))

    def _same_files(self) -> list[PicturePair]:
        """Files of one content with each other."""
        found = []
        for content in sorted(filter(self._is_twice, self._of_content)):
            if len(self._sides) > 1:
                pairs = list(product(*self._files(content, content)))
            else:
                pairs = list(combinations([each.path for each in self._of_content[content]], 2))
            same = (SAME_FILE, 1.0, "every byte is the same", (content, content))
            found += [PicturePair(*pair, *same) for pair in pairs[:_FILES]]
        return found

    def _pairs(self, facts: Iterable[PairFacts]) -> list[PicturePair]:
        """Each file of the one content with each of the other."""
        found = []
        for each in facts:
            told = each if self._ways(each.a, each.b)[0] else _turned(each)
            said = (each.kind.value, each.similarity, told.told, (told.a, told.b))
            pairs = list(product(*self._files(told.a, told.b)))
            found += [PicturePair(*pair, *said) for pair in pairs[:_FILES]]
        return sorted(found, key=lambda pair: (-pair.similarity, str(pair.a), str(pair.b)))

    def _files(self, a: str, b: str) -> tuple[list[Path], list[Path]]:
        """The files of two contents; where there are several folders, of the one in the folder, of the other not."""
        one, other = ([each.path for each in self._of_content[content]] for content in (a, b))
        if len(self._sides) > 1:
            return [path for path in one if path in self._own], [path for path in other if path not in self._own]
        return one, other

    def _group(self, contents: Sequence[str]) -> PictureGroup:
        pairs = {pair: self._facts[pair] for pair in combinations(sorted(contents), 2)}
        kinds = {each.kind.value for each in pairs.values()} or {SAME_FILE}
        kind = next(kind for kind in _WEAKEST if kind in kinds)
        files = [each for content in contents for each in self._of_content[content]]
        kept = _suggestion(files, pairs)
        paths = sorted((each.path for each in files), key=lambda path: (path != kept.keep, str(path)))
        least = min((each.similarity for each in pairs.values()), default=1.0)
        return PictureGroup(kind, tuple(paths), least, kept.keep, kept.why, tuple(contents))


def _suggestion(files: Sequence[Collected], pairs: Mapping[Contents, PairFacts]) -> Suggestion:
    found: list[FileFacts] = []
    for each in files:
        try:
            found.append(file_facts(each.path, each.content, bool(each.prompt or each.model)))
        except (PictureError, OSError):
            return Suggestion(None, f"{readable(each.path.name)} cannot be read any more")
    return suggest(found, pairs)


def _turned(facts: PairFacts) -> PairFacts:
    """The same, told from the other one's side."""
    return replace(facts, a=facts.b, b=facts.a, of_a=facts.of_b, of_b=facts.of_a)
