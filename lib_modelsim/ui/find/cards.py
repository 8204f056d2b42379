"""The models of an answer: a card for each of the likeliest, with what speaks for it and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...figures.colours import ClassMark
from ...hosts.host import Host
from ...pictures.records.infotext import FEWEST, parse, write
from ...templates import render
from ...text import brief
from ..families.previews import thumbnail
from ..view_state import ViewState
from .finder import Answered

if TYPE_CHECKING:  # SciPy comes with it
    from markupsafe import Markup

    from ...workspace.finding.ranking import Ranked

_CARDS = 12
"""Models that get a card; the others get a line."""

_ALWAYS = 4
"""Models that get one however unlikely: how often the right one is among them is what the self-test tells."""

_NEAREST = 3
"""Pictures on a card."""


@dataclass(frozen=True)
class _Around:
    """What cards tell beyond the answer: file → name in the families; name → number and name of its class; and whether
    it may be none of these."""

    host: Host
    names: Mapping[Path, str]
    classes: Mapping[str, tuple[int, str]]
    doubtful: bool


@dataclass(frozen=True)
class _Card:
    """What a card shows. `known` is the model's name in the families, None where it is not there; `why` is what speaks
    for it beyond its bar, `cannot_load` why it has no button for that."""

    model: str
    key: str
    short_hash: str
    probability: float | None
    width: str
    doubtful: bool
    known: str | None
    mark: ClassMark | None
    nearest: Sequence[str]
    why: Sequence[str]
    cannot_load: str | None


def cards(answer: Answered, session: ViewState) -> Markup:
    """The models, the likeliest first."""
    found, host = answer.shown, session.backend.host
    names = {model.path.resolve(): model.name for model in session.backend.index.models}
    around = _Around(host, names, session.shown().classes, found.none_of_these or found.elsewhere)
    left_out = len(answer.left_out)
    shown = [each for i, each in enumerate(found.ranking) if i < _ALWAYS or (i < _CARDS and _matters(each))]
    return render(
        "ui/templates/cards.html",
        infotext=_of_any_model(found.infotext) if found.infotext else "",
        loads=host.is_webui,
        sends=found.infotext is not None,
        cards=[_card(ranked, around) for ranked in shown],
        others=[each for each in found.ranking if each not in shown],
        left_out=left_out and ("1 model is" if left_out == 1 else f"{left_out} models are"),
    )


def _matters(ranked: Ranked) -> bool:
    """Whether it is worth a card: not below 1 %, or named by more than its style."""
    named = any(piece.kind.value != "features" and piece.certainty for piece in ranked.evidence)
    return named or ranked.probability is None or ranked.probability >= 0.01


def _card(ranked: Ranked, around: _Around) -> _Card:
    known = around.names.get(ranked.path.resolve()) if ranked.path else None
    # what features say is the bar
    own = [brief(piece.detail) for piece in ranked.evidence if piece.kind.value != "features"]
    return _Card(
        model=ranked.model,
        key=ranked.key,
        short_hash=(ranked.sha256 or "")[:10],
        probability=ranked.probability,
        width=f"{100 * (ranked.probability or 0):.1f}%",
        doubtful=around.doubtful and not own,
        known=known,
        mark=ClassMark(*around.classes[known]) if known in around.classes else None,
        nearest=[
            shown for path in ranked.pictures[:_NEAREST] if (shown := thumbnail(path, around.host.picture_url(path)))
        ],
        why=own,
        cannot_load=_cannot_load(ranked, around.host),
    )


def _cannot_load(ranked: Ranked, host: Host) -> str | None:
    if not host.is_webui:
        return None  # there is no WebUI to load it into, and no button
    return host.cannot.get("load") or (None if ranked.path else "It is not among your checkpoints.")


def _of_any_model(infotext: str) -> str:
    """The record without its model: who loads another one wants to generate with that one."""
    record = parse(infotext)
    settings = {label: value for label, value in record.settings.items() if label not in ("Model", "Model hash")}
    return write(replace(record, settings=settings if len(settings) >= FEWEST else {}))
