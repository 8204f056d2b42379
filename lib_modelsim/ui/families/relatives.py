"""The ranked relatives of one model: number and bar, a coloured cell per block, and in words what hashes know."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...checkpoints.identity import Identity
from ...figures.colours import similarity_colours
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.registry import measure_named
from ...templates import render
from ...workspace.catalogue.remarks import found_out
from ...workspace.comparing.shares import covers
from ...workspace.comparing.verdicts import Verdict
from ..status import note
from .likeness import STEPS, Likeness

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...workspace.comparing.compare import Comparison
    from ...workspace.comparing.relatives import Relative

_OTHER_NOW = Verdict(
    "changed or gone since", "The number is of the file that was compared. Press Show families to renew it."
)


def relatives_list(
    comparison: Comparison,
    identities: Mapping[str, Identity],
    chosen: str,
    cannot_load: str | None = None,
    has_recipe: bool = False,
    other_now: Collection[str] = (),
) -> Markup:
    """The list for a model of the comparison; instead of it a note where it has no relative to compare with.
    `cannot_load` says why the host loads none of them; of one that `has_recipe` is known what it is made of, and
    nothing is said of what it perhaps is. Of models whose files are `other_now` than those compared nothing is said."""
    from ...workspace.comparing.relatives import relatives

    matrix = comparison.matrix
    if chosen == comparison.base_model:
        return note("This is the base", "All models are compared by their changes from it. Choose another model.")
    known = {name: identity for name, identity in identities.items() if name not in other_now}
    found = [
        replace(relative, verdict=_OTHER_NOW) if relative.name in other_now else relative
        for relative in relatives(comparison, known, chosen)
    ]
    found.sort(key=lambda relative: relative.verdict is _OTHER_NOW)
    if not found:
        return note("No other model to compare with", "Add checkpoints to the folder, then press Show families.")
    near = [relative for relative in found if relative.comparable]
    scale = Likeness(matrix)
    colours = similarity_colours(STEPS)
    return render(
        "ui/templates/relatives.html",
        colours=colours,
        axis=(scale.ticks, colours[:: -1 if scale.brightest_first else 1]) if near else None,
        groups=[
            (verdict, [_row(relative, matrix, scale) for relative in alike])
            for verdict, alike in itertools.groupby(near, lambda relative: relative.said)
        ],
        not_comparable=[relative for relative in found if not relative.comparable],
        cannot_load=cannot_load,
        own=_own_reasons(comparison, identities, chosen),
        merge=next((merge for merge in comparison.merges if merge.model == chosen and not has_recipe), None),
    )


def _own_reasons(comparison: Comparison, identities: Mapping[str, Identity], chosen: str) -> list[str]:
    """Why a model has no numbers or other ones, but for what its card says already."""
    model = next((model for model in comparison.models if model.name == chosen), None)
    said = found_out(model.header, identities.get(chosen)) if model is not None else []
    own = (reason.reason for reason in comparison.reasons if reason.a == reason.b == chosen)
    return [reason for reason in dict.fromkeys(own) if reason not in said]


class _Row(NamedTuple):
    """A relative; `length` is that of its bar in percents and `step` the bar's colour, `cells` are the colour's class
    and the tooltip of each block, `about` is what there is to say beyond the verdict, `why` how that is known."""

    name: str
    overall: str
    length: int
    step: str
    cells: Sequence[tuple[str, str]]
    about: str
    why: str
    reason: str | None


def _row(relative: Relative, matrix: SimilarityMatrix, scale: Likeness) -> _Row:
    shown = measure_named(matrix.measure).shown
    values = np.array(relative.blocks)
    known = ~np.isnan(values)
    values, blocks = values[known], itertools.compress(matrix.blocks, known)
    titles = (f"{block} {shown(value)}" for block, value in zip(blocks, values.tolist(), strict=True))
    whole = relative.coverage is None or relative.coverage == 1
    share = "" if whole else covers(matrix.measure, relative.coverage)
    return _Row(
        name=relative.name,
        overall=shown(relative.overall),
        length=scale.length(relative.overall),
        step=scale.steps(np.array([relative.overall]))[0],
        cells=list(zip(scale.steps(values), titles, strict=True)),
        about=", ".join(filter(None, (*relative.besides_verdict, share))),
        why=relative.verdict.why,
        reason=relative.reason,
    )
