"""A tree from before the start, or of files that are others by now: when it is of, and what has happened to them."""

from __future__ import annotations

from datetime import datetime

from ...templates import render
from ...text import counted, several
from ..answers import Answer
from ..view_state import Shown, ViewState

_NAMED = 3
"""Files that a sentence names."""


def note_of_before(session: ViewState, shown: Shown) -> str:
    """Its date and what is different now; nothing where the tree was made since the start, of files as they are."""
    since = session.backend.since(shown.answer)
    if since is None:
        return ""
    changes = []
    if since.new:
        changes.append(f"{counted(since.new, 'file')} {'is' if since.new == 1 else 'are'} new since")
    if since.changed:
        have = "has" if len(since.changed) == 1 else "have"
        changes.append(f"{counted(len(since.changed), 'file')} {have} changed: {several(list(since.changed), _NAMED)}")
    if since.gone:
        are = "is" if len(since.gone) == 1 else "are"
        changes.append(f"{counted(len(since.gone), 'file')} {are} gone: {several(list(since.gone), _NAMED)}")
    return render("ui/templates/from_before.html", made=date_text(since.made), changes=changes)


def marks_of_before(session: ViewState, shown: Shown) -> dict[str, str]:
    """Model → what has happened to its file since, in a word, for the leaves."""
    since = session.backend.since(shown.answer)
    if since is None:
        return {}
    return dict.fromkeys(since.changed, "changed") | dict.fromkeys(since.gone, "gone")


def other_now(session: ViewState, answer: Answer | None) -> frozenset[str]:
    """The models whose files are not those any more that were compared."""
    since = session.backend.since(answer)
    return frozenset() if since is None else frozenset((*since.changed, *since.gone))


def date_text(made: datetime, now: datetime | None = None) -> str:
    """As people say it: "29 Nov, 14:05", with the year where it is another one."""
    year = "" if made.year == (now or datetime.now()).year else f" {made.year}"
    return f"{made.day} {made:%b}{year}, {made:%H:%M}"
