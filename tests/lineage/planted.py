"""Families of vectors with a history that is known: what is trained goes off at right angles, but for chance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SIZE = 4096


@dataclass
class Family:
    """Models by name, in the order in which they were made."""

    draw: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    models: dict[str, np.ndarray] = field(default_factory=dict)

    def base(self, name: str) -> None:
        self.models[name] = self.draw.standard_normal(SIZE)

    def train(self, name: str, origin: str, size: float = 0.1) -> None:
        step = self.draw.standard_normal(SIZE)
        self.models[name] = self.models[origin] + size * step

    def merge(self, name: str, **shares: float) -> None:
        self.models[name] = sum(share * self.models[each] for each, share in shares.items())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.models)

    @property
    def squares(self) -> np.ndarray:
        values = np.stack(list(self.models.values()))
        return np.array([[float(np.sum((a - b) ** 2)) for b in values] for a in values])

    @property
    def norms(self) -> np.ndarray:
        return np.array([float(np.sum(value**2)) for value in self.models.values()])

    @property
    def l2(self) -> np.ndarray:
        return np.sqrt(self.squares)


def small_family() -> Family:
    """A base, fine-tunes, fine-tunes of one of them, merges and a merge of a merge."""
    family = Family()
    family.base("sd-base")
    for name in ("red", "green", "blue"):
        family.train(name, "sd-base")
    family.train("red-2", "red", 0.08)
    family.train("red-2-more", "red-2", 0.09)
    family.merge("mix", red=0.6, green=0.4)
    family.merge("three", red=0.5, green=0.3, blue=0.2)
    family.merge("mix-again", mix=0.5, blue=0.5)
    family.merge("added", green=1.0, blue=0.7, **{"sd-base": -0.7})
    return family
