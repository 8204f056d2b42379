"""Which quantised models are another one in another precision: proven number by number (`similarity/rounding.py`).

Every quantised model, or one in fp8, is tried against the model nearest to it that is not: if it was made from any of
them, from that one, as rounding has nothing to do with what parts two models. First a sample of every key is looked at,
and where that speaks against it nothing more is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.identity import component_label
from ...checkpoints.reader import Checkpoint
from ...job import Job, Stage
from ...library import Library
from ...similarity.joining import main_component
from ...similarity.sampling import SAMPLE, Sample
from ..catalogue.index import Model
from .caching import Arrays, cached_or_compute

_GRAINS = (
    (r"F8_E4M3|fp8|mxfp8", 0.03),
    (r"F8_E5M2", 0.06),
    (r"int8|Q8", 0.012),
    (r"Q6", 0.025),
    (r"Q5", 0.05),
    (r"IQ4|Q4|NF4|nvfp4|NVFP4", 0.1),
    (r"FP4|MXFP4|int4", 0.14),
    (r"IQ3|Q3", 0.2),
    (r"IQ2|Q2", 0.4),
)
"""What a precision is called → at most what rounding to it changes of normally distributed weights, relative to their
size (`tests/checkpoints/test_quantised.py` measures it)."""

_PLAIN = ("F64", "F32", "F16", "BF16", "")

_FAR = 1.5
"""Times the grain that a model may lie from the one it was made from: weights are not distributed normally."""


@dataclass(frozen=True)
class Rounding:
    """`coarse` is `fine` in a `precision`: `off` is how much rounding changed of the main component, relative to its
    size. `besides` says what of the other components differs, `whole` that nothing does."""

    coarse: str
    fine: str
    precision: str
    off: float
    main: str
    besides: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that the two hold is the same."""
        return not self.besides

    @property
    def fact(self) -> str:
        """In a few words: "same weights in another precision, off by 0.3 %"."""
        what = "weights" if self.whole else component_label(self.main)
        return ", ".join([f"same {what} in another precision", *self.besides, f"off by {_off(self.off)}"])

    @property
    def text(self) -> str:
        """One line that names both."""
        return f"{self.coarse} and {self.fine}: {self.fact} ({self.precision})"


def grain(precision: str) -> float:
    """How much rounding to a precision changes, relative to the weights; 0 for 16 bits and more."""
    if precision in _PLAIN:
        return 0.0
    return next((size for pattern, size in _GRAINS if re.match(pattern, precision)), 0.5)


def precision_of(model: Model, main: str | None) -> str:
    """What the most of a model's main component is stored as."""
    component = model.header.components.get(main) if main is not None else None
    return component.dtype if component is not None else ""


def find_roundings(
    models: Sequence[Model], apart: NDArray[np.float64] | None, base: int | None, library: Library, job: Job
) -> list[Rounding]:
    """Those among the models of one network; `apart` is relative-l2 of their main components, [n, n], None where it is
    not known. `base` is a model that every other is tried against, too."""
    main = main_component({c: None for model in models for c in model.header.components})
    grains = [grain(precision_of(model, main)) for model in models]
    if not any(grains):
        return []
    held = {model.header.layout.digest: model.header.layout.parameters(main) for model in models}

    @cache
    def alike(a: str, b: str) -> bool:
        return held[a] == held[b]

    def comparable(i: int, j: int) -> bool:
        """Whether all of the main component of both can be compared."""
        a, b = models[i], models[j]
        if a.id == b.id or a.header.uncompared or b.header.uncompared:
            return False
        return alike(a.header.layout.digest, b.header.layout.digest)

    found = []
    for i, own in enumerate(grains):
        if own == 0:
            continue
        distances = np.full(len(models), np.nan) if apart is None else apart[i]
        close = [j for j, other in enumerate(grains) if other == 0 and not distances[j] > _FAR * own]
        near = [j for j in close if comparable(i, j)]
        nearest = sorted(near, key=lambda j: (np.nan_to_num(distances[j]), j))[:1]
        for j in dict.fromkeys([*nearest, *(k for k in near if k == base)]):
            rounding = _proven(models[i], models[j], main, library, job)
            found += [rounding] if rounding is not None else []
    return found


def rounding_by_component(
    coarse: Model, fine: Model, library: Library, job: Job, main: str | None = None
) -> dict[str, NDArray]:
    """Component → apart, size, outside, untold, count (`RoundingSums.row`) of the weights that both hold in one shape.
    A sample of every weight is looked at first: where all components (or `main`) have numbers outside, nothing more is
    read."""
    first, second = coarse.header.layout.places, fine.header.layout.places
    blocks: dict[str, list[str]] = {}
    for key, place in first.items():
        if key in second and second[key].shape == place.shape:
            blocks.setdefault(place.block or "", []).append(key)
    components = {key: place.component for key, place in first.items()}
    sums: dict[str, NDArray] = {}
    for method, sample in (("rounding-sample", SAMPLE), ("rounding", None)):
        sums = _sums(coarse, fine, blocks, components, method, sample, library, job)
        if all(row[2] or row[3] for name, row in sums.items() if main in (None, name)):
            break
    return sums


def _proven(coarse: Model, fine: Model, main: str, library: Library, job: Job) -> Rounding | None:
    sums = rounding_by_component(coarse, fine, library, job, main)
    if main not in sums or sums[main][2] or sums[main][3]:
        return None
    besides = tuple(_besides(coarse, fine, main, sums))
    off = float(np.sqrt(sums[main][0] / sums[main][1])) if sums[main][1] > 0 else 0.0
    return Rounding(coarse.name, fine.name, precision_of(coarse, main), off, main, besides)


def _sums(
    coarse: Model, fine: Model, blocks: dict[str, list[str]], components: dict[str, str], method: str,
    sample: Sample | None, library: Library, job: Job,
) -> dict[str, NDArray]:  # fmt: skip
    """Component → apart, size, outside, untold, count (`RoundingSums.row`), added up over the blocks."""

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from ...similarity.rounding import rounding_sums  # torch comes with it

        stage = Stage(job, "looking for the same weights in another precision", 0)
        for block in missing:
            by_component: dict[str, list[str]] = {}
            for key in blocks[block]:
                by_component.setdefault(components[key], []).append(key)
            rows = [rounding_sums(*models, keys, stage.advance, sample).row for keys in by_component.values()]
            yield block, {"components": np.array(list(by_component), dtype=str), "sums": np.array(rows, dtype=float)}

    models, results, _ = cached_or_compute(method, [coarse, fine], list(blocks), run, library)
    if len(models) < 2:
        return {}
    found: dict[str, NDArray] = {}
    for block in blocks:
        arrays = results[block].arrays
        for component, row in zip(arrays["components"].tolist(), arrays["sums"], strict=True):
            found[component] = found.get(component, 0) + row
    return found


def _besides(coarse: Model, fine: Model, main: str, sums: dict[str, NDArray]) -> Iterator[str]:
    """What of the other components differs."""
    own, other = (model.header.layout for model in (coarse, fine))
    for name in sorted({*coarse.header.components, *fine.header.components} - {main}):
        label = component_label(name)
        if name not in coarse.header.components or name not in fine.header.components:
            yield f"{label} only in {coarse.name if name in coarse.header.components else fine.name}"
        elif own.parameters(name) != other.parameters(name) or name not in sums or sums[name][2] or sums[name][3]:
            yield f"other {label}"


def _off(share: float) -> str:
    return f"{100 * share:.2g} %"
