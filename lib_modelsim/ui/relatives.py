"""The ranked relatives of one model: the overall number, a coloured cell per block, and in words what hashes know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.identity import Identity
from ..figures.colours import similarity_colours
from ..service.compare import Comparison
from ..service.relatives import Relative, relatives
from ..similarity.matrix import SimilarityMatrix
from .status import note
from .words import escaped, number

_STEPS = 24
"""Steps of the colour scale; each is a CSS class, c0 the least alike."""


def relatives_list(comparison: Comparison, identities: Mapping[str, Identity], chosen: str) -> str:
    """The list for a model of the comparison; instead of it a note where it has no relative to compare with."""
    matrix = comparison.matrix
    if chosen == comparison.base:
        return note("This is the base", "The numbers are taken from it. Choose another model.")
    found = relatives(comparison, identities, chosen)
    if not found:
        return note("No other model to compare with", "Put more checkpoints into the folder, then press Compare again.")
    scale = _Scale(matrix, matrix.models.index(chosen))
    rows = "".join(_row(relative, matrix, scale) for relative in found if relative.comparable)
    rest = _not_comparable([relative for relative in found if not relative.comparable])
    style = _style(matrix.models.index(chosen))
    return f'{style}{scale.legend()}<div class="modelsim-scroll modelsim-relatives">{rows}{rest}</div>'


def _style(row: int) -> str:
    """The colours of the cells, and the chosen model's row in the table."""
    rules = [f".modelsim-cells .c{step} {{ background: {colour} }}" for step, colour in enumerate(similarity_colours(_STEPS))]
    rules.append(f'#modelsim_models tr[data-row="{row}"] {{ background: var(--modelsim-chosen) }}')
    return f"<style>{' '.join(rules)}</style>"


def _row(relative: Relative, matrix: SimilarityMatrix, scale: _Scale) -> str:
    cells = "".join(
        f'<i class="c{scale.step(value)}" title="{escaped(block)} {number(value, matrix.measure)}"></i>'
        for block, value in zip(matrix.blocks, relative.blocks, strict=True)
        if not np.isnan(value)
    )
    name = escaped(relative.name)
    return (
        f'<details><summary><div><b title="{name}">{name}</b><output>{number(relative.overall, matrix.measure)}</output></div>'
        f'<div><span class="modelsim-cells">{cells}</span><em>{escaped(relative.fact)}</em></div></summary>'
        f"<p>{escaped(relative.reason or '')}</p></details>"
    )


def _not_comparable(found: Sequence[Relative]) -> str:
    if not found:
        return ""
    rows = "".join(f"<p><b>{escaped(relative.name)}</b> {escaped(relative.reason or '')}</p>" for relative in found)
    return f"<details><summary><div>{len(found)} not comparable</div></summary>{rows}</details>"


class _Scale:
    """Colours over the values of the chosen model's pairs of its kind: the same for all models of one architecture."""

    def __init__(self, matrix: SimilarityMatrix, chosen: int):
        self._matrix = matrix
        kind = np.flatnonzero(~np.isnan(matrix.overall[chosen]))
        kind = kind if len(kind) > 1 else np.array([chosen])
        values = matrix.values[np.ix_(kind, kind)][~np.eye(len(kind), dtype=bool)]
        self._blocks = int((~np.isnan(matrix.values[np.ix_(kind, kind)])).any(axis=(0, 1)).sum())
        self._ends = _ends(values[~np.isnan(values)], matrix.is_distance)

    def step(self, value: float) -> int:
        """The colour's number, 0 for the least alike."""
        least, most = self._ends
        share = 1.0 if most == least else (value - least) / (most - least)
        return int(np.clip(share * _STEPS, 0, _STEPS - 1))

    def legend(self) -> str:
        """The colours in a row, with the values at both ends."""
        least, most = (number(end, self._matrix.measure) for end in self._ends)
        colours = "".join(f'<i class="c{step}"></i>' for step in range(_STEPS))
        beyond = "≥" if self._matrix.is_distance else "≤"
        blocks = f"{self._blocks} blocks, in network order"
        return f'<div class="modelsim-legend"><span>{beyond} {least}</span><span class="modelsim-cells">{colours}</span><span>{most}</span><span>{blocks}</span></div>'


def _ends(values: NDArray[np.float64], distance: bool) -> tuple[float, float]:
    """The values of the first and the last colour; a tenth of the pairs, strangers mostly, lies beyond the first."""
    if not values.size:
        return (1.0, 0.0) if distance else (0.0, 1.0)
    if distance:
        return float(np.percentile(values, 90)), float(values.min())
    return float(np.percentile(values, 10)), float(values.max())
