"""What the VAE says that a picture came out of.

A VAE that encodes and decodes its own picture again changes it least (Ricker et al., "AEROBLADE", CVPR 2024). But one
VAE is better than another at every picture. So each is measured against itself, on this very picture: 0 is what it
changes of the picture once it is its own, 1 what it changes of it where it is the next VAE's. Of tiny VAEs, trained in
the tests, the own one comes to 0.5 or less where the picture is whole, the others to 0.8 or more; the table stands in
docs/identify.md. Of real VAEs nothing is measured, so this bears no certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...text import several
from ..known_model import KnownModel
from .form import Evidence, Kind

FITS = 0.6
"""Up to here a picture is as its own VAE leaves it: between what was measured of own ones and of others."""

_APART = math.log(1.05)
"""Two VAEs that differ by less than this, in logarithms of mean squares, cannot be told apart by this picture."""


@dataclass
class VaeFit:
    """One VAE, the models that have it, and how the picture fares in it: mean squares of what it `changes` of the
    picture, of its `own` version of it, and of `others`' versions."""

    models: list[KnownModel]
    changes: float = 0.0
    own: float = 0.0
    others: float = math.inf

    @property
    def place(self) -> float:
        """0 as its own picture, 1 as the next one's."""
        return math.log(self.changes / self.own) / max(math.log(self.others / self.own), 1e-9)

    @property
    def told_apart(self) -> bool:
        return math.log(self.others / self.own) > _APART


def of_vaes(vaes: Sequence[VaeFit]) -> tuple[list[Evidence], list[str]]:
    """The one VAE of those tried that fits, or in a line why none is named."""
    if len(vaes) < 2:
        return [], ["fewer than two VAEs could be tried, so a VAE tells nothing"]
    if not all(vae.told_apart for vae in vaes):
        alike = several([vae.models[0].name for vae in vaes if not vae.told_apart])
        return [], [f"the VAEs of {alike} are too alike for this picture to tell them apart"]
    best, *others = sorted(vaes, key=lambda vae: vae.place)
    if best.place > FITS or others[0].place <= FITS:
        many = "more than one" if best.place <= FITS else "none"
        why = "it may have been saved again, scaled or cut, or have come out of another VAE"
        return [], [f"its pixels fit {many} of the {len(vaes)} VAEs that were tried: {why}"]
    names = [model.name for model in best.models]
    total = sum(len(vae.models) for vae in vaes)
    detail = (
        f"its pixels fit the VAE of {several(names)}: {len(names)} of {total} models. On a scale where 0 is a picture "
        f"that came out of the VAE and 1 one that came out of the next, it is at {best.place:.2f}; with the VAE of "
        f"{others[0].models[0].name} at {others[0].place:.2f}. A VAE that you do not have may fit as well"
    )
    one = best.models[0] if len(best.models) == 1 else None
    return [Evidence(Kind.VAE, one and one.name, None, detail, one and one.key)], []
