"""Two models in detail: block by block in one measure, and the keys in which they differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.blocks import sub_block, sub_block_order
from ...checkpoints.facts import differences
from ...checkpoints.layout import Layout
from ...errors import ModelsimError
from ...job import Job
from ...library import Library
from ...similarity.parts import cosine
from ..catalogue.index import Model
from .adapter_scores import adapter_opener, are_adapters
from .baked import baked_in_words
from .caching import Arrays, Opened, Run, cached_or_compute
from .compare import Comparison
from .reasons import difference
from .weight_scores import OTHER

MOST = 30
"""Keys that are told."""


@dataclass(frozen=True)
class KeyDifference:
    """One key that both models hold in one shape. `relative` = ‖a − b‖ / ‖(a + b)/2‖; `cosine` is NaN where either is
    zero."""

    key: str
    component: str
    block: str | None
    shape: tuple[int, ...]
    relative: float
    l2: float
    cosine: float


@dataclass(frozen=True)
class SubBlock:
    """All keys of one sub-block that both models hold in one shape; the numbers as of a `KeyDifference`, NaN where
    nothing of it can be compared."""

    name: str
    relative: float
    cosine: float


@dataclass(frozen=True)
class OtherShape:
    """One key that the two models hold in different shapes (without trailing ones)."""

    key: str
    first: tuple[int, ...]
    second: tuple[int, ...]


@dataclass(frozen=True)
class Detail:
    """What parts two models.

    `profile` has the measure's value of each of the `blocks`, NaN where there is none; `most` the keys that differ
    most, the worst first. Of the keys that both hold in one shape, `equal` have the same values and `unknown` cannot
    be compared (zeros in both, or numbers that are not finite); `differing` are the rest. `fine` are the sub-blocks of
    a network whose mergers number them. `reason` says why a pair of different architectures has nothing to compare,
    `coverage` how much of the network the measure's numbers speak of, `besides` what changes the pictures and only one
    of the two has.
    """

    first: str
    second: str
    measure: str
    blocks: tuple[str, ...]
    profile: tuple[float, ...]
    most: tuple[KeyDifference, ...] = ()
    differing: int = 0
    equal: int = 0
    unknown: int = 0
    only_in_first: tuple[str, ...] = ()
    only_in_second: tuple[str, ...] = ()
    other_shapes: tuple[OtherShape, ...] = ()
    reason: str | None = None
    coverage: float | None = None
    fine: tuple[SubBlock, ...] = ()
    besides: tuple[str, ...] = ()


def detail(
    comparison: Comparison,
    names: tuple[str, str],
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
) -> Detail:
    """Two models of a comparison, by their names; `memory` in bytes for the buffers, None as much as is good.

    The profile is the comparison's; the keys come from one read of both files, or from the library. Raises
    ModelsimError where one of them cannot be read, Cancelled where the job is stopped: finished blocks are kept.
    """
    matrix = comparison.seen_from(comparison.model(names[0]).architecture).matrix
    a, b = (matrix.models.index(name) for name in names)
    models = [comparison.models[a], comparison.models[b]]
    first, second = (model.header.layout for model in models)
    found = Detail(*names, matrix.measure, matrix.blocks, tuple(matrix.values[a, b].tolist()))
    if matrix.coverage is not None:
        found = replace(found, coverage=float(matrix.coverage[a, b]))
    besides = differences(*(model.header.facts for model in models), *names)
    found = replace(found, besides=tuple(besides))
    if first.architecture != second.architecture:
        inside = baked_in_words(comparison, models, library, job)
        return replace(found, reason=inside or difference(first, second))
    shared = [key for key in first.places if key in second.places]
    alike = [key for key in shared if first.places[key].shape == second.places[key].shape]
    blocks: dict[str, list[str]] = {}
    for key in alike:
        blocks.setdefault(first.places[key].block or OTHER, []).append(key)

    def run(opened: Sequence[Opened], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        if are_adapters(models):
            from .adapter_pass import adapter_key_pass

            return adapter_key_pass(opened, {block: blocks[block] for block in missing}, job, device)
        from .streaming import key_pass  # torch comes with it

        return key_pass(opened, {block: blocks[block] for block in missing}, job, device, memory)

    sums = _sums(models, list(blocks), run, library)
    keys = _differences(first, sums)
    apart = sorted((key for key in keys if key.relative > 0), key=lambda key: -key.relative)
    return replace(
        found,
        most=tuple(apart[:MOST]),
        fine=_sub_blocks(first.architecture, sums),
        differing=len(apart),
        equal=sum(key.relative == 0 for key in keys),
        unknown=sum(key.relative != key.relative for key in keys),
        only_in_first=tuple(key for key in first.places if key not in second.places),
        only_in_second=tuple(key for key in second.places if key not in first.places),
        other_shapes=tuple(
            OtherShape(key, first.places[key].shape, second.places[key].shape)
            for key in shared
            if first.places[key].shape != second.places[key].shape
        ),
    )


def pair_of(comparison: Comparison) -> tuple[str, str]:
    """The names of a comparison's two models, besides the base. Raises ModelsimError where there are not two."""
    names = [model.name for model in comparison.models if model.name != comparison.base_model]
    if len(names) != 2:
        raise ModelsimError("finer blocks are those of two models, not", len(names), "choose two checkpoints")
    return names[0], names[1]


