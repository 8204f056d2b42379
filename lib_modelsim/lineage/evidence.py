"""What is known of a target and its candidates before anything is concluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .products import Distances
from .values import KeyValues


@dataclass(frozen=True)
class TargetEvidence:
    """Of one target. `blocks` are the distances by block and component in network order, from one pass over all models;
    every candidate is in all of them that it holds. `sample(names)` reads the same whole weights of the target and of
    these models, some of every block, and is the only thing here that opens files; `weights(names)` the distances of
    every single weight, which reads target and models once. `base` is the network's base among the candidates, None
    where none is known. `precisions` are the dtypes of target and candidates: name → component → what the most of its
    numbers are stored as."""

    target: str
    network: str
    blocks: Sequence[Distances]
    sample: Callable[[Sequence[str]], Sequence[KeyValues]]
    weights: Callable[[Sequence[str]], Sequence[Distances]]
    base: str | None = None
    coverage: float = 1.0
    candidates: tuple[str, ...] = field(default=())
    precisions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def dtype(self) -> Mapping[str, str]:
        """Component → the target's dtype."""
        return self.precisions.get(self.target, {})
