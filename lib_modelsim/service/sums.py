"""One architecture's models through one method, block by block: remembered blocks from the library, the others from
the files. A file that fails on the way is left out and told, and the finished blocks still hold for the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.layout import Layout
from ..checkpoints.reader import Checkpoint, open_checkpoint
from ..checkpoints.stored import ReadError
from ..errors import CheckpointError, ModelsimError
from ..library import BlockResult, Library
from ..similarity.attention import VARIANTS, attention_keys
from ..similarity.matrix import SimilarityMatrix
from ..similarity.measures import MEAN, main_component, mean_over_blocks, measure_parts, relative_l2
from ..similarity.parts import Part, from_arrays
from .index import HEADER_VERSION, Model, Unreadable
from .job import Job

METHODS = {method: f"{method}/1.{HEADER_VERSION}" for method in (*VARIANTS, "weights")}
"""Method → its name in the library, with the version that changes whenever its numbers or the tables of blocks do."""

ROUNDING = {"F64": 2**-53, "F32": 2**-24, "F16": 2**-11, "BF16": 2**-8, "F8_E4M3": 2**-4, "F8_E5M2": 2**-3}
"""dtype → the largest relative error of rounding to it."""

OTHER = ""
"""The name under which the keys without a block are summed."""

Arrays = dict[str, NDArray]


@dataclass(frozen=True)
class Reason:
    """Why a pair has missing or partial values; where `a` and `b` are one model, it concerns all its pairs."""

    a: str
    b: str
    reason: str


@dataclass(frozen=True)
class Scores:
    """What one measure says of the models of one architecture that could be read to the end."""

    models: list[Model]
    matrix: SimilarityMatrix
    reasons: list[Reason] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def weight_scores(
    measure: str, group: Sequence[Model], base: int | str | None, library: Library, job: Job, device: str
) -> Scores:
    """A measure over whole weights; `base` is a position in `group` or the mean, for delta-cosine."""
    layout = joint_layout(group)
    blocks = {
        block: [key for key, place in layout.places.items() if (place.block or OTHER) == block]
        for block in (*layout.blocks, OTHER)
    }

    def run(models: Sequence[Checkpoint], missing: list[str]) -> Iterator[tuple[str, Arrays]]:
        from .passes import weight_pass  # torch comes with it

        return weight_pass(models, layout, {block: blocks[block] for block in missing}, job, device)

    wanted = [block for block, keys in blocks.items() if keys]
    models, results, unreadable = _through(METHODS["weights"], group, wanted, run, library)
    parts: dict[str, list[Part]] = {}
    reasons = []
    for block in wanted:
        parts[block], told = _restore(results[block], models) if block in results else ([], [])
        reasons += [Reason(models[i].name, models[i].name, text) for i, text in told]
    names = [model.name for model in models]
    if measure != "delta-cosine":
        return Scores(models, measure_parts(measure, names, parts), reasons, unreadable)
    if base is None:
        return Scores(models, measure_parts(measure, names, dict.fromkeys(parts, ()), MEAN), reasons, unreadable)
    if isinstance(base, int):
        origin = group[base]
        if origin not in models:
            raise ModelsimError("the base cannot be read to its end", origin.name, "name another with --base")
        base = models.index(origin)
    matrix = measure_parts(measure, names, parts, base)
    rounded = [] if base == MEAN else rounded_copies(models, parts, base)
    reasons += [
        Reason(names[i], names[i], f"{names[base]} in another precision: it differs by rounding") for i in rounded
    ]
    return Scores(models, matrix.without(rounded), reasons, unreadable)


def rounded_copies(models: Sequence[Model], parts: Mapping[str, Sequence[Part]], base: int) -> list[int]:
    """Positions of the models that are the base stored in another precision: what parts them is rounding alone."""
    everything = [part for block in parts.values() for part in block]
    main = main_component({part.component: part for part in everything})
    apart = relative_l2([part for part in everything if part.component == main], len(models))[base]
    dtypes = [component.dtype if (component := model.header.components.get(main)) else "" for model in models]
    return [
        i
        for i, dtype in enumerate(dtypes)
        if dtype != dtypes[base] and 0 < apart[i] < max(ROUNDING.get(dtype, 0), ROUNDING.get(dtypes[base], 0))
    ]


def attention_scores(measure: str, group: Sequence[Model], library: Library, job: Job, device: str) -> Scores:
    """The attention probe, among those models whose probed layers have the same names and shapes."""
    variant = VARIANTS[measure]
    alike: dict[tuple, list[Model]] = {}
    for model in group:
        layers = attention_keys(model.header.layout, variant)
        alike.setdefault(
            tuple((block, key, model.header.layout.places[key].shape) for block, key in layers.items()), []
        ).append(model)
    kept: list[Model] = []
    unreadable: list[Unreadable] = []
    found: list[tuple[list[Model], dict[str, NDArray]]] = []
    for signature, members in alike.items():
        layers = {block: key for block, key, _ in signature}

        def run(
            models: Sequence[Checkpoint], missing: list[str], layers: dict[str, str] = layers
        ) -> Iterator[tuple[str, Arrays]]:
            from .passes import attention_pass  # torch comes with it

            return attention_pass(models, layers, variant, missing, job, device)

        models, results, failed = _through(METHODS[measure], members, list(layers), run, library)
        kept += models
        unreadable += failed
        found.append((models, {block: _scores_of(result, models) for block, result in results.items()}))
    kept = [model for model in group if model in kept]
    reasons = _other_widths(list(alike.items())) + [
        reason for models, scores in found for reason in _without_score(models, scores)
    ]
    return Scores(kept, _attention_matrix(measure, kept, found), reasons, unreadable)


def joint_layout(group: Sequence[Model]) -> Layout:
    """All keys that any of the models has; where shapes differ, the first one's."""
    distinct = {model.header.layout.digest: model.header.layout for model in group}
    layouts = list(distinct.values())
    if len(layouts) == 1:
        return layouts[0]
    places = dict(chain.from_iterable(layout.places.items() for layout in reversed(layouts)))
    return Layout.of(layouts[0].architecture, places)


