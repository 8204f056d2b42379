"""Whether one of two models is the other in a coarser precision, component by component, read to the end."""

from __future__ import annotations

from ...job import Job
from ...library import Library
from ..catalogue.index import Model
from ..comparing.roundings import grain, rounding_by_component


def rounded_components(target: Model, other: Model, library: Library, job: Job) -> dict[str, bool]:
    """Component → whether every number of the finer of the two lies in the cell of the coarser there
    (`similarity/rounding.py`), of the components that both hold with the same weights. What is read is remembered."""
    mine, theirs = target.header.components, other.header.components
    shared = [name for name in mine if name in theirs]
    main = max(shared, key=lambda name: mine[name].parameters, default=None)
    if main is None:
        return {}
    first = grain(mine[main].dtype) >= grain(theirs[main].dtype)
    coarse, fine = (target, other) if first else (other, target)
    sums = rounding_by_component(coarse, fine, library, job)
    own, held = target.header.layout, other.header.layout
    return {
        name: name in sums and not sums[name][2] and not sums[name][3]
        for name in shared
        if own.parameters(name) == held.parameters(name)
    }
