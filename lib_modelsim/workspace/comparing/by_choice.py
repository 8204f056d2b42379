"""All pairs of models, each architecture by the measure that suits it: one answer for the page and for all commands.

`choosing` tells what suits; where it knows no base, `likely` looks for one by name and place.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...job import Job
from ...library import Library
from ...similarity.base import MEAN, Base
from ...similarity.measures.registry import DEFAULT, DEFAULT_OF_FEW, measure_named
from ..catalogue.index import Index, Model
from .adapter_scores import are_adapters
from .choosing import Choice, choose
from .compare import Comparison, by_architecture, compare_from, join, named_base, no_base, of_weights
from .likely import likely_model
from .reasons import apart
from .scores import Reason


def compare_by_choice(
    index: Index,
    measure: str | None,
    base: str | None,
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
    few: str = DEFAULT_OF_FEW,
) -> Comparison:
    """Compare the models of each architecture by what suits it (see `choosing`), so that none is left without numbers
    that could have some unless `few` is `measure`; otherwise as `compare_models`."""
    if measure is not None:
        of_weights(measure)
    models = index.models
    named = named_base(base, measure or DEFAULT, models, library)
    groups = {group[0].architecture: group for group in by_architecture(models)}
    how = (library, job, device, memory)
    choices = {kind: settled(group, measure, named, *how, few) for kind, group in groups.items() if len(group) > 1}
    adapters = any(map(are_adapters, groups.values()))  # they need no base
    if measure == few and choices and not adapters and not any(choice.base for choice in choices.values()):
        raise no_base(few)
    measures = [choice.measure for choice in choices.values()]
    main = DEFAULT if DEFAULT in measures else next(iter(measures), measure or few)
    found = []
    for kind, group in groups.items():
        choice = choices.setdefault(kind, Choice(main))  # a model alone is told apart from none
        own = next((model for model in group if choice.base == Base(model.name)), None)
        found.append(compare_from(Index(group), choice.measure, own, *how))
    readable = {model.path for part in found for model in part.models}
    kept = [model for model in models if model.path in readable]
    across = [reason for reason in apart(models) if _architectures(reason, models) > 1]
    bases = sorted({c.base for c in choices.values() if c.base is not None}, key=lambda b: b.model is None)
    return Comparison(
        kept,
        join(main, kept, [(part.models, part.matrix) for part in found]),
        Base(named.name) if named is not None else next(iter(bases), None),
        across + [reason for part in found for reason in part.reasons],
        list(index.unreadable) + [bad for part in found for bad in part.unreadable],
        choices,
        [merge for part in found for merge in part.merges],
        [rounding for part in found for rounding in part.roundings],
    )


def _architectures(reason: Reason, models: Sequence[Model]) -> int:
    return len({model.architecture for model in models if model.name in (reason.a, reason.b)})


def settled(
    group: Sequence[Model],
    measure: str | None,
    base: Model | None,
    library: Library,
    job: Job,
    device: str = "auto",
    memory: int | None = None,
    few: str = DEFAULT_OF_FEW,
) -> Choice:
    """As `choose`, with a base that is likely where none is named or known; files may be read for that."""
    choice, with_base = choose(group, measure, base, library, few), measure or DEFAULT
    if choice.base not in (None, MEAN) or not measure_named(with_base).needs_base:
        return choice
    if measure is None and choice.base is None:
        return choice  # of two or three models a base that is only likely would leave one number, or none
    likely = likely_model(group, with_base, library, job, device, memory)
    return choice if likely is None else Choice(with_base, Base(likely.model.name), likely.note)
