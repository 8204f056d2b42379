"""The library's own pictures as vectors: what every search learns from and is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """One row for each view of each picture; a view is the picture itself, or the picture as it comes after wear.

    `vectors` [rows, d], of length 1, all from one encoder; `model` [rows] the place of its model in `models`; `picture`
    [rows] a number that the views of one picture share; `prompts` [rows] what it was generated from ("" for nothing);
    `texts` [rows, d] the prompts in the pictures' space, of length 1 (zeros for nothing), None where the encoder reads
    none; `seeds` [rows] where its noise came from, UNKNOWN where nobody knows, None where that is so for all.
    """

    models: tuple[str, ...]
    vectors: NDArray[np.float32]
    model: Numbers
    picture: Numbers
    prompts: tuple[str, ...]
    texts: NDArray[np.float32] | None = None
    seeds: Numbers | None = None

    def __post_init__(self) -> None:
        texts = self.prompts if self.texts is None else self.texts
        seeds = self.model if self.seeds is None else self.seeds
        rows = {len(self.vectors), len(self.model), len(self.picture), len(self.prompts), len(texts), len(seeds)}
        if len(rows) > 1:
            raise ModelsimError("examples need one vector, model, picture and prompt for each row", sorted(rows))
        missing = [name for place, name in enumerate(self.models) if not (self.model == place).any()]
        if missing:
            raise ModelsimError(
                "a model without pictures cannot be found", missing[0], "generate a suite with it first"
            )

    @property
    def pictures_of(self) -> Numbers:
        """[models]: how many pictures each model has."""
        pairs = np.unique(np.stack([self.model, self.picture]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.models))

    @property
    def means(self) -> Floats:
        """[models, d]: each model's mean vector over all its rows."""
        order = np.argsort(self.model, kind="stable")
        starts = np.searchsorted(self.model[order], np.arange(len(self.models)))
        sums = np.add.reduceat(self.vectors[order], starts, axis=0, dtype=np.float64)
        return sums / np.bincount(self.model)[:, None]

    def only(self, rows: Flags) -> Examples:
        """These rows alone; every model must keep one."""
        return self._some(rows, self.models, self.model[rows])

    def of_models(self, models: Flags) -> Examples:
        """The examples of these models alone, as if the library had no others."""
        rows = models[self.model]
        place = np.cumsum(models) - 1
        names = tuple(name for name, kept in zip(self.models, models, strict=True) if kept)
        return self._some(rows, names, place[self.model[rows]])

    def _some(self, rows: Flags, models: tuple[str, ...], model: Numbers) -> Examples:
        """These rows, which are pictures by `models`; `model` [rows kept] says by which."""
        prompts = tuple(prompt for prompt, kept in zip(self.prompts, rows, strict=True) if kept)
        texts, seeds = (None if each is None else each[rows] for each in (self.texts, self.seeds))
        return Examples(models, self.vectors[rows], model, self.picture[rows], prompts, texts, seeds)

    @property
    def seed_count(self) -> int | None:
        """How many seeds it was all generated from; None where that is not known of a picture."""
        known = self.seeds is not None and len(self.seeds) > 0 and (self.seeds != UNKNOWN).all()
        return len(np.unique(self.seeds)) if known else None


UNKNOWN = -2
"""In the place of a seed: no seed is below -1, which stands for any."""


def held_out(examples: Examples, parts: int = 10) -> Iterator[tuple[Flags, Flags]]:
    """In turn: the rows [rows] to test on, and those [rows] to learn from.

    All pictures of a prompt, whichever model made them, are held out together: a query's prompt is not in the gallery
    either. Where there is one prompt for all, pictures are dealt out instead. Of a gallery with several seeds that its
    models share, what is tested has another seed, too: models have a manner of their own for each seed, which a query
    does not show. A model is always learned from one picture at least, and each picture is tested once at most.
    """
    seed, seeds = _seed_parts(examples)
    if len(set(examples.prompts)) > 1:
        _, unit = np.unique(np.array(examples.prompts), return_inverse=True)
    else:
        unit = _place_within_model(examples)
    part = unit % max(2, parts // seeds)
    for number, turn in product(np.unique(part), range(seeds)):
        of_part, of_seed = part == number, seed == turn
        learned = ~of_part & ~of_seed if seeds > 1 else ~of_part
        lasting = np.bincount(examples.model[learned], minlength=len(examples.models)) > 0
        if seeds > 1 and not lasting.all():  # a model that has too few: its others, whatever their seed
            learned |= ~of_part & ~lasting[examples.model]
            lasting = np.bincount(examples.model[learned], minlength=len(examples.models)) > 0
        tested = of_part & of_seed & lasting[examples.model]
        learned |= ~lasting[examples.model]
        if tested.any():
            yield tested, learned


def holds_out_seeds(examples: Examples) -> bool:
    """Whether `held_out` holds out seeds, too."""
    return _seed_parts(examples)[1] > 1


def _seed_parts(examples: Examples) -> tuple[Numbers, int]:
    """[rows]: 0 … parts - 1, the pictures of one seed in one part; and how many parts: more than 1 where seeds are to
    be held out, as all are known, a seed is that of several prompts and every model has pictures of several seeds."""
    count = examples.seed_count or 1
    if examples.seeds is None or count < 2:
        return np.zeros(len(examples.model), np.int64), 1
    _, seed = np.unique(examples.seeds, return_inverse=True)
    _, prompt = np.unique(np.array(examples.prompts), return_inverse=True)
    prompts_of = np.bincount(np.unique(np.stack([seed, prompt]), axis=1)[0])
    seeds_of = np.bincount(np.unique(np.stack([examples.model, seed]), axis=1)[0], minlength=len(examples.models))
    if prompts_of.max() < 2 or seeds_of.min() < 2:  # with its prompt, each picture's seed is held out already; or never
        return np.zeros(len(examples.model), np.int64), 1
    return seed % min(count, SEED_PARTS), min(count, SEED_PARTS)


SEED_PARTS = 3
"""So many times the seeds are held out at most: each time all of one part are missing from what is learned."""


def _place_within_model(examples: Examples) -> Numbers:
    """[rows]: 0 for the views of each model's first picture, 1 for those of its second …"""
    place = np.zeros(len(examples.model), np.int64)
    for model in range(len(examples.models)):
        own = examples.model == model
        _, place[own] = np.unique(examples.picture[own], return_inverse=True)
    return place
