"""What goes to stdout. Names come from files of strangers: nothing that a terminal would obey gets through."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from ..text import printable


def print_lines(lines: Iterable[object], to: TextIO | None = None) -> None:
    """Each on a line of its own; control characters, direction marks and line breaks within it are written out."""
    for line in lines:
        print(printable(line), file=to)


def print_json(document: object) -> None:
    """One document on one line, without NaN; what is not printable is escaped, so that it is read back unchanged."""
    print_json_text(json.dumps(document, ensure_ascii=False, allow_nan=False))


def print_json_text(text: str) -> None:
    """JSON that may have several lines, escaped likewise."""
    print("\n".join(map(_escaped, text.split("\n"))))


def _escaped(line: str) -> str:
    if line.isprintable():  # nearly always, and told at once: documents of hundreds of models have tens of megabytes
        return line
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
