"""An answer to "which of my models made this?" as HTML: the evidence in words, then a card for each model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..hosts.host import Host
from ..identify.evidence import Kind
from .buttons import load_button
from .previews import inline, thumbnail
from .status import note
from .words import escaped

if TYPE_CHECKING:  # SciPy comes with it
    from ..service.find import Found, Ranked
    from ..service.find_verify import Verified

_CARDS = 12
"""Models that get a card; the tail says nothing."""


def answer_panel(found: Found | None, host: Host, verified: Verified | None = None) -> str:
    """What was found, or what to do."""
    if found is None:
        return note(
            "Which of my models made this?",
            "Drop a picture into the field and press Find. It is looked at here and kept nowhere.",
        )
    evidence = "".join(f"<li>{_evidence(piece.certainty, piece.detail)}</li>" for piece in found.evidence)
    told = f'<ol class="modelsim-evidence">{evidence}</ol>' if evidence else ""
    if found.none_of_these:
        told += "<p><b>None of these:</b> the picture is farther from every model than nearly all of their own are.</p>"
    if found.prompt is not None:
        told += f"<p>Prompt, from {escaped(found.prompt.source)}: {escaped(found.prompt.text)}</p>"
    told += "".join(f"<p>{escaped(remark)}</p>" for remark in found.remarks)
    told += _drawn_again(verified) if verified is not None else ""
    cards = "".join(_card(place, ranked, host) for place, ranked in enumerate(found.ranking[:_CARDS], 1))
    more = len(found.ranking) - _CARDS
    rest = f"<p>and {more} more, less likely</p>" if more > 0 else ""
    return f'<div class="modelsim-found">{told}</div><div class="modelsim-cards">{cards}</div>{rest}'


def _drawn_again(verified: Verified) -> str:
    """What the likeliest models drew, the nearest first."""
    how = "with all settings of its record" if verified.exact else "with its prompt, as far as that is known"
    pictures = "".join(
        f"<figure>{inline(each.picture, each.model)}<figcaption>{escaped(each.model)}<br>"
        f"likeness {each.likeness:.2f}, nearness {each.nearness:.2f}</figcaption></figure>"
        for each in verified.pictures
    )
    failures = "".join(f"<p>{escaped(failure)}</p>" for failure in verified.failures)
    return f'<p>Drawn again {how}:</p><div class="modelsim-again">{pictures}</div>{failures}'


def _evidence(certainty: float | None, detail: str) -> str:
    sure = f"<b>{_percent(certainty)}</b> " if certainty is not None else ""
    return f"{sure}{escaped(detail)}"


def _card(place: int, ranked: Ranked, host: Host) -> str:
    sure = "" if ranked.probability is None else _bar(ranked.probability)
    short = f"<code>{escaped(ranked.sha256[:10])}</code>" if ranked.sha256 else ""
    own = [piece for piece in ranked.evidence if piece.kind is not Kind.FEATURES]  # the bar says what features do
    why = "".join(f"<p>{_evidence(piece.certainty, piece.detail)}</p>" for piece in own)
    return (
        f'<article class="modelsim-found-card"><h4>{place}. <span title="{escaped(ranked.model)}">'
        f"{escaped(ranked.model)}</span> {short}</h4>{sure}{_nearest(ranked.pictures)}{why}"
        f'<div class="modelsim-actions">{_actions(ranked, host)}</div></article>'
    )


def _bar(probability: float) -> str:
    return (
        f'<div class="modelsim-sure" title="If one of these models drew it, this one did with {_percent(probability)}">'
        f'<i style="width:{100 * probability:.1f}%"></i><span>{_percent(probability)}</span></div>'
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "below 1 %"


def _nearest(pictures: Sequence[Path]) -> str:
    shown = "".join(thumbnail(path) for path in pictures[:4])
    return f'<div class="modelsim-nearest">{shown}</div>' if shown else ""


def _actions(ranked: Ranked, host: Host) -> str:
    name, key = escaped(ranked.model), escaped(ranked.key)
    cannot = host.cannot.get("load") or (None if ranked.path else "It is not among your checkpoints.")
    in_tree = f'<button type="button" data-model="{name}" data-page="Families">Show in the families</button>'
    not_this = f'<button type="button" data-find="not this" data-name="{key}">Not this one</button>'
    return load_button(ranked.model, cannot) + (in_tree if ranked.path else "") + not_this
