"""What the changes of models are measured from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..errors import Sentence

_MEAN = "mean"

ANOTHER_BASE = Sentence("choose another with --base", "choose another under Base")
"""What to do about a base that does not suit."""


@dataclass(frozen=True)
class Base:
    """One of the models, by its name, or their mean (`MEAN`, whose `model` is None).

    A type of its own, as a model may be called "mean", too.
    """

    model: str | None

    def position(self, models: Sequence[str]) -> int | None:
        """The model's position; None for the mean. Raises ValueError where the model is not among them."""
        return None if self.model is None else models.index(self.model)

    def told(self, models: Collection[str] = ()) -> str:
        """The base in words: the model's name, or "mean"; the mean in more words where a model is called "mean"."""
        if self.model is not None:
            return self.model
        return f"{_MEAN} of the models" if _MEAN in models else _MEAN


MEAN = Base(None)
"""The mean of the models, used where no base is known."""
