"""A figure as the bytes of a PNG or the text of an SVG."""

from __future__ import annotations

import io
import math
from pathlib import Path
from threading import Lock
from typing import IO

from matplotlib import rc_context
from matplotlib.figure import Figure

from .. import __version__
from ..errors import ModelsimError
from ..writing import replacing, write_text
from .lettering import INK, without_glyph_warnings

_PROGRAM = f"modelsim {__version__}"

_LONGEST_SIDE = 65_000
"""Pixels; the rasteriser takes 65,535."""

_MOST_PIXELS = 25_000_000
"""A pixel takes seven bytes while a heat map is drawn."""


_settings_changed = Lock()
"""matplotlib's settings, which an SVG needs otherwise than they are, are the same for all threads."""


def svg_text(figure: Figure, ink: str = "currentColor") -> str:
    """The figure as SVG with words as words, its lines and words in the colour `ink`, its ground transparent."""
    buffer = io.StringIO()
    with _settings_changed, rc_context({"svg.fonttype": "none", "svg.hashsalt": "modelsim"}), without_glyph_warnings():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": _PROGRAM})
    return buffer.getvalue().replace(INK, ink)


def write_figure(figure: Figure, path: Path, dpi: float = 150) -> Path:
    """Write the figure on white ground, as SVG or PNG by the path's ending. Raises ModelsimError for another ending,
    or where the disk refuses."""
    if path.suffix.lower() == ".svg":
        return write_text(path, svg_text(figure, ink="#222222"))
    if path.suffix.lower() == ".png":
        with replacing(path) as temporary:
            save_png(figure, temporary, dpi)
        return path
    raise ModelsimError("unknown file type for a figure", path.name, "use .svg or .png")


def save_png(figure: Figure, file: Path | IO[bytes], dpi: float = 150) -> None:
    """The figure as a PNG on white ground with `dpi` pixels per inch, less where it would pass 25 megapixels."""
    width, height = figure.get_size_inches()
    dpi = min(dpi, _LONGEST_SIDE / max(width, height), math.sqrt(_MOST_PIXELS / (width * height)))
    with without_glyph_warnings():
        # Pillow's own level takes three times as long for a file that is little smaller
        figure.savefig(file, format="png", dpi=dpi, pil_kwargs={"compress_level": 3}, metadata={"Software": _PROGRAM})
