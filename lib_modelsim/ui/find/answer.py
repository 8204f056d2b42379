"""An answer to "which of my models made this?" as HTML: the pictures asked about, the evidence in words, the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...hosts.host import Host
from ...text import likelihood
from ..buttons import data_button
from ..families.previews import inline
from ..status import note
from ..view_state import ViewState
from ..words import escaped, escaped_lines, sentence
from .cards import cards
from .finder import Answered, Asked, Finder

if TYPE_CHECKING:  # SciPy comes with it
    from ...identify.evidence import Evidence
    from ...workspace.finding.find import Found

_KINDS = {
    "record": "By its record",
    "picture": "By your pictures",
    "features": "By style",
    "regenerated": "By drawing it again",
}
"""Kind of evidence, by its value, → what the page calls it."""

_SHOWN = 6
"""Pictures asked about that are shown; of more it says how many."""

_BESIDE = 320
"""Pixels of the longer side of pictures that are drawn again."""


def answer_panel(finder: Finder, session: ViewState) -> str:
    """What was found, or what to do."""
    if finder.answer is not None:
        return _answer(finder.answer, session)
    if not finder.asked:
        return note(
            "Which of my models made this?",
            "Drop a picture into the field, or paste one. It is looked at here, and is in memory alone until Forget.",
        )
    taken = finder.asked[0].name if len(finder.asked) == 1 else f"{len(finder.asked)} pictures"
    busy = "Find looks for its model, and stops what is being done now: what is finished of that is kept."
    return note(taken, busy if finder.would_disturb else "Press Find.")


def _answer(answer: Answered, session: ViewState) -> str:
    found, host = answer.shown, session.backend.host
    return (
        f'<div class="modelsim-found"><aside>{_asked(answer.asked)}</aside>'
        f'<div class="modelsim-told"><h3>{escaped(_verdict(found))}</h3>{_evidence(found)}{_prompt(found, host)}'
        f"{_remarks(found)}</div></div>"
        f"{_drawn_again(answer)}{cards(answer, session)}"
    )


def _asked(asked: tuple[Asked, ...]) -> str:
    pictures = "".join(
        f"<figure>{inline(each.preview, each.name, max(each.preview.size))}"
        f'<figcaption title="{escaped(each.name)}">{escaped(each.name)}</figcaption></figure>'
        for each in asked[:_SHOWN]
        if each.preview is not None
    )
    more = f"<p>and {len(asked) - _SHOWN} more</p>" if len(asked) > _SHOWN else ""
    forget = data_button("Forget", "It is in memory alone; from then on it is nowhere", find="forget")
    several = " modelsim-several" if len(asked) > 1 else ""
    return f'<div class="modelsim-asked{several}">{pictures}</div>{more}<div class="modelsim-actions">{forget}</div>'


def _verdict(found: Found) -> str:
    """The answer in a few words; the numbers stand below."""
    told = [piece for piece in found.evidence if piece.certainty is not None and piece.model is not None]
    proven = [piece.model for piece in told if piece.kind.value == "regenerated"]
    if len(proven) == 1:
        return f"Made by {proven[0]}"
    foreign = next((piece for piece in told if piece.kind.value == "record" and piece.key is None), None)
    if foreign is not None:
        return f"{foreign.model}, which you do not have"
    if found.none_of_these and all(piece.kind.value == "features" for piece in told):
        return "None of these"
    if not found.ranking:
        return "No other model is left" if found.evidence else "Nothing is known of it"
    first = found.ranking[0]
    return f"Most likely {first.model}" if first.probability is not None else f"Nearest: {first.model}"


def _evidence(found: Found) -> str:
    if not found.evidence:
        return "<p>It carries no record that names a model.</p>"
    return f'<ol class="modelsim-evidence">{"".join(f"<li>{_piece(piece)}</li>" for piece in found.evidence)}</ol>'


def _piece(piece: Evidence) -> str:
    sure = f"<b>{likelihood(piece.certainty)}</b>" if piece.certainty is not None else ""
    return f"<span>{_KINDS[piece.kind.value]}{sure}</span><div>{sentence(piece.detail)}</div>"


def _prompt(found: Found, host: Host) -> str:
    """What it was drawn from, and, in a WebUI, buttons that send it on."""
    told = ""
    if found.prompt is not None:
        told = (
            f'<p class="modelsim-prompt" title="{escaped_lines(found.prompt.text)}"><span>Prompt, from '
            f"{escaped(found.prompt.source)}:</span> {escaped_lines(found.prompt.text)}</p>"
        )
    if found.infotext is None or host.draws_with_files:
        return told
    buttons = "".join(
        data_button(f"Send to {where}", f"Its settings and prompt, as far as they are known{also}", send=where)
        for where, also in (("txt2img", ""), ("img2img", ", and the picture"))
    )
    return f'{told}<div class="modelsim-actions" data-infotext="{escaped_lines(found.infotext)}">{buttons}</div>'


def _remarks(found: Found) -> str:
    remarks = "".join(f"<p>{escaped(remark)}</p>" for remark in found.remarks)
    if any(piece.kind.value == "features" for piece in found.evidence):
        return remarks
    return (
        f"{remarks}<p>There are no pictures yet to compare its style with: draw the suite “standard” with three "
        "checkpoints or more.</p>"
        f'<div class="modelsim-actions">{data_button("Draw probes", page="Probes")}</div>'
    )


def _drawn_again(answer: Answered) -> str:
    """The picture asked about, and beside it what the likeliest models drew, the nearest first."""
    verified, asked = answer.verified, answer.asked[0]
    if verified is None or asked.preview is None:
        return ""
    how = "with all settings of its record" if verified.exact else "with its prompt, as far as that is known"
    pictures = "".join(
        f"<figure>{inline(each.picture, each.model, _BESIDE)}<figcaption>{escaped(each.model)}<br>"
        f"likeness {each.likeness:.3f}, nearness {each.nearness:.3f}</figcaption></figure>"
        for each in verified.pictures
    )
    query = inline(asked.preview, asked.name, _BESIDE)
    failures = "".join(f"<p>{escaped(failure)}</p>" for failure in verified.failures)
    return (
        f'<div class="modelsim-told"><p>Drawn again {how}; the nearest first:</p><div class="modelsim-again">'
        f"<figure>{query}<figcaption>the picture itself</figcaption></figure>{pictures}</div>{failures}</div>"
    )
