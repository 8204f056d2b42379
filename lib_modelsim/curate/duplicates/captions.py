"""Captions of pictures that are one picture: what they say together, and which of them does not fit the others.

A caption is a text beside its picture, as trainers read it: `anna.txt` or `anna.caption` beside `anna.png`
(kohya-ss/sd-scripts docs/train_README). Words that many captions of the folder have count for little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ...errors import ModelsimError

ENDINGS = (".txt", ".caption")
"""The first that is there counts."""

_LONGEST = 1 << 16
"""Bytes; a longer text is no caption."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_HELD, _ALIKE = 0.6, 0.5
"""Two captions fit where one holds this share of what the other says, or their words are as alike as this (cosine)."""

_PROSE = 7
"""Words between two commas from which on a caption is a text, not a list of tags."""


class Fit(Enum):
    """Whether a caption goes with those of the same picture."""

    FITS = "fits"
    MISFIT = "does not fit the others"
    UNDECIDED = "they do not fit each other, and no more speak for one than for the other"
    ALONE = "the only caption of its group"


@dataclass(frozen=True)
class Caption:
    """A caption's file and its text, in one line."""

    file: Path
    text: str


def caption_of(picture: Path) -> Caption | None:
    """The caption beside a picture; None where there is none or it is empty. Raises ModelsimError where it cannot be
    read."""
    file = next((each for each in map(picture.with_suffix, ENDINGS) if each.is_file()), None)
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelsimError("the caption cannot be read", file, f"save it as UTF-8 ({error})") from error
    if len(data) > _LONGEST:
        raise ModelsimError("this text is too long for a caption", file, "rename it if it is none")
    text = " ".join(text.split())
    return Caption(file, text) if text else None


class Rarity:
    """How much a word says, by how few of a folder's captions have it."""

    def __init__(self, captions: Iterable[str]) -> None:
        known = [set(_words(caption)) for caption in captions]
        self._count, self._in = len(known), Counter(word for words in known for word in words)

    def of(self, word: str) -> float:
        """At least 0; the logarithm of one in how many captions has it (tf-idf)."""
        return math.log((1 + self._count) / (1 + self._in[word])) + 0.1

    def fit(self, one: str, other: str) -> bool:
        """Whether two captions may be of one picture."""
        a, b = ({word: self.of(word) for word in _words(each)} for each in (one, other))
        if not a or not b:
            return _plain(one) == _plain(other)
        both = a.keys() & b.keys()
        held = sum(a[word] for word in both) / min(sum(a.values()), sum(b.values()))
        lengths = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
        return held >= _HELD or sum(a[word] ** 2 for word in both) / lengths >= _ALIKE


def fits(captions: Sequence[str], rarity: Rarity) -> list[Fit]:
    """Of each caption of one picture's copies whether it goes with the others: more than half of them decide."""
    if len(captions) == 1:
        return [Fit.ALONE]
    agree = [[rarity.fit(one, other) for other in captions] for one in captions]
    votes = [sum(row) for row in agree]
    leader = max(range(len(captions)), key=votes.__getitem__, default=0)
    if captions and votes[leader] * 2 > len(captions):
        return [Fit.FITS if fit else Fit.MISFIT for fit in agree[leader]]
    return [Fit.UNDECIDED] * len(captions)


def merged(captions: Sequence[str]) -> str:
    """What captions of one picture say together, the first one first: of lists of tags all tags, each once; of longer
    texts the longest."""
    texts = list(dict.fromkeys(caption for caption in captions if caption))
    if not texts:
        return ""
    pieces = [[piece.strip() for piece in text.split(",") if piece.strip()] for text in texts]
    if any(len(_words(piece)) >= _PROSE for of_text in pieces for piece in of_text):
        return max(texts, key=len)
    found: dict[str, str] = {}
    for piece in (piece for of_text in pieces for piece in of_text):
        found.setdefault(_plain(piece), piece)
    return ", ".join(found.values())


def _words(text: str) -> Mapping[str, None]:
    """In their order, each once."""
    return dict.fromkeys(_WORD.findall(text.casefold().replace("_", " ")))


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())
