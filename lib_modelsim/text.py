"""Names, sizes and shares as people read them: the one form of each in every sentence, table and figure."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

_JOINER = "\N{ZERO WIDTH JOINER}"
"""Holds the parts of one emoji together, and letters of some scripts."""

_LONG_HASH = re.compile(r"\b([0-9a-f]{10})[0-9a-f]{30,}\b")

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: object, also: str = "") -> str:
    """The text in one line: line breaks, control characters, direction marks, what has no width and halves of
    characters are written out (`\\n`, `\\x1b`, `\\u202e`), as neither a page nor a terminal nor a figure can show
    them. `also` are characters that may stay."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in also or _joins(text, i) else _written(c) for i, c in enumerate(text))


def as_seen(text: str) -> str:
    """What two texts have in common that nobody can tell apart where they are printed: `printable`, however a letter
    with its accent is encoded and however much space there is."""
    return " ".join(unicodedata.normalize("NFC", printable(text)).split())


def _joins(text: str, i: int) -> bool:
    """Whether a character is a joiner between two that it can join: between Latin letters it only hides."""
    beside = text[i - 1 : i], text[i + 1 : i + 2]
    return text[i] == _JOINER and all(c > "\x7f" and c.isprintable() for c in beside if c)


def _written(c: str) -> str:
    code = ord(c)
    if c in _SHORT:
        return _SHORT[c]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def readable(path: Path | str) -> str:
    """A path as text: the system's own bytes may be no valid text, in Python half of a UTF-16 pair."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def size_text(count: int, unit: str | None = None) -> str:
    """Bytes in powers of 1000: "2.13 GB", "51 MB"; in one unit where that is given: "0.03 GB"."""
    for name, scale in _UNITS:
        if name == unit:
            return f"{count / scale:,.{1 if scale < 1e9 else 2}f} {name}"
        if unit is None and count >= scale:
            return f"{count / scale:.3g} {name}"
    return f"{count} B"


def size_unit(counts: Iterable[int]) -> str:
    """The unit for a column of sizes, so that they can be compared at a glance: that of the middle one."""
    ordered = sorted(counts)
    middle = ordered[len(ordered) // 2] if ordered else 0
    return next((name for name, scale in _UNITS if middle >= scale), "B")


def counted(number: int, what: str) -> str:
    """ "1 model", "1,200 models"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def several(names: Sequence[str], most: int = 5) -> str:
    """Names as a sentence lists them: "a, b and c", or the first ones and how many more."""
    more = len(names) - most
    if more > 0:
        return f"{', '.join(names[:most])} and {more:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def percent(share: float) -> str:
    """A share 0 … 1 in whole percents: "68 %"."""
    return f"{100 * share:.0f} %"


def brief(text: str) -> str:
    """The text with long hashes cut to the ten digits that people compare."""
    return _LONG_HASH.sub(r"\1…", text)


def likelihood(share: float) -> str:
    """A probability 0 … 1 in whole percents, never nought or a hundred, which nobody can know: "below 1 %"."""
    return "below 1 %" if share < 0.01 else "over 99 %" if share > 0.99 else percent(share)
