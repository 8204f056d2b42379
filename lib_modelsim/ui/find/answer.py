"""An answer to "which of my models made this?" as HTML: the pictures asked about, the evidence in words, the models."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import for_page
from ...identify.known_model import NONE_CALLED_SO, NOT_YOURS
from ...pictures.opening import PictureError, open_picture
from ...templates import render
from ...text import brief, counted, likelihood, readable, several
from ..families.previews import inline
from ..status import note
from ..view_state import ViewState
from ..words import duration
from .cards import cards
from .finder import Answered, Finder

if TYPE_CHECKING:  # SciPy comes with it
    from ...identify.evidence.form import Evidence
    from ...workspace.finding.find import Found
    from ...workspace.finding.verify import VerifyPlan

_KINDS = {
    "record": "By its record",
    "picture": "By your pictures",
    "features": "By style",
    "vae": "By its VAE",
    "regenerated": "By generating it again",
}
"""Kind of evidence, by its value, → what the page calls it."""

_SHOWN = 6
"""Pictures asked about that are shown; of more it says how many."""

_BESIDE = 768
"""Pixels of the longer side of pictures that are generated again, and of those of the gallery: they open large."""

_ALIKE = 2
"""Pictures of the gallery that are shown beside the one asked about."""


def answer_panel(finder: Finder, session: ViewState) -> str:
    """What was found, or what to do."""
    if finder.answer is not None:
        return _answer(finder.answer, session)
    if not finder.asked:
        return note(
            "Which of my models made this?",
            "Drop a picture above. It is kept in memory only, until you press Forget.",
        )
    taken = finder.asked[0].name if len(finder.asked) == 1 else f"{len(finder.asked)} pictures"
    searching = "Searching … as soon as the work before it is done; the line at the top shows how far that is."
    told = searching if finder.searching else "Press Find."
    return note(taken, told)


def _answer(answer: Answered, session: ViewState) -> str:
    found, asked = answer.shown, answer.asked
    kinds = [piece.kind.value for piece in found.evidence]
    return render(
        "ui/templates/answer.html",
        verify_plan=_verify_plan(answer.would_verify),
        several=len(asked) > 1,
        asked=[
            (each.name, each.preview and inline(each.preview, each.name, max(each.preview.size)))
            for each in asked[:_SHOWN]
        ],
        alike=_alike(found, session.backend.host.picture_url),
        gallery=readable(session.backend.gallery),
        more_asked=max(len(asked) - _SHOWN, 0),
        verdict=_verdict(found),
        apart=found.apart and found.apart.sentence,
        evidence=_evidence(found),
        prompt=found.prompt,
        infotext=found.infotext if session.backend.host.is_webui else None,
        remarks=[for_page(remark) for remark in found.remarks],
        no_pictures="features" not in kinds and any(each.preview is not None for each in asked),
        again=_generated_again(answer),
        cards=cards(answer, session),
    )


def _evidence(found: Found) -> list[dict[str, object]]:
    """What stands in the list: of a style's sentences the first, the others smaller below it; what only has the layout
    of a picture of the gallery together, as it claims nothing."""
    rows: list[dict[str, object]] = []
    for piece in found.evidence:
        detail, rest = brief(piece.detail), ""
        kind = piece.kind.value
        if kind == "features":
            detail, stop, rest = detail.partition(". ")
            detail += stop.strip()
        row = {"kind": _KINDS[kind], "sure": _beside_kind(piece), "detail": detail, "rest": rest, "more": []}
        before = rows[-1] if rows else None
        alike = kind == "picture" and before is not None and before["kind"] == row["kind"]
        if alike and row["sure"] is None and before["sure"] is None:
            before["more"].append(detail)
        else:
            rows.append(row)
    return rows


def _alike(found: Found, url_of: Callable[[Path], str]) -> list[tuple[str, str, str, str, str]]:
    """Pictures of the gallery that are the first query, or else those that look like it, laid as it is: which of both,
    model, file, picture, path."""
    from ...pictures.alignment import laid_over  # SciPy comes with it

    shown = []
    same = [each for each in found.similar if each.match.is_copy]
    for each in (same or found.similar)[:_ALIKE]:
        with suppress(PictureError):  # it went away since
            stored = open_picture(each.path)
            if each.match.where is not None:
                stored = laid_over(stored, each.match.where, each.match.size)
            what = "the same, in the gallery" if each.match.is_copy else "similar, in the gallery"
            picture = inline(stored, each.path.name, _BESIDE, url_of(each.path))
            shown.append((what, each.model, each.path.name, picture, readable(each.path)))
    return shown


def _verdict(found: Found) -> str:
    """The answer in a few words; the percentage is that of the first card."""
    told = [piece for piece in found.evidence if piece.certainty is not None and piece.model is not None]
    if found.apart is not None:
        return found.apart.heading
    proven = [piece.model for piece in told if piece.kind.value == "regenerated"]
    if len(proven) == 1:
        return f"Made by {proven[0]}"
    foreign = next((piece for piece in told if piece.kind.value == "record" and piece.key is None), None)
    if foreign is not None:
        if NOT_YOURS in foreign.detail:
            return f"{foreign.model}, {NOT_YOURS}"
        return f"{foreign.model}{f': {NONE_CALLED_SO}' if NONE_CALLED_SO in foreign.detail else ', by its record'}"
    if found.none_of_these and all(piece.kind.value == "features" for piece in told):
        return "None of these"
    if not found.ranking:
        if any(piece.kind.value == "record" for piece in found.evidence):
            return "Cannot tell which model"
        return "No other model left" if found.evidence else "No model found"
    first = found.ranking[0]
    if first.probability is None:
        return f"Cannot tell which; most similar: {first.model}"
    by_style = not any(piece.kind.value != "features" for piece in told)
    return f"Most likely {first.model}: {likelihood(first.probability)}{', if it is one of yours' if by_style else ''}"


def _beside_kind(piece: Evidence) -> float | None:
    """The certainty that stands beside a kind of evidence. A style that names a model has none: the heading and the
    card tell how likely that model is, and the sentence tells what it is worth."""
    return None if piece.kind.value == "features" and piece.model is not None else piece.certainty


def _generated_again(answer: Answered) -> dict[str, object] | None:
    """The picture asked about, and beside it what the likeliest models generated, the most similar first."""
    verified, asked = answer.verified, next((each for each in answer.asked if each.preview is not None), None)
    if verified is None or asked is None or asked.preview is None:
        return None
    return {
        "how": "with all settings of its record" if verified.exact else "with what is known of its prompt",
        "query": inline(asked.preview, asked.name, _BESIDE),
        "pictures": [
            (inline(each.picture, each.model, _BESIDE), each.model, f"{each.likeness:.3f}", f"{each.nearness:.3f}")
            for each in verified.pictures
        ],
        "failures": [for_page(failure) for failure in verified.failures],
    }


def _verify_plan(plan: VerifyPlan | None) -> str:
    """What Verify would generate and how long that takes, with the question whether to."""
    if plan is None:
        return ""
    ways = {f"{each.width} × {each.height} in {counted(each.steps, 'step')}": None for _, each in plan.pictures}
    return render(
        "ui/templates/verify_plan.html",
        pictures=counted(len(plan.pictures), "picture"),
        models=several([model for model, _ in plan.pictures]),
        how=" or ".join(ways),
        time="" if plan.seconds is None else duration(plan.seconds),
    )
