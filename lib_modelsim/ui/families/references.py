"""The references chosen: suggested, loaded from the list, saved to it. Each tells what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from ...errors import ModelsimError
from ..status import message
from ..view_state import ViewState

Arguments = ParamSpec("Arguments")


def _telling(act: Callable[Arguments, str]) -> Callable[Arguments, str]:
    """As a line of status, also where it fails."""

    @wraps(act)
    def told(*values: Arguments.args, **named: Arguments.kwargs) -> str:
        try:
            return message(act(*values, **named))
        except ModelsimError as error:
            return message(str(error), "error")

    return told


@_telling
def suggest(session: ViewState, count: float | None) -> str:
    """Choose so many that are spread out."""
    from ...workspace.families.references import suggested

    shown = session.shown()
    if shown.answer is None:
        raise ModelsimError("nothing is compared yet", None, "press Show families, then Suggest")
    architecture = shown.family.architecture if shown.family is not None else None
    found = suggested(shown.answer.comparison, int(count or 0), architecture)
    session.choose(references=tuple(model.name for model in found))
    return f"Chose {len(found)} models that differ much from each other."


@_telling
def load(session: ViewState) -> str:
    """Choose those of the list."""
    found = session.backend.load_references(session.references_file)
    session.choose(references=tuple(model.name for model in found.models))
    return " ".join([f"Loaded {len(found.models)} references from {session.references_file}.", *found.missing])


@_telling
def save(session: ViewState) -> str:
    """Keep the chosen ones as the list."""
    from ...workspace.families.references import save_references

    if not session.choices.references:
        raise ModelsimError("no references are chosen", None, "choose some, or press Suggest")
    return f"Saved to {save_references(session.references_file, session.choices.references)}."
