"""Names and remarks of classes, as they are typed into the fields of the table of classes."""

from __future__ import annotations

from collections.abc import Mapping

from ..status import message
from ..view_state import ViewState
from .classes import class_keys


def save_name(session: ViewState, typed: Mapping[str, str]) -> str:
    """Keep what a person calls a class; `typed` has the class's key, `name` and `remark`. What became of it."""
    family = session.shown().family
    keys = class_keys(family) if family is not None else {}
    number = next((number for number, key in keys.items() if key == typed.get("class")), None)
    if number is None:
        return message("The classes have changed. Type the name again.", "error")
    if not session.backend.name_class(family, number, typed["name"].strip(), typed["remark"].strip()):
        return message("The name could not be saved. The terminal says why.", "error")
    return message(f"Class {number} saved.")
