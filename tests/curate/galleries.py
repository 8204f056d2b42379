"""Galleries as samples: vectors and scores that are made up, so that the right answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.scored_pictures import ScoredPictures

SUBJECTS = {
    "portrait": ("portrait of a woman in a red coat", "portrait of an old man", "portrait of a girl with freckles"),
    "boat": ("a sailing boat at sea", "a fishing boat in a harbour", "a boat under a bridge"),
    "castle": ("a castle on a rock", "a ruined castle in fog", "a castle by night"),
    "cat": ("a cat on a sofa", "a black cat in the snow", "a cat with a hat"),
}

PROMPTS = tuple(prompt for prompts in SUBJECTS.values() for prompt in prompts)


def subject_of(prompt: str) -> int:
    """The place of its subject in SUBJECTS."""
    return next(i for i, prompts in enumerate(SUBJECTS.values()) if prompt in prompts)


def pictures(models: int = 4, seeds: int = 2, prompts: Sequence[str] = PROMPTS) -> list[Collected]:
    """Each prompt by each model with each seed."""
    return [
        Collected(Path(f"{m}/{p}-{s}.png"), f"{m:02d}{p:03d}{s:03d}", prompt, f"model {m}", f"m{m}", "", s)
        for m in range(models)
        for p, prompt in enumerate(prompts)
        for s in range(seeds)
    ]


def vectors_of(some: Sequence[Collected], seed: int = 0) -> NDArray[np.float32]:
    """[n, 32]: pictures of one subject are like one another, of one prompt and of one model a little."""
    rng = np.random.default_rng(seed)
    place: dict[object, NDArray] = {}

    def direction(key: object) -> NDArray:
        return place.setdefault(key, rng.normal(size=32))

    rows = [
        3 * direction(("subject", subject_of(each.prompt) if each.prompt in PROMPTS else each.prompt))
        + 1.5 * direction(("prompt", each.prompt))
        + 1.0 * direction(("model", each.key))
        + 0.7 * rng.normal(size=32)
        for each in sorted(some, key=lambda each: each.content)
    ]
    by_content = dict(zip(sorted(each.content for each in some), rows, strict=True))
    table = np.array([by_content[each.content] for each in some])
    return (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)


def sample_of(some: Sequence[Collected], scores: Sequence[float]) -> ScoredPictures:
    """A sample with these scores."""
    return ScoredPictures.of(some, np.asarray(scores, np.float64), [vectors_of(some)])