def _through(
    method: str,
    group: Sequence[Model],
    wanted: Sequence[str],
    run: Callable[[Sequence[Checkpoint], list[str]], Iterator[tuple[str, Arrays]]],
    library: Library,
) -> tuple[list[Model], dict[str, BlockResult], list[Unreadable]]:
    """The wanted blocks' results of those models that can be read; `run` makes what the library does not remember."""
    models, unreadable = list(group), []
    results: dict[str, BlockResult] = {}
    while len(models) > 1:
        different = list({model.id: model for model in models}.values())  # copies known as such are read once
        ids = tuple(model.id for model in different)
        results = {
            block: result
            for block, result in (library.results(method, ids) | results).items()
            if set(ids) <= set(result.models)
        }
        missing = [block for block in wanted if block not in results]
        if not missing:
            break
        opened, failed = _open(different)
        if not failed:
            try:
                for block, arrays in run(opened, missing):
                    results[block] = BlockResult(ids, arrays)
                    library.remember_block(method, ids, block, arrays)
                library.forget_smaller(method, ids)
                break
            except ReadError as error:
                failed = [(next(m for m in different if error.path == m.path or m.path in error.path.parents), error)]
        unreadable += [Unreadable(model.path, str(error)) for model, error in failed]
        models = [model for model in models if all(model is not bad for bad, _ in failed)]
    return models, results, unreadable


def _open(models: Sequence[Model]) -> tuple[list[Checkpoint], list[tuple[Model, CheckpointError]]]:
    opened, failed = [], []
    for model in models:
        try:
            opened.append(open_checkpoint(model.path))
        except CheckpointError as error:
            failed.append((model, error))
    return opened, failed


def _restore(result: BlockResult, models: Sequence[Model]) -> tuple[list[Part], list[tuple[int, str]]]:
    """The parts of a stored block among the models asked for, and what it says of non-finite keys, per model."""
    rows = [result.models.index(model.id) for model in models]
    parts = [part.select(rows) for part in from_arrays(result.arrays)]
    told = [(rows.index(i), text) for i, text in json.loads(str(result.arrays["non_finite"])) if i in rows]
    return [part for part in parts if part is not None], told


def _scores_of(result: BlockResult, models: Sequence[Model]) -> NDArray[np.float64]:
    rows = [result.models.index(model.id) for model in models]
    return result.arrays["scores"][np.ix_(rows, rows)]


def _other_widths(alike: Sequence[tuple[tuple, list[Model]]]) -> list[Reason]:
    reasons = []
    for i, (signature, members) in enumerate(alike):
        if not signature:
            reasons += [Reason(m.name, m.name, "no self-attention layers that this measure probes") for m in members]
        for other, others in alike[:i]:
            if signature and other:
                reasons += [
                    Reason(a.name, b.name, "self-attention layers of other names or shapes")
                    for a in others
                    for b in members
                ]
    return reasons


def _without_score(models: Sequence[Model], scores: Mapping[str, NDArray[np.float64]]) -> Iterator[Reason]:
    """A reason for each model that has no score even with itself."""
    for i, model in enumerate(models):
        blocks = [block for block, numbers in scores.items() if np.isnan(numbers[i, i])]
        if blocks:
            yield Reason(
                model.name,
                model.name,
                f"no score in {', '.join(blocks)}: NaN, infinities or nothing but zeros in the layers probed",
            )


def _attention_matrix(
    measure: str, models: Sequence[Model], found: Sequence[tuple[list[Model], dict[str, NDArray]]]
) -> SimilarityMatrix:
    n, blocks = len(models), tuple(dict.fromkeys(block for _, scores in found for block in scores))
    values = np.full((n, n, len(blocks)), np.nan)
    for members, scores in found:
        rows = [models.index(model) for model in members]
        for block, numbers in scores.items():
            values[(*np.ix_(rows, rows), blocks.index(block))] = numbers
    overall = mean_over_blocks(values)
    return SimilarityMatrix(measure, tuple(m.name for m in models), blocks, values, overall, {"unet": overall})
