"""A figure as the bytes of a PNG or the text of an SVG."""

from __future__ import annotations

import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from .lettering import INK, without_glyph_warnings

_MOST_PIXELS = 65_000
"""A side; the rasteriser takes 65,535."""


def svg_text(figure: Figure, ink: str = "currentColor") -> str:
    """The figure as SVG with words as words, its lines and words in the colour `ink`, its ground transparent."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "modelsim"}), without_glyph_warnings():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue().replace(INK, ink)


def png_bytes(figure: Figure, dpi: float = 200) -> bytes:
    """The figure as a PNG on white ground with `dpi` pixels per inch, less where a side would pass 65,000 pixels."""
    buffer = io.BytesIO()
    with without_glyph_warnings():
        figure.savefig(buffer, format="png", dpi=min(dpi, _MOST_PIXELS / max(figure.get_size_inches())))
    return buffer.getvalue()
