"""The line that says what is going on: one line high whatever it says, so that nothing below it moves."""

from __future__ import annotations

from ..errors import for_page
from ..templates import render
from ..text import percent, size_text
from .tasks import Task, TaskState
from .words import duration

_LONG_ITEM = 5.0
"""Seconds from which on it is told how long the item in hand has taken: that it goes on is seen by that alone."""


def working(task: Task) -> str:
    """The work's title, what is being done of it and how much, how far the item in hand is, and the time left."""
    title, progress = task.title, task.progress
    long = task.running and task.item_seconds > _LONG_ITEM
    waits = [task.within, duration(task.item_seconds) if long else ""] if task.state is TaskState.RUNNING else []
    within = ", ".join(filter(None, waits))
    if progress is None:
        return _line(f"{title}: {within}" if within else title, 0.0)
    if not progress.unit:  # nothing to count
        return _line(f"{title}: {progress.what} …{f' {within}' if within else ''}", 0.0)
    seconds = task.stage_seconds
    fraction = progress.done / progress.total if progress.total else 1.0
    show = size_text if progress.unit == "B" else str
    unit = "" if progress.unit == "B" else f" {progress.unit}"
    words = f"{title}: {progress.what}, {show(progress.done)} of {show(progress.total)}{unit}, {percent(fraction)}"
    if within:
        counted = progress.unit != "B" and progress.done < progress.total
        words += f", {'the next:' if counted else 'working for'} {within}"
    if 0 < fraction < 1 and seconds > 1:
        words += f", {duration(seconds * (1 / fraction - 1))} left"
    return _line(words, fraction)


def message(text: str, kind: str = "done") -> str:
    """A sentence; `kind` is "done", "stopped" or "error"."""
    return _line(for_page(text), 1.0 if kind == "done" else 0.0, kind)


def _line(text: str, fraction: float, kind: str = "working") -> str:
    return render("ui/templates/status.html", text=text, kind=kind, width=f"{fraction:.1%}")


def note(title: str, text: str = "") -> str:
    """What an empty panel says: what is the matter, and what to do."""
    return render("ui/templates/note.html", title=title, text=for_page(text))
