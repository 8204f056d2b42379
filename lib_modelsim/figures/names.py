"""Names as a person wrote them, made fit for any drawing."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text in one line, with � for control characters and halves of characters: neither SVG nor fonts take them."""
    return "".join(c if c.isprintable() or c == "\u200d" else "\ufffd" for c in text)


def shortened(text: str, letters: int) -> str:
    """The text with its middle left out where it has more letters; names differ at both ends."""
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1]}…{text[-tail:]}"
