"""What the pictures are told to show, in the words of prompts, and the tokens of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from lib_modelsim.engines.tokenizer import tokenizer

from .scenes import COLOURS
from .styles import STYLES, picture
from .subjects import SUBJECTS

VOCABULARY = 514
BEGIN, END = 512, 513
PLACES = 77

_TEMPLATES = {
    "a {c} {n}, {s}": 0.2,
    "{s} of a {c} {n}": 0.2,
    "{n}, {c}, {s}": 0.1,
    "{s}, {c} {n}": 0.1,
    "a {n}, {s}": 0.06,
    "{s} of a {n}": 0.06,
    "{n} {s}": 0.05,
    "a {c} {n}": 0.09,
    "{n}": 0.06,
    "{s}": 0.04,
    "": 0.04,
}
"""Template → its chance; n the subject, c its colour, s the style."""
_WITHOUT_STYLE = ("a {c} {n}", "{n}", "a {n}", "{c} {n}")
_FILLERS = (
    *("beautiful", "a picture of", "soft light", "detailed", "small", "on a hill", "in the morning", "close-up"),
    *("simple", "old", "with a shadow", "side view", "masterpiece", "wide view", "summer", "lowres", "blurry"),
    *("watermark", "signature", "looking at the viewer"),
)


class Content(NamedTuple):
    """What a picture shows."""

    subject: str
    colour: str
    style: str


@dataclass(frozen=True)
class Caption:
    """A text, and which of subject, colour and style it names."""

    text: str
    names: tuple[bool, bool, bool]


def caption(content: Content, rng: np.random.Generator, styled: float = 1.0, fill: float = 0.08) -> Caption:
    """One of the ways to say it. `styled` is the chance that the style's name stays, `fill` that of words which tell
    nothing, some of them of random letters."""
    template = str(rng.choice(list(_TEMPLATES), p=list(_TEMPLATES.values())))
    if "{s}" in template and rng.uniform() > styled:
        template = _WITHOUT_STYLE[int(rng.integers(len(_WITHOUT_STYLE)))]
    text = template.format(n=content.subject, c=content.colour, s=STYLES[content.style].words)
    if rng.uniform() < fill:
        word = _filler(rng)
        behind = f"{text}, {word}" if text else word
        text = f"{word} {text}" if rng.uniform() < 0.5 else behind
    return Caption(text, ("{n}" in template, "{c}" in template, "{s}" in template))


def _filler(rng: np.random.Generator) -> str:
    if rng.uniform() < 0.7:
        return _FILLERS[int(rng.integers(len(_FILLERS)))]
    return "".join(chr(ord("a") + int(letter)) for letter in rng.integers(0, 26, int(rng.integers(3, 9))))


def tokens(text: str) -> list[int]:
    """The 77 tokens of CLIP's text encoder, of a vocabulary of bytes."""
    ids = [BEGIN, *tokenizer(VOCABULARY)(text)][: PLACES - 1]
    return ids + [END] * (PLACES - len(ids))


def drawn(count: int, seed: int, styles: tuple[str, ...]) -> tuple[torch.Tensor, list[Content]]:
    """Pictures of every subject in turn, uint8 [count, 128, 128, 3], and what each shows."""
    rng, subjects, colours = np.random.default_rng(seed), list(SUBJECTS), list(COLOURS)
    contents = [
        Content(subjects[i % len(subjects)], colours[rng.integers(len(colours))], styles[rng.integers(len(styles))])
        for i in range(count)
    ]
    return torch.from_numpy(np.stack([picture(*content, rng) for content in contents])), contents


class Captions:
    """Several captions for everything that the pictures show, and batches in which pictures share a caption."""

    def __init__(self, contents: list[Content], seed: int, styled: float = 1.0, each: int = 6) -> None:
        rng = np.random.default_rng(seed)
        self._pictures: dict[Content, list[int]] = {}
        for number, content in enumerate(contents):
            self._pictures.setdefault(content, []).append(number)
        self._contents = sorted(self._pictures)
        texts = [[caption(content, rng, styled).text for _ in range(each)] for content in self._contents]
        distinct = sorted({text for row in texts for text in row} | {""})
        place = {text: number for number, text in enumerate(distinct)}
        self._places = [[place[text] for text in row] for row in texts]
        self.texts = [*distinct, ""]
        """The empty prompt is there twice, at the last place for clip skip 2, as suites of empty prompts ask for."""

    def batch(self, rng: np.random.Generator, captions: int, share: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Places of pictures, [captions · share], and of their captions, [captions]: `share` pictures for each."""
        pictures, places = [], []
        for _ in range(captions):
            content = int(rng.integers(len(self._contents)))
            place = self._places[content][int(rng.integers(len(self._places[content])))]
            if self.texts[place]:
                shown = [content] * share
            else:  # says nothing, so it may be anything
                shown = list(rng.integers(0, len(self._contents), share))
                place = len(self.texts) - 1 if rng.uniform() < 0.5 else place
            for one in shown:
                of_it = self._pictures[self._contents[one]]
                pictures.append(of_it[int(rng.integers(len(of_it)))])
            places.append(place)
        return torch.tensor(pictures), torch.tensor(places)
