"""Colours of classes that colour-blind people can tell apart, on light and on dark ground."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # takes a while to import
    from matplotlib.colors import Colormap, Normalize

MISSING = "#DDDDDD"
"""Cells without a value, as pheatmap draws them."""

_CLASSES = (
    "#006cb4", "#cc9c00", "#b40000", "#18b4b4", "#a86c6c", "#b490fc", "#9060f0", "#306048",
    "#e4480c", "#9c3c84", "#fc7884", "#5490c0", "#6c8424", "#6ca86c", "#543ccc", "#c04890",
    "#cc6c90", "#6c6c48", "#c06ce4", "#9c8454", "#6c54d8", "#e484a8", "#a81860", "#b4903c",
)  # fmt: skip
"""Chosen by computation: in each of normal sight, protanopia, deuteranopia and tritanopia (Machado and others 2009) the
first twelve are far apart in OKLab, and the others as far as may be; each is seen on white and on the dark ground of a
page. `tests/figures/test_colours.py` measures it."""

_DARKER = 0.6
"""What the colours of a second round are multiplied by."""


def class_colour(number: int) -> str:
    """The colour of class 1, 2, …, the same wherever it is shown. From 25 on they come again, darker, and from 49 on
    they repeat; a class is always named by its number, too."""
    again, place = divmod(number - 1, len(_CLASSES))
    return _mixed(_CLASSES[place], _DARKER) if again % 2 else _CLASSES[place]


class ClassMark(NamedTuple):
    """A class as its mark tells it: a dot in its colour, its number, and what a person calls it."""

    number: int
    name: str = ""

    @property
    def colour(self) -> str:
        """As #rrggbb."""
        return class_colour(self.number)


def _mixed(colour: str, share: float) -> str:
    return "#" + "".join(f"{round(int(colour[i : i + 2], 16) * share):02x}" for i in (1, 3, 5))


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
