"""Of each model how many of its pictures repeat one of a folder, a training folder, say: counted, and nobody accused.

That two pictures are one, altered, is seen in them; why they are is not. So what was compared, and what that does not
show, stands beside the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...text import counted, percent

NOT_SHOWN = (
    "That two pictures agree in their details does not show why: a well-known picture lies in many collections, both "
    "may go back to a third one, and a picture that was made from another one repeats it, too.",
    "A picture that is not listed may repeat one that is not in this folder, or only in a part too small to be told.",
)


@dataclass(frozen=True)
class Repeat:
    """A picture of a model, and the picture of the other folder that it is most like. `kind`, `similarity` and `told`
    are those of the pair; `others` is how many more pictures of that folder it repeats."""

    picture: Path
    original: Path
    kind: str
    similarity: float
    told: str
    others: int = 0


@dataclass(frozen=True)
class ModelRepeats:
    """How many `pictures` of a model were compared, and which of them repeat one of the other folder; the model is ""
    where no record tells it."""

    model: str
    pictures: int
    repeats: tuple[Repeat, ...]

    @property
    def originals(self) -> int:
        """How many different pictures of the other folder they are most like."""
        return len({repeat.original for repeat in self.repeats})

    @property
    def told(self) -> str:
        """ "3 of 120 pictures (2 %) repeat 2 pictures of the other folder"."""
        if not self.repeats:
            return f"none of {counted(self.pictures, 'picture')} repeats one of the other folder"
        verb, share = "repeats" if len(self.repeats) == 1 else "repeat", percent(len(self.repeats) / self.pictures)
        share = "below 1 %" if len(self.repeats) * 100 < self.pictures else share
        return (
            f"{len(self.repeats):,} of {counted(self.pictures, 'picture')} ({share}) {verb} "
            f"{counted(self.originals, 'picture')} of the other folder"
        )


def by_model(models: Mapping[Path, str], repeats: Iterable[Repeat]) -> list[ModelRepeats]:
    """Repeats of pictures whose models are given, counted by model: the largest share of repeats first. Of several
    repeats of one picture the most similar one stands for all."""
    best: dict[Path, list[Repeat]] = {}
    for repeat in repeats:
        best.setdefault(repeat.picture, []).append(repeat)
    found = []
    for model in sorted(set(models.values())):
        pictures = [path for path, of in models.items() if of == model]
        own = [_first(best[path]) for path in pictures if path in best]
        own.sort(key=lambda repeat: (-repeat.similarity, str(repeat.picture)))
        found.append(ModelRepeats(model, len(pictures), tuple(own)))
    return sorted(found, key=lambda each: (-len(each.repeats) / each.pictures, each.model))


def _first(repeats: list[Repeat]) -> Repeat:
    first = min(repeats, key=lambda repeat: (-repeat.similarity, str(repeat.original)))
    others = len({repeat.original for repeat in repeats}) - 1
    return Repeat(first.picture, first.original, first.kind, first.similarity, first.told, others)
