"""What a group of pictures is called: by the words that set its prompts apart, or by its model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .collection import Collected
from .words import words_of

_WORDS = 3
"""In a name, at most."""

_COMMON, _MORE = 0.5, 0.25
"""A word is in a name where this share of the group's prompts has it, and this much more than of the others."""

_MOSTLY = 0.8
"""Share of a group that must be of one model for it to be named by that."""


def name_of(members: Sequence[Collected], others: Sequence[Collected]) -> str:
    """The words that most of the members' prompts have and few of the others'; the whole prompt where it is one alone
    and short; then the model; "" where nothing tells them apart."""
    inside, outside = _prompts(members), _prompts(others)
    if len(inside) == 1 and inside[0] not in outside and len(words_of(inside[0])) <= 2 * _WORDS:
        return inside[0].strip()
    words = _distinctive(inside, outside)
    if words:
        return " ".join(words)
    models = Counter(each.model for each in members if each.model)
    if models and len({each.model for each in (*members, *others)} - {""}) > 1:
        model, count = min(models.items(), key=lambda item: (-item[1], item[0]))
        if count >= _MOSTLY * len(members):
            return model
    return ""


def _prompts(pictures: Iterable[Collected]) -> list[str]:
    """Each once: eight models' pictures of one prompt say no more than one."""
    return sorted({each.prompt for each in pictures} - {""})


def _distinctive(inside: Sequence[str], outside: Sequence[str]) -> list[str]:
    """In the order in which prompts have them."""
    if not inside:
        return []
    here, there = (Counter(word for prompt in some for word in set(words_of(prompt))) for some in (inside, outside))
    more = {word: count / len(inside) - there[word] / max(len(outside), 1) for word, count in here.items()}
    kept = [word for word, count in here.items() if count / len(inside) >= _COMMON and more[word] >= _MORE]
    best = sorted(kept, key=lambda word: (-more[word], word))[:_WORDS]
    places = {word: [words_of(each).index(word) for each in inside if word in words_of(each)] for word in best}
    return sorted(best, key=lambda word: (sum(places[word]) / len(places[word]), word))


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of which each stands once: a number behind those that several have, and behind "alike" those without."""
    named = [name or "pictures alike" for name in names]
    counts, seen, out = Counter(named), Counter(), []
    for name in named:
        seen[name] += 1
        out.append(f"{name} ({seen[name]})" if counts[name] > 1 or name == "pictures alike" else name)
    return out
