"""Text in figures: names in any script, and the room that they take."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from ..text import printable

INK = "#010203"
"""Colour of lines and words; `saving.svg_text` can give it the colour of the text around the figure."""

FAINT = "#8a8a8a"
"""Axes, leaders and branches between classes: seen on light and on dark ground."""

LEADING = 1.35
"""Distance of two lines of words, in font sizes."""

_FURTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
)
"""For Chinese, Japanese and Korean names, where one of them is installed."""


def write(
    on: Axes | Figure,
    x: float,
    y: float,
    text: str,
    size: float = 9,
    colour: str = INK,
    **more: Any,  # noqa: ANN401
) -> Text:
    """Words at a place, exactly as they are but for characters that cannot be shown; `more` as matplotlib's `text`."""
    return on.text(
        x, y, printable(text), fontsize=size, color=colour, fontfamily=_font_families(), parse_math=False, **more
    )


def text_width(text: str, size: float = 9, bold: bool = False) -> float:
    """Inches that a name takes in `size` points.

    Characters outside of Latin, for which the font may have no glyph, count as square, emoji as wider.
    """
    text = printable(text)
    latin = "".join(c for c in text if c < "\u0250")
    others = sum(1.4 if c >= "\U0001f000" else 1.0 for c in text if c >= "\u0250")
    return (1.03 * _latin_width(latin, bold) + others) * size / 72  # hinting widens what the font tells


def wrap(text: str, width: float, size: float = 9) -> list[str]:
    """The words of a text in lines of at most `width` inches; longer words are broken, nothing is left out."""
    letters = max(int(width * 72 / (0.58 * size)), 4)
    lines = textwrap.wrap(text, letters)
    while any(text_width(line, size) > width for line in lines) and letters > 4:
        letters -= max(letters // 10, 1)
        lines = textwrap.wrap(text, letters)
    return lines


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """A character that no font here has is drawn as a box, once; a warning for each would drown all others."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        yield


@lru_cache(maxsize=4096)
def _latin_width(text: str, bold: bool) -> float:
    """In font sizes."""
    font = FontProperties(size=100, weight="bold" if bold else "normal")
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return width / 100


@lru_cache(maxsize=1)
def _font_families() -> list[str]:
    installed = set(fontManager.get_font_names())
    return ["sans-serif", *(name for name in _FURTHER_FONTS if name in installed)]
