"""Numbers and names as the page writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..similarity.measures.registry import DEFAULT, all_measures, measure_named

if TYPE_CHECKING:
    from ..probes.sheet import Column

DISTANCES = {
    "Automatic: suits the measure": None,
    "1 − Pearson's r (pearson)": "pearson",
    "1 − Spearman's ρ (spearman)": "spearman",
    "1 − cosine (cosine)": "cosine",
    "Euclidean (euclidean)": "euclidean",
    "The measure's own values (matrix)": "matrix",
}
"""What the page calls each distance; None leaves it to the measure."""

LINKAGES = {
    "Ward (ward.D2)": "ward.D2",
    "Ward on plain distances (ward.D)": "ward.D",
    "Average": "average",
    "Complete": "complete",
    "Single": "single",
}
"""What the page calls each linkage."""


def measure_labels() -> dict[str, str]:
    """What the page calls each measure → its name; choices are plain words, as gradio 3 shows a choice's value, not
    its label. A measure that does not read all of a file once says what it reads."""
    found = {}
    for measure in sorted(all_measures(), key=lambda measure: measure.name != DEFAULT):  # it stands first
        what = measure.name if measure.reads == "all" else f"{measure.name}; reads {measure.reads}"
        found[f"{capital(measure.label)} ({what})"] = measure.name
    return found


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def label_of(labels: Mapping[str, str | None], value: str | None) -> str:
    """What the page calls a value."""
    return next(label for label, known in labels.items() if known == value)


def number(value: float, measure: str) -> str:
    """A value of a measure with its unit; a dash where it is missing."""
    return measure_named(measure).shown(value)


def duration(seconds: float) -> str:
    """Seconds as a person says them: "40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def column_label(column: Column) -> str:
    """A probe with one of its seeds."""
    return f"{column.probe} {column.seed}"
