"""Which pictures of a collection a person looks at, and in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...curate.collection import Collected
from ...text import readable
from .remembered import Mark

if TYPE_CHECKING:  # NumPy comes with it
    from .curate import Curated

NAME, MODEL, STARS, PROMPT = "name", "model", "stars", "prompt"
"""Orders that need no score; an order by a score is called by the score's name, and by OVERALL that by the mean."""

OVERALL = "overall"


@dataclass(frozen=True)
class Picture:
    """A picture and what was found out about it: score → value, NaN where it is missing; `group` is the name of its
    category, "" where it is in none."""

    about: Collected
    scores: Mapping[str, float] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True)
class Look:
    """What a person asked to see. `order` "" is as the folder has them; scores and stars begin with the largest, texts
    with A, and `reverse` turns that round. The filters are empty where everything is to be seen: `words` are to be in
    the prompt or the file's name, all of them; `model` is its key; `stars` the fewest."""

    order: str = ""
    reverse: bool = False
    words: str = ""
    model: str = ""
    suite: str = ""
    group: str = ""
    stars: int = 0
    kept: bool = False
    selected: bool = False


def scored_pictures(curated: Curated) -> tuple[Picture, ...]:
    """The pictures of a collection with their scores, the mean among them where there are several."""
    values = {score.name: score.values for score in curated.scores.values()}
    if len(values) > 1:
        values[OVERALL] = curated.overall
    pictures = curated.collection.pictures
    groups = curated.judged.category or [""] * len(pictures)
    return tuple(
        Picture(about, {name: float(each[i]) for name, each in values.items()}, groups[i])
        for i, about in enumerate(pictures)
    )


def best_order(curated: Curated) -> str:
    """The order in which the best of all stand first."""
    return OVERALL if len(curated.scores) > 1 else next(iter(curated.scores), "")


def labels_of(curated: Curated) -> dict[str, str]:
    """Order → what people call it, of the scores that were computed."""
    names = {name: name for name in curated.scores}
    return {OVERALL: "all scores", **names} if len(names) > 1 else names


def looked_at(
    pictures: Sequence[Picture], look: Look, marks: Mapping[str, Mark], selected: Collection[str] = ()
) -> list[Picture]:
    """The pictures that the filters leave, in the order asked for; those whose score is missing come last. `marks` and
    `selected` are by content."""
    words = _words(look.words)
    tests: list[Callable[[Picture], bool]] = []
    if words:
        tests.append(lambda each: all(word in _said(each.about) for word in words))
    if look.model:
        tests.append(lambda each: each.about.key == look.model)
    if look.suite:
        tests.append(lambda each: each.about.suite == look.suite)
    if look.group:
        tests.append(lambda each: each.group == look.group)
    if look.stars:
        tests.append(lambda each: marks.get(each.about.content, Mark()).stars >= look.stars)
    if look.kept:
        tests.append(lambda each: marks.get(each.about.content, Mark()).keep)
    if look.selected:
        tests.append(lambda each: each.about.content in selected)
    found = [each for each in pictures if all(test(each) for test in tests)]
    return _ordered(found, look, marks)


def _words(typed: str) -> list[str]:
    """What is to be found: words, and what stands in quotes as a whole."""
    return [(quoted or word).casefold() for quoted, word in re.findall(r'"([^"]+)"|(\S+)', typed)]


def _said(about: Collected) -> str:
    return f"{about.prompt} {readable(about.path.name)}".casefold()


def _ordered(found: list[Picture], look: Look, marks: Mapping[str, Mark]) -> list[Picture]:
    if not look.order:
        return found[::-1] if look.reverse else found
    texts: dict[str, Callable[[Picture], str]] = {
        NAME: lambda each: readable(each.about.path.name).casefold(),
        MODEL: lambda each: each.about.model.casefold(),
        PROMPT: lambda each: each.about.prompt.casefold(),
    }
    if look.order in texts:
        return sorted(found, key=texts[look.order], reverse=look.reverse)

    def value(each: Picture) -> float:
        if look.order == STARS:
            return marks.get(each.about.content, Mark()).stars
        return each.scores.get(look.order, math.nan)

    known = [each for each in found if not math.isnan(value(each))]
    missing = [each for each in found if math.isnan(value(each))]
    return sorted(known, key=value, reverse=not look.reverse) + missing
