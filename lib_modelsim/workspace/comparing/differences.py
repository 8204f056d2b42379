"""How large the differences of two models are, value by value: a histogram per component, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...job import Job
from ...similarity.coverage import LEAST
from ...similarity.measures.equal import EQUAL
from ...text import counted
from .adapter_scores import are_adapters
from .compare import Comparison
from .reasons import difference
from .shares import covers

if TYPE_CHECKING:  # torch comes with it
    from ...similarity.histogram import Histogram


def differences(comparison: Comparison, job: Job, device: str = "auto", memory: int | None = None) -> list[Histogram]:
    """The histogram of each component of a comparison's two models (besides the base), over the keys that both hold in
    one shape with finite values; components that they do not share are left out.

    Raises ModelsimError where there are not two models of one architecture that have most of their network in common,
    or one cannot be read.
    """
    pair = [i for i, model in enumerate(comparison.models) if model.name != comparison.base_model]
    if len(pair) != 2:
        raise ModelsimError("--histogram takes two models, not", len(pair), "choose two checkpoints")
    models = [comparison.models[i] for i in pair]
    if any(are_adapters([model]) for model in models):
        raise ModelsimError("--histogram reads checkpoints, not adapters", None, "leave it out")
    first, second = (model.header.layout for model in models)
    if first.architecture != second.architecture:
        raise ModelsimError(
            "these two cannot be compared", difference(first, second), "choose two models of one network"
        )
    share = 1.0 if comparison.coverage is None else float(comparison.coverage[pair[0], pair[1]])
    if share < LEAST:
        raise ModelsimError(
            f"no histogram: {comparison.matrix.measure} {covers(comparison.matrix.measure, share)}",
            None,
            "choose two models of one network",
        )
    keys: dict[str, list[str]] = {}
    for key, place in first.places.items():
        if key in second.places and second.places[key].shape == place.shape:
            keys.setdefault(place.component, []).append(key)
    from .streaming import histogram_pass  # torch comes with it

    with ExitStack() as stack:
        opened = [stack.enter_context(model.open()) for model in models]
        found = list(histogram_pass(opened, keys, job, device, memory))
        for checkpoint in opened:
            checkpoint.check()
    return [one for one in found if one.total]


def write_histogram(found: Sequence[Histogram], names: Sequence[str], path: Path) -> Path:
    """Draw the histograms of the models of these two names, as SVG or PNG by the path's ending.

    Raises ModelsimError for another ending, or where the two share no values.
    """
    from ...figures.difference_histogram import draw_difference_histogram
    from ...figures.saving import write_figure
    from ...similarity.histogram import edges

    if not found:
        raise ModelsimError(
            "the two models have no values in common", " and ".join(names), "choose two models of one network"
        )
    panels = {_heading(one): one.counts for one in found}
    title, unit = f"{names[0]} less {names[1]}, value by value", f"(a − b) / rms(a), a is {names[0]}"
    caption = "Values per bin. The middle bin holds all below 0.0001, the outermost ones all beyond 10."
    figure = draw_difference_histogram(panels, edges(), title, unit, caption=caption)
    return write_figure(figure, path)


def _heading(one: Histogram) -> str:
    share = EQUAL.shown(one.equal / one.total)
    told = f"{one.component}: {one.total:,} values, {share} of them equal, rms {one.rms:.4g}"
    return told + (f"; {counted(one.left_out, 'key')} left out: not finite" if one.left_out else "")
