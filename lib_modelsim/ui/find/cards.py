"""The models of an answer: a card for each of the likeliest, with what speaks for it and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...hosts.host import Host
from ...pictures.records.infotext import FEWEST, parse, write
from ...text import likelihood
from ..buttons import data_button, disabled_button
from ..families.classes import class_mark
from ..families.previews import thumbnail
from ..view_state import ViewState
from ..words import escaped, escaped_lines, sentence
from .finder import Answered

if TYPE_CHECKING:  # SciPy comes with it
    from ...workspace.finding.find import Ranked

_CARDS = 12
"""Models that get a card; the others get a line."""

_NEAREST = 3
"""Pictures on a card."""


@dataclass(frozen=True)
class _Around:
    """What cards tell beyond the answer: file → name in the families; name → number and name of its class; whether
    there is anything to send to the WebUI's tabs, and whether it may be none of these."""

    host: Host
    names: Mapping[Path, str]
    classes: Mapping[str, tuple[int, str]]
    sends: bool
    doubtful: bool


def cards(answer: Answered, session: ViewState) -> str:
    """The models, the likeliest first."""
    found, host = answer.shown, session.backend.host
    names = {model.path.resolve(): model.name for model in session.backend.index.models}
    sends = found.infotext is not None and not host.draws_with_files
    around = _Around(host, names, session.shown().classes, sends, found.none_of_these)
    first = "".join(_card(place, card, around) for place, card in enumerate(found.ranking[:_CARDS], 1))
    of_any = f' data-infotext="{escaped_lines(_of_any_model(found.infotext))}"' if found.infotext else ""
    return (
        f'<div class="modelsim-cards"{of_any}>{first}</div>{_rest(found.ranking[_CARDS:])}{_left_out(answer.left_out)}'
    )


def _card(place: int, ranked: Ranked, around: _Around) -> str:
    short = f"<code>{escaped(ranked.sha256[:10])}</code>" if ranked.sha256 else ""
    own = [piece for piece in ranked.evidence if piece.kind.value != "features"]  # the bar says what features do
    sure = "" if ranked.probability is None else _bar(ranked.probability, around.doubtful and not own)
    why = "".join(f"<p>{sentence(piece.detail)}</p>" for piece in own)
    known = around.names.get(ranked.path.resolve()) if ranked.path else None
    name = escaped(ranked.model)
    return (
        f'<article class="modelsim-found-card"><h4>{place}. <span title="{name}">{name}</span>{short}</h4>{sure}'
        f'{_family(known, around)}{_nearest(ranked.pictures)}<div class="modelsim-why-this">{why}</div>'
        f'<div class="modelsim-actions">{_actions(ranked, known, around)}</div></article>'
    )


def _bar(probability: float, doubtful: bool) -> str:
    sure = likelihood(probability)
    kind, condition = (" modelsim-doubtful", ", if it is one of these after all") if doubtful else ("", "")
    return (
        f'<div class="modelsim-sure{kind}" title="If one of these models drew it, this one did with {sure}">'
        f'<i style="width:{100 * probability:.1f}%"></i><span>{sure}{condition}</span></div>'
    )


def _family(known: str | None, around: _Around) -> str:
    """The class it is in, where families were computed."""
    if known not in around.classes:
        return ""
    return f'<div class="modelsim-of-class">class {class_mark(*around.classes[known])}</div>'


def _nearest(pictures: Sequence[Path]) -> str:
    shown = "".join(thumbnail(path) for path in pictures[:_NEAREST])
    title = "Its pictures that are nearest to yours"
    return f'<div class="modelsim-nearest" title="{title}">{shown}</div>' if shown else ""


def _actions(ranked: Ranked, known: str | None, around: _Around) -> str:
    buttons = _loading(ranked, around)
    if known is not None and known in around.classes:
        buttons += data_button("In the tree", "Show it in the families' tree", do="tree", name=known, page="Families")
    elif known is not None:
        hint = "Nothing is compared yet: there, Show families does it"
        buttons += data_button("In Families", hint, model=known, page="Families")
    hint = "The answer without it. Nothing is learned from this"
    return buttons + data_button("Not this one", hint, find="not this", name=ranked.key)


def _loading(ranked: Ranked, around: _Around) -> str:
    """Where there is a WebUI: load the model, alone or with the settings of the picture."""
    if around.host.draws_with_files:
        return ""
    cannot = around.host.cannot.get("load") or (None if ranked.path else "It is not among your checkpoints.")
    if cannot is not None:
        return disabled_button("Load", cannot)
    load = {"find": "load", "name": ranked.key}
    sends = "".join(
        data_button(f"→ {where}", f"Load it, and send it the settings and the prompt{also}", send=where, **load)
        for where, also in (("txt2img", ""), ("img2img", ", and the picture"))
        if around.sends
    )
    return data_button("Load", "Make it the checkpoint of the WebUI", **load) + sends


def _of_any_model(infotext: str) -> str:
    """The record without its model: who loads another one wants that one to draw."""
    record = parse(infotext)
    settings = {label: value for label, value in record.settings.items() if label not in ("Model", "Model hash")}
    return write(replace(record, settings=settings if len(settings) >= FEWEST else {}))


def _rest(others: Sequence[Ranked]) -> str:
    if not others:
        return ""
    rows = "".join(
        f"<li>{escaped(card.model)}{'' if card.probability is None else f', {likelihood(card.probability)}'}</li>"
        for card in others
    )
    return (
        f"<details class='modelsim-rest'><summary>{len(others)} more, less likely</summary>"
        f'<ol start="{_CARDS + 1}">{rows}</ol></details>'
    )


def _left_out(keys: Sequence[str]) -> str:
    if not keys:
        return ""
    models = "1 model is" if len(keys) == 1 else f"{len(keys)} models are"
    return (
        f'<div class="modelsim-actions modelsim-left-out"><span>{models} left out.</span>'
        '<button type="button" data-find="all again">Show all again</button></div>'
    )
