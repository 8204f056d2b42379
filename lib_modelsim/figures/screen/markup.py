"""Words in SVG on a page: escaped, shortened to the room there is, and the frame in which a drawing moves and zooms.

Drawings are the one kind of markup that is not made by templates: they have an element for each of thousands of places,
and a template takes twice as long (1000 leaves of a tree: 6.4 ms instead of 3.2). Text comes into them through
`escaped` alone, attributes of a model through `facts_attribute`.
"""

from __future__ import annotations

import html
import json
import zlib
from collections.abc import Mapping, Sequence

from ...text import printable
from ..colours import class_colour, colour_upon
from ..names import shortened

Facts = Mapping[str, Sequence[tuple[str, str]]]
"""Model → what its tooltip tells beneath the whole name: label and text of every line."""

_ZOOM = (
    ("out", "Zoom out (Ctrl + wheel, −)", "−"),
    ("in", "Zoom in (Ctrl + wheel, +)", "+"),
    ("fit", "Fit to width (double-click, 0)", "⤢"),
)
_HEIGHTS = (
    ("narrower", "Heights closer together (Ctrl + Shift + wheel)", "⇥⇤"),
    ("wider", "Heights farther apart (Ctrl + Shift + wheel)", "⇤⇥"),
)
"""What the buttons over a drawing do, their titles and signs; those of a tree alone."""

_NARROW, _WIDE = "fijlrtI.,:;'|!()[]-1/ ", "mwMWO@%QGDHNU_"


def escaped(text: object) -> str:
    """The text for SVG, HTML and their attributes, harmless whatever it holds."""
    return html.escape(printable(str(text)))


def text_width(text: str, size: float) -> float:
    """About how wide the host's font, which is unknown, sets a text; rather too wide than too narrow."""
    return size * sum(map(_letter_width, text))


def _letter_width(letter: str) -> float:
    if letter >= "\u0530":
        return 1.35 if letter >= "\U0001f000" else 1.05
    if letter in _NARROW:
        return 0.4
    return 0.88 if letter in _WIDE else 0.61


def fitted(text: str, width: float, size: float) -> str:
    """The text with so much of its middle left out that it is at most `width` wide."""
    text = printable(text)
    letters = len(text)
    while letters > 3 and text_width(shortened(text, letters), size) > width:
        letters -= 1
    return shortened(text, letters)


def signed(name: str, signs: Mapping[str, str], width: float, size: float) -> str:
    """The name with its sign, if it has one, in brackets behind it; at most `width` wide."""
    sign = f" ({signs[name]})" if name in signs else ""
    return fitted(name, width - text_width(sign, size), size) + sign


def badge(number: int, left: float, middle: float) -> str:
    """The number of a class upon its colour, 20 × 16."""
    return (
        f'<rect class="modelsim-badge" x="{left:.1f}" y="{middle - 8:.1f}" width="20" height="16" rx="4"'
        f' style="fill:{class_colour(number)}"/>'
        f'<text class="modelsim-number" x="{left + 10:.1f}" y="{middle:.1f}" dy=".35em" font-size="11"'
        f' style="fill:{colour_upon(number)}">{number}</text>'
    )


def facts_attribute(facts: Facts, model: str) -> str:
    """Attributes that name the model and what its tooltip tells."""
    lines = [[printable(label), printable(text)] for label, text in facts.get(model, ())]
    told = f' data-facts="{escaped(json.dumps(lines, ensure_ascii=False))}"' if lines else ""
    return f'data-model="{escaped(model)}" aria-label="{escaped(model)}"{told}'


def frame(kind: str, names: Sequence[str], inside: str, above: str = "", attributes: str = "") -> str:
    """A drawing that scrolls and zooms, with its buttons; `above` stays in place over it, `attributes` are more of its
    own.

    The page remembers how far one is zoomed as long as the same `names` come in the same order.
    """
    key = zlib.crc32("\n".join(map(printable, names)).encode())
    buttons = "".join(
        f'<button type="button" data-zoom="{act}" title="{title}" aria-label="{title}">{sign}</button>'
        for act, title, sign in (*(_HEIGHTS if kind == "tree" else ()), *_ZOOM)
    )
    return (
        f'<div class="modelsim-drawing modelsim-{kind}" data-key="{kind}-{key:08x}"{attributes}>'
        f'<div class="modelsim-above">{above}<span class="modelsim-zoom">{buttons}</span></div>'
        f'<div class="modelsim-view">{inside}</div></div>'
    )
