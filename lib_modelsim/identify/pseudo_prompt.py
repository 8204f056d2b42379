"""What a picture may have been generated from, told from the gallery's prompts.

Where the encoder reads texts, by the prompts that it places next to the picture. Otherwise by the prompts of the
gallery's pictures like it, as TF-IDF vectors, which needs neither a text encoder nor an interrogator's files.
(scikit-learn has these; it is a large package that the WebUIs do not pin, for the few lines below.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from .examples import Examples, Floats

_NEIGHBOURS = 10

_SHARPNESS = 100.0
"""What CLIP multiplies a cosine of picture and text with before the softmax (arXiv 2103.00020)."""


@dataclass(frozen=True)
class PromptSpace:
    """`words` and how much each tells, its inverse document frequency [words]."""

    words: tuple[str, ...]
    rarity: Floats

    @classmethod
    def of(cls, prompts: Sequence[str]) -> PromptSpace:
        """The words of these prompts; rarity = ln((1 + n) / (1 + prompts with the word)) + 1."""
        different = set(prompts)
        counts = Counter(word for prompt in different for word in set(_words(prompt)))
        words = tuple(sorted(counts))
        occurrences = np.array([counts[word] for word in words], np.float64)
        return cls(words, np.log((1 + len(different)) / (1 + occurrences)) + 1)

    def vectors(self, prompts: Sequence[str]) -> Floats:
        """[prompts, words], rows of length 1; a prompt without any of the words is a row of zeros."""
        place = {word: i for i, word in enumerate(self.words)}
        values = np.zeros((len(prompts), len(self.words)))
        for row, prompt in zip(values, prompts, strict=True):
            for word in _words(prompt):
                if word in place:
                    row[place[word]] += 1
        return unit_rows(values * self.rarity)


@dataclass(frozen=True)
class PromptGuesser:
    """Guesses prompts by the gallery's pictures, or prompts, that a query resembles most."""

    examples: Examples
    prompts: NDArray[np.floating]  # [rows, t], of length 1: the encoder's texts, or words

    @classmethod
    def of(cls, examples: Examples) -> PromptGuesser:
        """The interrogator of these pictures and their prompts."""
        if examples.texts is not None:
            return cls(examples, examples.texts)
        return cls(examples, PromptSpace.of(examples.prompts).vectors(examples.prompts))

    def pseudo_prompts(self, queries: NDArray[np.floating]) -> Floats:
        """Queries [m, d] → [m, t]: the weighted prompts that are nearest, rows of length 1."""
        by_text = self.examples.texts is not None
        nearest, shares = self._texts(queries) if by_text else _neighbours(queries @ self.examples.vectors.T)
        return unit_rows(np.einsum("mk,mkt->mt", shares, self.prompts[nearest]))

    def guesses(
        self, query: NDArray[np.floating], likeness: NDArray[np.floating], count: int = 3
    ) -> list[tuple[str, float]]:
        """A query [d] and its cosines with the examples [rows] → its likeliest prompts with their shares of the nearest
        ones' weight, greatest first."""
        by_text = self.examples.texts is not None
        nearest, shares = self._texts(query[None]) if by_text else _neighbours(likeness[None])
        weight: Counter[str] = Counter()
        for row, share in zip(nearest[0], shares[0], strict=True):
            weight[self.examples.prompts[row]] += float(share)
        return weight.most_common(count)

    def _texts(self, queries: NDArray[np.floating]) -> tuple[NDArray[np.int64], Floats]:
        """As `_neighbours`, by the different prompts: a row of each."""
        cosines = unit_rows(queries.astype(np.float64)) @ self.prompts[self._different].T
        count = min(_NEIGHBOURS, cosines.shape[1])
        nearest = np.argpartition(-cosines, count - 1, 1)[:, :count]
        return self._different[nearest], softmax(_SHARPNESS * np.take_along_axis(cosines, nearest, 1), axis=1)

    @cached_property
    def _different(self) -> NDArray[np.int64]:
        """The first row of each prompt."""
        return np.unique(np.array(self.examples.prompts), return_index=True)[1]


def unit_rows(values: Floats) -> Floats:
    """Rows at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)


def _words(prompt: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", prompt.lower())


def _neighbours(cosines: NDArray[np.floating]) -> tuple[NDArray[np.int64], Floats]:
    """Cosines with the examples [m, rows] → rows of the nearest [m, k], and their shares [m, k]: the nearer, the more,
    with sum 1."""
    count = min(_NEIGHBOURS, cosines.shape[1])
    nearest = np.argpartition(-cosines, count - 1, 1)[:, :count]
    distances = np.maximum(1 - np.take_along_axis(cosines, nearest, 1), 0).astype(np.float64)
    closeness = np.exp(-distances / np.maximum(distances.mean(1, keepdims=True), 1e-12))
    return nearest, closeness / closeness.sum(1, keepdims=True)
