"""What generating the picture again says."""

from __future__ import annotations

from ...pictures.confirming import WHOLE, CopyMatch
from ...text import percent
from .form import MOST_SURE, Evidence, Kind

PROOF = MOST_SURE
"""Certainty of a picture that was generated again with the record's full settings and came out the same."""


def is_proof(match: CopyMatch) -> bool:
    """Whether a picture generated again is the one asked about: all of it, nothing edited."""
    return match.is_copy and not match.edited and min(match.of_query, match.of_stored) >= WHOLE


def of_regenerated(
    model: str, key: str, likeness: float, match: CopyMatch, full_settings: bool, rivals: int, of: int
) -> Evidence:
    """What generating it again says of the model whose picture came nearest to the query.

    `likeness` is of all pixels, `match` what a comparison in detail says; `rivals` are other models whose pictures came
    out the same, `of` how many generated it.
    """
    same = match.compared.same if match.compared is not None else 0.0
    numbers = f"likeness {likeness:.3f}; compared in detail, {percent(same)} of it is the same"
    if full_settings and is_proof(match):
        models = "another model" if rivals == 1 else f"{rivals} other models"
        others = f"; {models} generated the same picture, so it is one of these" if rivals else ""
        detail = f"proof: with the record's full settings, {model} generates the same picture ({numbers}){others}"
        return Evidence(Kind.REGENERATED, model, PROOF / (1 + rivals), detail, key)
    if full_settings:
        detail = (
            f"no model generated the same picture from the record's full settings, as the right model in the right "
            f"program should; of {of} tried, {model} came closest ({numbers})"
        )
    else:
        detail = (
            f"its settings are not fully known, so generating it again proves nothing; of {of} models tried, {model} "
            f"came closest ({numbers})"
        )
    return Evidence(Kind.REGENERATED, model, None, detail, key)
