"""What is known of a target and its candidates before anything is concluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .products import AdapterProducts, Distances
from .recipe import Shares
from .values import KeyValues


@dataclass(frozen=True)
class TargetEvidence:
    """Of one target.

    `blocks` are the distances by block and component in network order, from one pass over all models; every candidate
    is in all of them that it holds. `sample(names)` reads the same whole weights of the target and of these models,
    some of every block; `pieces(names)` small parts of some of them, of many models at a time (None: they are cut from
    the sample); `values(keys, names)` reads whole weights by their names, as many as are asked for;
    `weights(names)` the distances of every single weight, which reads target and models once. `base` is the network's
    base among the candidates, None where none is known. `precisions` say what most of each component of target
    and candidates is stored as: name → component → dtype. `rounded(model)` says of each component whether one of target
    and model is the other in a coarser precision, proven number by number: it reads both. `adapters(shares)` are the
    library's adapters beside what is left of the target after these shares by block; it reads target, parents and
    adapters. `architecture` is the network's name in our definitions, "" where it has none.
    `coverage` is the share of the target's numbers that was compared, and `remarks` say what was not.
    """

    target: str
    network: str
    blocks: Sequence[Distances]
    sample: Callable[[Sequence[str]], Sequence[KeyValues]]
    weights: Callable[[Sequence[str]], Sequence[Distances]]
    base: str | None = None
    coverage: float = 1.0
    candidates: tuple[str, ...] = field(default=())
    precisions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    architecture: str = ""
    values: Callable[[Sequence[str], Sequence[str]], Sequence[KeyValues]] = lambda keys, names: ()
    pieces: Callable[[Sequence[str]], Sequence[KeyValues]] | None = None
    rounded: Callable[[str], Mapping[str, bool]] = lambda model: {}
    adapters: Callable[[Mapping[str, Shares]], Sequence[AdapterProducts]] = lambda shares: ()
    remarks: tuple[str, ...] = ()

    @property
    def dtype(self) -> Mapping[str, str]:
        """Component → the target's dtype."""
        return self.precisions.get(self.target, {})
