"""The one door to the terminal and to logs.

Names come from files of strangers: nothing that a terminal would obey, and nothing that cannot be seen, gets through.
No other file prints or makes a logger. The door to a page is `templates.render`, to a drawing on it
`figures.screen.markup.escaped`, to a figure `figures.lettering.write`, to a table `writing.write_csv`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from typing import TextIO

from .text import printable


def print_lines(lines: Iterable[object], to: TextIO | None = None) -> None:
    """Each on a line of its own; control characters, direction marks and line breaks within it are written out."""
    for line in lines:
        print(printable(line), file=to)


def tell(line: object, to: TextIO | None = None) -> None:
    """One line of news about the program itself, at once; to stderr unless another stream is given."""
    print(f"modelsim: {printable(line)}", file=to or sys.stderr, flush=True)


def ask(question: str) -> str:
    """What a person answers on the terminal."""
    print(printable(question), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


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


def logger_of(module: str) -> logging.Logger:
    """The logger of a module (`__name__`), whoever shows what it says: the command line, a WebUI, nobody."""
    found = logging.getLogger(module)
    found.addFilter(_written_out)
    return found


def _written_out(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage()), ()
    return True
