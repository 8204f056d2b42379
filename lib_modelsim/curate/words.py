"""The words of prompts, and how alike prompts are by them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

from .prompts import plain_words
from .tree import Floats, reduced

_EXACT = 2000
"""Different prompts up to which every word has a dimension of its own."""

_DIMENSIONS = 100
"""Of more prompts' words."""

_WORD = re.compile(r"[^\W\d_]{2,}")

COMMON = frozenset(
    re.findall(
        r"\w+",
        "an and are as at be by for from has have her his in into is it its of off on onto or over that the their "
        "there this to under up very was were while with without",
    )
)
"""Words that say nothing of what a picture shows."""


@lru_cache(maxsize=65536)
def words_of(prompt: str) -> tuple[str, ...]:
    """The words of a prompt in lower case, without weights, LoRAs and common words; letters of any script."""
    found = _WORD.findall(plain_words(prompt).lower())
    return tuple(word for word in found if word not in COMMON)


def word_vectors(prompts: Sequence[str]) -> Floats:
    """Different prompts → [prompts, d], rows of length 1: TF-IDF of the words that stand in more than one of them and
    not in all; zeros of a prompt that has none."""
    counts = Counter(word for prompt in prompts for word in set(words_of(prompt)))
    kept = sorted(word for word, count in counts.items() if 1 < count < len(prompts))
    if not kept:
        return np.zeros((len(prompts), 1))
    place = {word: i for i, word in enumerate(kept)}
    at = [(i, place[word]) for i, prompt in enumerate(prompts) for word in words_of(prompt) if word in place]
    rows, columns = np.array(at, np.int64).reshape(-1, 2).T
    table = csr_matrix((np.ones(len(at)), (rows, columns)), (len(prompts), len(kept)))
    rarity = np.log((1 + len(prompts)) / (1 + np.array([counts[word] for word in kept]))) + 1
    table = table @ diags(rarity)
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(1)).ravel())
    table = diags(1 / np.where(lengths > 0, lengths, 1)) @ table
    if len(prompts) <= _EXACT:
        return reduced(table.toarray(), _EXACT)
    dimensions = min(_DIMENSIONS, len(kept) - 1)
    left, sizes, _ = svds(table, dimensions, v0=np.ones(min(table.shape)))
    return left * sizes
