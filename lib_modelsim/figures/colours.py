"""Colours of classes that colour-blind people can tell apart, on light and on dark ground."""

from __future__ import annotations

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
