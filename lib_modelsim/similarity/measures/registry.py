"""What a measure is, and the list of all: whoever names, offers or explains measures asks here.

Each file of this package may define `MEASURES`, a tuple of measures; `register` adds one from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...discovery import modules_in
from ...errors import ModelsimError, Sentence
from ..attention import Variant
from ..parts import WEIGHTS, Reading
from .bounds import Bound

DEFAULT = "sampled-delta-cosine"
"""What families are told from, and many models compared by: it says most (see the README, "Measures")."""

DEFAULT_OF_FEW = "sampled-relative-l2"
"""What families are told from where there is neither a base nor enough models for a mean."""

DEFAULT_OF_COMPARE = "cosine"
"""What `compare` gives there unless another measure is asked for."""


class Joined(Enum):
    """How the values of the blocks make one value."""

    MEAN = "the mean over the blocks"
    VECTOR = "all weights as one vector, close to the mean over the blocks"
    SQUARES = "the square root of the summed squares"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What everybody needs to know of a measure.

    `name` is that of the options, the JSON documents and the library, `label` what the page calls it. `reads` says
    what of a file, and what costs more than reading. Values lie in `range`; a `unit` of "%" means that the screen
    shows a hundred times the value, "" that the value is shown as it is. `distance` values grow as models part.
    `direct` measures make trees by themselves: over rows of features they would say less. `bounds` are the verdicts,
    the best first, `between` says why a value outside of them has none, and `caveat` what all verdicts do not know,
    or why there are none.
    """

    name: str
    label: str
    reads: str
    range: tuple[float, float]
    unit: str = "%"
    distance: bool = False
    needs_base: bool = False
    direct: bool = False
    joined: Joined = Joined.VECTOR
    bounds: tuple[Bound, ...] = ()
    between: str = "The value lies between two bounds, where nothing was measured."
    caveat: str = "It covers only the UNet or transformer."

    @property
    def sampled(self) -> bool:
        """Whether it reads but some numbers of each key: then what it finds equal may differ elsewhere."""
        return False

    def shown(self, value: float) -> str:
        """A value as the screen shows it: "98.123 %", "12.35", a dash where it is missing."""
        if np.isnan(value):
            return "–"
        return f"{100 * value:.3f} %" if self.unit == "%" else f"{value:.4g}"


@dataclass(frozen=True, kw_only=True)
class WeightMeasure(Measure):
    """A measure of weights, made from sums over the keys of a block.

    `function(parts, n)` gives the values of all pairs of n models, [n, n], NaN where a pair is not comparable; of a
    measure that needs a base `function(parts, n, base)`, `base` a model's position or None for the mean. `reading`
    says which sums, `l2` names the measure of ‖a − b‖ over the same sums: the classes of a measure with a base are
    resampled from it.
    """

    function: Callable[..., NDArray[np.float64]]
    reading: Reading = WEIGHTS
    l2: str | None = None

    @property
    def sampled(self) -> bool:
        return self.reading.sample is not None

    def of(self, parts: list, n: int, base: int | None) -> NDArray[np.float64]:
        """The values of all pairs, [n, n]; `base` counts only where the measure needs one."""
        return self.function(parts, n, base) if self.needs_base else self.function(parts, n)


@dataclass(frozen=True, kw_only=True)
class AttentionMeasure(Measure):
    """An attention score: one published variant."""

    variant: Variant


@dataclass(frozen=True, kw_only=True)
class PictureMeasure(Measure):
    """A measure of generated pictures; no weights are read."""


_registered: dict[str, Measure] = {}


@cache
def _shipped() -> dict[str, Measure]:
    """Name → measure, of the files beside this one, in the order of their names."""
    modules = modules_in(__package__)
    return {measure.name: measure for module in modules for measure in getattr(module, "MEASURES", ())}


def register(measure: Measure) -> None:
    """Add a measure from outside. Raises ValueError where its name is taken."""
    if find_measure(measure.name) is not None:
        raise ValueError(f"there is a measure of this name: {measure.name}")
    _registered[measure.name] = measure


def forget(name: str) -> None:
    """Take out a measure that was registered from outside."""
    del _registered[name]


def all_measures() -> list[Measure]:
    """The shipped measures, then those registered from outside."""
    return [*_shipped().values(), *_registered.values()]


def measures_of_weights() -> list[Measure]:
    """Those that checkpoints are read for."""
    return [measure for measure in all_measures() if not isinstance(measure, PictureMeasure)]


def find_measure(name: str | None) -> Measure | None:
    """The measure of this name; None where there is none."""
    return _shipped().get(name or "") or _registered.get(name or "")


def measure_named(name: str) -> Measure:
    """The measure of this name. Raises ModelsimError that lists the names."""
    found = find_measure(name)
    if found is None:
        raise ModelsimError("unknown measure", name, f"use one of {', '.join(m.name for m in all_measures())}")
    return found


def require_base_taken(name: str) -> None:
    """Raises ModelsimError where a measure takes no base."""
    measure = measure_named(name)
    if not measure.needs_base:
        with_base = " or ".join(m.name for m in all_measures() if m.needs_base)
        raise ModelsimError(
            f"a base can only be used with {with_base}, not with",
            name,
            Sentence(f"leave --base out, or use --measure {DEFAULT}", f"choose no base, or the measure {DEFAULT}"),
        )
