"""Two models in detail: a bar per block, and the keys that differ most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...similarity.measures.cosine import COSINE
from ...similarity.measures.l2 import RELATIVE_L2
from ...similarity.measures.registry import measure_named
from ...templates import render
from ...workspace.comparing.shares import covers
from ..words import number

if TYPE_CHECKING:
    from markupsafe import Markup

    from ...workspace.comparing.detail import Detail


_SHORT = 8
"""Letters of a block's name that fit below a bar: "OUT11", not "context_refiner.00"."""


def detail_panel(detail: Detail) -> Markup:
    """The panel for a pair; what there is nothing to say of is left out."""
    bars, ends, ticks = _profile(detail)
    return render(
        "ui/templates/detail.html",
        first=detail.first,
        second=detail.second,
        reason=detail.reason,
        bars=bars,
        long=any(len(block) > _SHORT for block, *_ in bars),
        ends=ends,
        ticks=ticks,
        facts=_facts(detail) if detail.reason is None else (),
        fine=[(each.name, RELATIVE_L2.shown(each.relative), COSINE.shown(each.cosine)) for each in detail.fine],
        keys=[
            (key.key, key.block or "", RELATIVE_L2.shown(key.relative), COSINE.shown(key.cosine)) for key in detail.most
        ],
    )


def _profile(detail: Detail) -> tuple[list[tuple[str, str, int]], str, list[str]]:
    """A bar for each block from zero, "the same", up to what the axis ends at: how far the two are apart there. Each
    with block, value and height in percents; the least and the greatest value in words; and what the axis says, from
    its end down to zero."""
    known = [
        (block, value) for block, value in zip(detail.blocks, detail.profile, strict=True) if not math.isnan(value)
    ]
    if not known:
        return [], "", []
    values = [value for _, value in known]
    measure = measure_named(detail.measure)
    apart = values if measure.distance else [max(1 - value, 0) for value in values]
    top = _round_up(max(apart))
    bars = [
        (block, number(value, detail.measure), round(100 * far / top))
        for (block, value), far in zip(known, apart, strict=True)
    ]
    ends = " to ".join(
        f"{number(end, detail.measure)} ({next(block for block, value in known if value == end)})"
        for end in (min(values), max(values))
    )
    as_shown = 100 if measure.unit == "%" else 1
    ticks = [f"{as_shown * share * top:.3g}{' %' if measure.unit == '%' and share else ''}" for share in (1, 0.5, 0)]
    return bars, f"{detail.measure}: {ends}", ticks


_LEAST_AXIS = 1e-6
"""What is left of a copy is the rounding of its sums: no bar shows it."""


def _round_up(value: float) -> float:
    """To 1, 2 or 5 of a decimal place, for the end of an axis."""
    if value <= _LEAST_AXIS:
        return 1.0
    place = 10.0 ** math.floor(math.log10(value))
    return next(step * place for step in (1, 2, 5, 10) if value <= step * place * (1 + 1e-9))


def _facts(detail: Detail) -> list[tuple[str, str]]:
    """How many keys are alike, differ, or cannot be compared, in words, and the names of the latter."""
    facts = [(f"{detail.differing:,} keys differ", ""), (f"{detail.equal:,} are equal", "")]
    if detail.coverage is not None and detail.coverage < 1:
        facts.insert(0, (f"{detail.measure} {covers(detail.measure, detail.coverage)}", ""))
    facts += [(text, "") for text in detail.besides]
    if detail.unknown:
        facts.append((f"{detail.unknown:,} cannot be compared", ""))
    shapes = [f"{other.key} {_shape(other.first)} and {_shape(other.second)}" for other in detail.other_shapes]
    for keys, words in (
        (detail.only_in_first, f"only in {detail.first}"),
        (detail.only_in_second, f"only in {detail.second}"),
        (shapes, "with different shapes"),
    ):
        if keys:
            facts.append((f"{len(keys):,} {words}", ", ".join(keys[:20])))
    return facts


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"
