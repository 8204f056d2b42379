"""The library's own pictures as vectors: what every search learns from and is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    none.
    """

    models: tuple[str, ...]
    vectors: NDArray[np.float32]
    model: Numbers
    picture: Numbers
    prompts: tuple[str, ...]
    texts: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        texts = self.prompts if self.texts is None else self.texts
        rows = {len(self.vectors), len(self.model), len(self.picture), len(self.prompts), len(texts)}
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
        texts = None if self.texts is None else self.texts[rows]
        return Examples(models, self.vectors[rows], model, self.picture[rows], prompts, texts)


def held_out(examples: Examples, parts: int = 10) -> Iterator[Flags]:
    """Rows [rows] to test on in turn, where the others are learned from.

    All pictures of a prompt, whichever model made them, are held out together: a query's prompt is not in the
    gallery either. Where there is one prompt for all, pictures are dealt out instead. A model is never left
    without any picture.
    """
    if len(set(examples.prompts)) > 1:
        _, unit = np.unique(np.array(examples.prompts), return_inverse=True)
    else:
        unit = _place_within_model(examples)
    part = unit % parts
    for number in np.unique(part):
        tested = part == number
        lasting = np.bincount(examples.model[~tested], minlength=len(examples.models)) > 0
        tested &= lasting[examples.model]
        if tested.any():
            yield tested


def _place_within_model(examples: Examples) -> Numbers:
    """[rows]: 0 for the views of each model's first picture, 1 for those of its second …"""
    place = np.zeros(len(examples.model), np.int64)
    for model in range(len(examples.models)):
        own = examples.model == model
        _, place[own] = np.unique(examples.picture[own], return_inverse=True)
    return place
