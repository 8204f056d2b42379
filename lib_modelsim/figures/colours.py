"""Colours of classes that colour-blind people can tell apart, on light and on dark ground."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # takes a while to import
    from matplotlib.colors import Colormap, Normalize

MISSING = "#DDDDDD"
"""Cells without a value, as pheatmap draws them."""

_CLASSES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#9A6A00", "#7F6BB3")
"""Okabe and Ito's set without black and yellow (2008, jfly.uni-koeln.de/color), two darker ones added."""


def class_colour(number: int) -> str:
    """The colour of class 1, 2, …; they repeat after eight, so a class is always named by its number too."""
    return _CLASSES[(number - 1) % len(_CLASSES)]


def similarity_colours(count: int) -> list[str]:
    """So many even steps of viridis as #rrggbb, from the least alike to the most."""
    from matplotlib import colormaps  # takes a while to import
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in colormaps["viridis"].resampled(count)(range(count))]


def colour_upon(number: int) -> str:
    """Black or white, whichever is read better upon the colour of this class."""
    red, green, blue = (int(class_colour(number)[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.18 else "#ffffff"


class Palette(Enum):
    """How numbers become colours."""

    SIMILARITY = "viridis, from the lowest to the highest value"
    DISTANCE = "viridis reversed: similar is bright"
    DIFFERENCE = "blue, white, red; the median is white"
    PHEATMAP = "pheatmap's colours: RdYlBu reversed, 100 steps, from the lowest to the highest value"

    def scale(self, values: NDArray[np.float64]) -> tuple[Colormap, Normalize]:
        """Colour map, with #DDDDDD for what is missing, and the range of values that it spans."""
        from matplotlib import colormaps
        from matplotlib.colors import Normalize

        known = values[np.isfinite(values)]
        least, greatest = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if self is Palette.DIFFERENCE:
            middle = float(np.median(known)) if known.size else 0.0
            reach = max(greatest - middle, middle - least)
            least, greatest = middle - reach, middle + reach
        if least == greatest:
            least, greatest = least - 0.5, greatest + 0.5
        name = _COLOUR_MAPS[self]
        colours = colormaps[name].resampled(100) if self is Palette.PHEATMAP else colormaps[name]
        return colours.with_extremes(bad=MISSING), Normalize(least, greatest)


_COLOUR_MAPS = {
    Palette.SIMILARITY: "viridis",
    Palette.DISTANCE: "viridis_r",
    Palette.DIFFERENCE: "RdBu_r",
    Palette.PHEATMAP: "RdYlBu_r",
}
