"""What is said of how much of two pictures is the same."""

from __future__ import annotations

from ...text import likelihood

SAME_FILE = "same file"
"""The kind of files that are equal byte by byte."""


def how_alike(kind: str, similarity: float, files: int = 2) -> str:
    """Of files whose least similarity is this one, 0 … 1. Never "100 %" of files that are not equal: places were
    compared, and nobody looked at each pixel."""
    if kind == SAME_FILE:
        return "the same byte by byte"
    return f"{'at least ' if files > 2 and similarity <= 0.99 else ''}{likelihood(similarity)} the same"
