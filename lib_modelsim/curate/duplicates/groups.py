"""Confirmed pairs → groups whose members all resemble each other (complete link).

A chain makes no group: where a is a copy of b and b one of c, but a and c were not confirmed, the more similar two are
together and the other one is told as a pair.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Linked(Generic[_Key]):
    """`groups` have two members or more, each in one group, all pairs in it confirmed; `apart` are the confirmed pairs
    of which no group holds both, the smaller one first."""

    groups: tuple[tuple[_Key, ...], ...]
    apart: tuple[tuple[_Key, _Key], ...]


def complete_link(pairs: Mapping[tuple[_Key, _Key], float]) -> Linked[_Key]:
    """Groups of what these pairs (two different keys → similarity) join; the most similar pairs join first.

    The result depends neither on the order of the pairs nor on which key of a pair comes first. Groups are sorted by
    size, the largest first, and by their members; members are sorted.
    """
    similar: dict[tuple[_Key, _Key], float] = {}
    for (a, b), value in pairs.items():
        pair = (a, b) if a < b else (b, a)
        similar[pair] = max(value, similar.get(pair, value))
    group_of: dict[_Key, set[_Key]] = {key: {key} for pair in similar for key in pair}
    for a, b in sorted(similar, key=lambda pair: (-similar[pair], pair)):
        one, other = group_of[a], group_of[b]
        if one is not other and _all_confirmed(one, other, similar):
            larger, smaller = (one, other) if len(one) >= len(other) else (other, one)
            larger |= smaller
            group_of.update(dict.fromkeys(smaller, larger))
    found = {id(group): group for group in group_of.values() if len(group) > 1}
    groups = sorted((tuple(sorted(group)) for group in found.values()), key=lambda group: (-len(group), group))
    apart = sorted(pair for pair in similar if group_of[pair[0]] is not group_of[pair[1]])
    return Linked(tuple(groups), tuple(apart))


def _all_confirmed(one: Iterable[_Key], other: Iterable[_Key], pairs: Mapping[tuple[_Key, _Key], float]) -> bool:
    return all(((a, b) if a < b else (b, a)) in pairs for a in one for b in other)
