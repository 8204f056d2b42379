"""Two models in detail: a bar per block, and the keys that differ most."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...similarity.measures.cosine import COSINE
from ...similarity.measures.l2 import RELATIVE_L2
from ...workspace.comparing.detail import Detail
from ...workspace.comparing.shares import covers
from ..words import escaped, number


def detail_panel(detail: Detail) -> str:
    """The panel for a pair; what there is nothing to say of is left out."""
    head = (
        f'<div class="modelsim-detail"><h4>{escaped(detail.first)} and {escaped(detail.second)}'
        '<button type="button" data-do="close" title="Close" aria-label="Close the comparison">✕</button></h4>'
    )
    if detail.reason is not None:
        return f"{head}<p>{escaped(detail.reason)}</p></div>"
    return f"{head}{_profile(detail)}{_counts(detail)}{_keys(detail)}</div>"


def _profile(detail: Detail) -> str:
    """Bars from the least value to the greatest of the pair; their numbers are in the tooltips and below."""
    known = [
        (block, value) for block, value in zip(detail.blocks, detail.profile, strict=True) if not math.isnan(value)
    ]
    if not known:
        return ""
    values = [value for _, value in known]
    least, most = min(values), max(values)
    bars = "".join(
        f'<i title="{escaped(block)} {number(value, detail.measure)}">'
        f'<b style="height:{_height(value, least, most)}%"></b><span>{escaped(block)}</span></i>'
        for block, value in known
    )
    ends = " to ".join(
        f"{number(end, detail.measure)} ({escaped(next(block for block, value in known if value == end))})"
        for end in (least, most)
    )
    return f'<p>{escaped(detail.measure)}: {ends}</p><div class="modelsim-profile">{bars}</div>'


def _height(value: float, least: float, most: float) -> int:
    return 100 if most == least else round(6 + 94 * (value - least) / (most - least))


def _counts(detail: Detail) -> str:
    facts = [f"{detail.differing:,} keys differ", f"{detail.equal:,} are equal"]
    if detail.coverage is not None and detail.coverage < 1:
        facts.insert(0, f"{escaped(detail.measure)} {escaped(covers(detail.measure, detail.coverage))}")
    if detail.unknown:
        facts.append(f"{detail.unknown:,} cannot be compared")
    shapes = [f"{other.key} {_shape(other.first)} and {_shape(other.second)}" for other in detail.other_shapes]
    for keys, words in (
        (detail.only_in_first, f"only in {detail.first}"),
        (detail.only_in_second, f"only in {detail.second}"),
        (shapes, "of another shape"),
    ):
        if keys:
            facts.append(f'<span title="{escaped(", ".join(keys[:20]))}">{len(keys):,} {escaped(words)}</span>')
    return f"<p>{', '.join(facts)}.</p>"


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _keys(detail: Detail) -> str:
    if not detail.most:
        return ""
    rows = "".join(
        f'<tr><td title="{escaped(key.key)}">{escaped(key.key)}</td><td>{escaped(key.block or "")}</td>'
        f"<td>{RELATIVE_L2.shown(key.relative)}</td><td>{COSINE.shown(key.cosine)}</td></tr>"
        for key in detail.most
    )
    return (
        '<div class="modelsim-scroll modelsim-keys"><table><thead><tr><th>Keys that differ most</th><th>Block</th>'
        '<th title="‖a − b‖ / ‖(a + b)/2‖">relative L2</th><th>cosine</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
