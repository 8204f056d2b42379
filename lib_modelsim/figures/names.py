"""Names shortened to fit a figure."""

from __future__ import annotations


def shortened(text: str, letters: int) -> str:
    """The text with its middle left out where it has more letters; names differ at both ends."""
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1]}…{text[-tail:]}"
