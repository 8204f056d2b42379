"""The ranked relatives of one model: the overall number, a coloured cell per block, and in words what hashes know."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...checkpoints.identity import Identity
from ...figures.colours import similarity_colours
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.registry import measure_named
from ...templates import render
from ...workspace.catalogue.remarks import found_out
from ...workspace.comparing.shares import covers
from ..status import note
from ..words import number

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...workspace.comparing.compare import Comparison
    from ...workspace.comparing.relatives import Relative

_STEPS = 24
"""Steps of the colour scale; each is a CSS class, c0 the least alike."""


def relatives_list(
    comparison: Comparison,
    identities: Mapping[str, Identity],
    chosen: str,
    cannot_load: str | None = None,
    has_recipe: bool = False,
) -> Markup:
    """The list for a model of the comparison; instead of it a note where it has no relative to compare with.
    `cannot_load` says why the host loads none of them; of one that `has_recipe` is known what it is made of, and
    nothing is said of what it perhaps is."""
    from ...workspace.comparing.relatives import relatives

    matrix = comparison.matrix
    if chosen == comparison.base_model:
        return note("This is the base", "All models are compared by their changes from it. Choose another model.")
    found = relatives(comparison, identities, chosen)
    if not found:
        return note("No other model to compare with", "Add checkpoints to the folder, then press Show families.")
    near = [relative for relative in found if relative.comparable]
    scale = _Scale(matrix, near)
    return render(
        "ui/templates/relatives.html",
        colours=similarity_colours(_STEPS),
        legend=scale.legend() if near else None,
        near=[_row(relative, matrix, scale) for relative in near],
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
    """A relative; `cells` are the colour's class and the tooltip of each block."""

    name: str
    overall: str
    cells: Sequence[tuple[str, str]]
    about: str
    why: str
    reason: str | None


def _row(relative: Relative, matrix: SimilarityMatrix, scale: _Scale) -> _Row:
    shown = measure_named(matrix.measure).shown
    values = np.array(relative.blocks)
    known = ~np.isnan(values)
    values, blocks = values[known], itertools.compress(matrix.blocks, known)
    titles = (f"{block} {shown(value)}" for block, value in zip(blocks, values.tolist(), strict=True))
    said = relative.verdict
    whole = relative.coverage is None or relative.coverage == 1
    share = "" if whole else covers(matrix.measure, relative.coverage)
    return _Row(
        name=relative.name,
        overall=shown(relative.overall),
        cells=list(zip(scale.steps(values), titles, strict=True)),
        about=", ".join(filter(None, (relative.about, share))),
        why=said.why,
        reason=relative.reason,
    )


class _Scale:
    """Colours over the block values of the nearer half of the relatives; the others would leave it no contrast."""

    def __init__(self, matrix: SimilarityMatrix, relatives: Sequence[Relative]) -> None:
        self._measure, self._beyond = matrix.measure, "≥" if matrix.is_distance else "≤"
        values = np.array([relative.blocks for relative in relatives[: (len(relatives) + 1) // 2]])
        known = values[~np.isnan(values)] if values.size else np.zeros(1)
        self._blocks = int((~np.isnan(values)).any(axis=0).sum())
        ends = float(known.min()), float(known.max())
        self._ends = ends[::-1] if matrix.is_distance else ends

    def steps(self, values: np.ndarray) -> list[str]:
        """The colours' CSS classes, c0 for the least alike."""
        least, most = self._ends
        shares = np.ones_like(values) if most == least else (values - least) / (most - least)
        return [f"c{step}" for step in np.minimum(np.maximum(shares * _STEPS, 0), _STEPS - 1).astype(int).tolist()]

    def legend(self) -> dict[str, object]:
        """The values at both ends of the colours, and how many blocks have one."""
        least, most = (number(end, self._measure) for end in self._ends)
        return {"least": f"{self._beyond} {least}", "most": most, "blocks": self._blocks}
