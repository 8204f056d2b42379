"""Whole components that are another model's: a UNet of A with the VAE of X, before any share is fitted.

A component is another's where every number of it that was compared is: the distance of the two is exactly 0, or, where
the two are stored differently, every number of the finer lies in the cell of the coarser (`similarity/rounding.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..similarity.joining import main_component
from .evidence import TargetEvidence
from .products import Distances

_HALF_DIGIT = {"F64": 2.0**-53, "F32": 2.0**-24, "F16": 2.0**-11, "BF16": 2.0**-8}
"""dtype → what rounding to it changes of a normal number at most, relative to the number."""

_COARSEST = 0.5
"""The same of quantised formats, whichever: what is farther is no rounding of the other."""


@dataclass(frozen=True)
class EqualComponent:
    """One component of the target: the candidates whose numbers it has, to the last bit (`equal`) or up to the rounding
    of the coarser of the two (`rounded`), and how many numbers it holds."""

    equal: tuple[str, ...]
    rounded: tuple[str, ...]
    count: int

    @property
    def sources(self) -> tuple[str, ...]:
        """Those that it may be from, the exact ones first."""
        return self.equal + self.rounded


def blocks_by_component(evidence: TargetEvidence) -> Mapping[str, Sequence[Distances]]:
    """Component → its blocks' distances."""
    found: dict[str, list[Distances]] = {}
    for block in evidence.blocks:
        found.setdefault(block.component, []).append(block)
    return found


def main_of(evidence: TargetEvidence) -> str | None:
    """The component that makes the network: UNet or transformer."""
    return main_component(blocks_by_component(evidence))


def equal_components(evidence: TargetEvidence) -> dict[str, EqualComponent]:
    """Of each component of the target, the candidates that have its numbers. Files are read only where no candidate
    has them to the last bit and a distance leaves it open that one is the other rounded; and then, of the components
    beside the network, where the network itself is that candidate's."""
    proven: dict[str, Mapping[str, bool]] = {}
    found: dict[str, EqualComponent] = {}
    main, parts = main_of(evidence), blocks_by_component(evidence)
    for component in sorted(parts, key=lambda name: name != main):
        apart = distances_to(parts[component])
        equal = tuple(name for name, (squares, _) in apart.items() if squares == 0)
        wanted = found[main].sources if component != main else ()
        open_ones = wanted if equal else [*wanted, *apart]
        if component == main and equal:
            open_ones = ()
        rounded: list[str] = []
        for name in sorted(dict.fromkeys(open_ones), key=lambda name: apart.get(name, (math.inf, 0))[0]):
            if name not in apart or name in equal or not _may_be_rounded(evidence, component, name, *apart[name]):
                continue
            if name not in proven:
                proven[name] = evidence.rounded(name)
            if proven[name].get(component):
                rounded.append(name)
        found[component] = EqualComponent(equal, tuple(rounded), sum(block.count for block in parts[component]))
    return found


def distances_to(blocks: Sequence[Distances]) -> dict[str, tuple[float, float]]:
    """Candidate → ‖target − it‖² and ‖target‖² over these blocks; only candidates that hold all of them."""
    found = {}
    for name in blocks[0].names[1:]:
        if all(name in block.names[1:] for block in blocks):
            places = [block.names.index(name, 1) for block in blocks]
            squares = sum(float(b.squares[0, i]) for b, i in zip(blocks, places, strict=True))
            found[name] = squares, sum(float(b.norms[0]) for b in blocks)
    return found


def _may_be_rounded(evidence: TargetEvidence, component: str, name: str, squares: float, norm: float) -> bool:
    """Whether the distance allows that one is the other in a coarser precision: no more than the largest error that
    the coarser makes of every number, and twice that for numbers that are not normal ones."""
    mine, other = (evidence.precisions.get(model, {}).get(component, "") for model in (evidence.target, name))
    if mine == other or not mine or not other or norm <= 0:
        return False
    most = max(_HALF_DIGIT.get(dtype, _COARSEST) for dtype in (mine, other))
    return math.sqrt(squares / norm) <= 2 * most