def require_fine(found: Detail, network: str) -> None:
    """Raise ModelsimError where a pair has no sub-blocks."""
    if found.reason is not None:
        raise ModelsimError("these two cannot be compared", found.reason, "choose two models of one network")
    if not found.fine:
        raise ModelsimError("this network has no finer blocks", network, "compare by its usual blocks")


def _sums(
    models: Sequence[Model], blocks: Sequence[str], run: Run, library: Library
) -> list[tuple[str, float, float, float, float]]:
    """Per key: its name, ‖a − b‖², ‖a‖², ‖b‖² and ⟨a, b⟩; NaN where numbers are not finite."""
    opening = adapter_opener() if are_adapters(models) else Model.open
    _, results, unreadable = cached_or_compute("keys", models, blocks, run, library, opening=opening)
    if unreadable:
        raise ModelsimError(unreadable[0].error)
    found = []
    for block in blocks:
        result = results[block]
        a, b = (result.models.index(model.id) for model in models)
        squares, norms = result.arrays["squares"][:, a, b], result.arrays["norms"]
        own, other = norms[:, a], norms[:, b]
        stored = result.arrays.get("products")
        products = (own + other - squares) / 2 if stored is None else stored[:, a, b]
        found += zip(result.arrays["keys"].tolist(), squares, own, other, products, strict=True)
    return found


def _sub_blocks(architecture: str, sums: Sequence[tuple[str, float, float, float, float]]) -> tuple[SubBlock, ...]:
    """The sums of keys added up; keys with numbers that are not finite count in none."""
    found: dict[str, NDArray[np.float64]] = {}
    for key, *numbers in sums:
        name = sub_block(architecture, key)
        if name is not None:
            whole = found.setdefault(name, np.zeros(4))
            whole += np.array(numbers) if np.isfinite(numbers).all() else 0
    names = sub_block_order(architecture, found)
    relative, _, cosines = _measured(np.array([found[name] for name in names]))
    return tuple(SubBlock(*row) for row in zip(names, relative.tolist(), cosines.tolist(), strict=True))


def _measured(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows of ‖a − b‖², ‖a‖², ‖b‖², ⟨a, b⟩ → relative difference, ‖a − b‖ and cosine of each row."""
    squares, norms_a, norms_b, products = sums.astype(float).reshape(-1, 4).T
    halfway = np.sqrt(np.maximum(2 * norms_a + 2 * norms_b - squares, 0)) / 2
    relative = np.divide(np.sqrt(squares), halfway, out=np.full_like(squares, np.nan), where=halfway > 0)
    return relative, np.sqrt(squares), cosine(squares, norms_a, norms_b, products)


def _differences(layout: Layout, sums: Sequence[tuple[str, float, float, float, float]]) -> list[KeyDifference]:
    numbers = zip(*_measured(np.array([row[1:] for row in sums])), strict=True)
    return [
        KeyDifference(key, place.component, place.block, place.shape, *map(float, values))
        for (key, *_), values in zip(sums, numbers, strict=True)
        for place in [layout.places[key]]
    ]
