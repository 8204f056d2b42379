"""The ranked relatives of one model: the overall number, a coloured cell per block, and in words what hashes know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...checkpoints.identity import Identity
from ...figures.colours import similarity_colours
from ...similarity.matrix import SimilarityMatrix
from ...similarity.measures.registry import measure_named
from ...workspace.comparing.compare import Comparison
from ...workspace.comparing.relatives import Relative, relatives
from ...workspace.comparing.shares import covers
from ..buttons import button, load_button, reference_button
from ..status import note
from ..words import escaped, number

_STEPS = 24
"""Steps of the colour scale; each is a CSS class, c0 the least alike."""


def relatives_list(
    comparison: Comparison, identities: Mapping[str, Identity], chosen: str, cannot_load: str | None = None
) -> str:
    """The list for a model of the comparison; instead of it a note where it has no relative to compare with.
    `cannot_load` says why the host loads none of them."""
    matrix = comparison.matrix
    if chosen == comparison.base_model:
        return note("This is the base", "The numbers are taken from it. Choose another model.")
    found = relatives(comparison, identities, chosen)
    if not found:
        return note("No other model to compare with", "Put more checkpoints into the folder, then press Show families.")
    near = [relative for relative in found if relative.comparable]
    scale = _Scale(matrix, near)
    blocks = [escaped(block) for block in matrix.blocks]
    rows = "".join(_row(relative, matrix.measure, blocks, scale, cannot_load) for relative in near)
    rest = _not_comparable([relative for relative in found if not relative.comparable])
    return (
        f'{_style()}{scale.legend() if near else ""}<div class="modelsim-scroll modelsim-relatives">{rows}{rest}</div>'
    )


def _style() -> str:
    """The colours of the cells."""
    rules = [
        f".modelsim-cells .c{step} {{ background: {colour} }}" for step, colour in enumerate(similarity_colours(_STEPS))
    ]
    return f"<style>{' '.join(rules)}</style>"


def _row(relative: Relative, measure: str, blocks: Sequence[str], scale: _Scale, cannot_load: str | None) -> str:
    shown = measure_named(measure).shown
    cells = "".join(
        f'<i class="c{scale.step(value)}" title="{block} {shown(value)}"></i>'
        for block, value in zip(blocks, relative.blocks, strict=True)
        if not np.isnan(value)
    )
    name, overall = escaped(relative.name), shown(relative.overall)
    said = relative.verdict
    share = "" if relative.coverage is None or relative.coverage == 1 else covers(measure, relative.coverage)
    about = ", ".join(filter(None, dict.fromkeys((said.text, relative.fact, share))))
    reason = f"<p>{escaped(relative.reason)}</p>" if relative.reason else ""
    return (
        f'<details><summary><div><b title="{name}">{name}</b><output>{overall}</output></div>'
        f'<div><span class="modelsim-cells">{cells}</span><em title="{escaped(said.why)}">{escaped(about)}</em></div>'
        f"</summary><p>{escaped(said.why)}</p>{reason}{_actions(relative.name, cannot_load)}</details>"
    )


def _actions(name: str, cannot_load: str | None) -> str:
    choose = f'<button type="button" data-model="{escaped(name)}">Choose</button>'
    return (
        f'<div class="modelsim-actions">{choose}{button("compare", "Compare in detail", name)}'
        f"{load_button(name, cannot_load)}{reference_button(name)}</div>"
    )


def _not_comparable(found: Sequence[Relative]) -> str:
    if not found:
        return ""
    rows = "".join(f"<p><b>{escaped(relative.name)}</b> {escaped(relative.reason or '')}</p>" for relative in found)
    return f"<details><summary><div>{len(found)} not comparable</div></summary>{rows}</details>"


class _Scale:
    """Colours over the block values of the nearer half of the relatives; the others would leave it no contrast."""

    def __init__(self, matrix: SimilarityMatrix, relatives: Sequence[Relative]) -> None:
        self._measure, self._beyond = matrix.measure, "≥" if matrix.is_distance else "≤"
        values = np.array([relative.blocks for relative in relatives[: (len(relatives) + 1) // 2]])
        known = values[~np.isnan(values)] if values.size else np.zeros(1)
        self._blocks = int((~np.isnan(values)).any(axis=0).sum())
        ends = float(known.min()), float(known.max())
        self._ends = ends[::-1] if matrix.is_distance else ends

    def step(self, value: float) -> int:
        """The colour's number, 0 for the least alike."""
        least, most = self._ends
        share = 1.0 if most == least else (value - least) / (most - least)
        return min(max(int(share * _STEPS), 0), _STEPS - 1)

    def legend(self) -> str:
        """The colours in a row, with the values at both ends."""
        least, most = (number(end, self._measure) for end in self._ends)
        colours = "".join(f'<i class="c{step}"></i>' for step in range(_STEPS))
        cells = (
            f"{self._beyond} {least}",
            f'<span class="modelsim-cells">{colours}</span>',
            most,
            f"{self._blocks} blocks, in network order",
        )
        return f'<div class="modelsim-legend">{"".join(f"<span>{cell}</span>" for cell in cells)}</div>'
