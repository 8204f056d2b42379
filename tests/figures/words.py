"""Where the words of a drawn figure lie, and whether they touch."""

from __future__ import annotations

import warnings

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

DPI = 100
TOLERANCE = 1.0
"""Pixels: what hinting and rounding make of a width."""


def word_boxes(figure):
    """Every visible text with its box [left, bottom, right, top] in pixels; laying it out must not warn."""
    figure.set_dpi(DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # as saving does
        figure.draw_without_rendering()
        texts = [
            text for axes in figure.axes for text in _texts(axes) if text.get_visible() and text.get_text().strip()
        ]
        boxes = np.array([text.get_window_extent(renderer).extents for text in texts])
    return [text.get_text() for text in texts], boxes


def assert_clean(figure):
    """No words leave the figure, lie upon each other or upon the cells of a picture."""
    words, boxes = word_boxes(figure)
    width, height = figure.get_size_inches() * DPI
    edges = np.array([-TOLERANCE, -TOLERANCE, -width - TOLERANCE, -height - TOLERANCE])
    outside = (boxes * (1, 1, -1, -1) < edges).any(1)
    assert not outside.any(), [words[i] for i in np.flatnonzero(outside)]
    touching = _overlaps(boxes, boxes)
    np.fill_diagonal(touching, False)
    assert not touching.any(), [(words[i], words[j]) for i, j in np.argwhere(touching)[:5]]
    cells = [axes.get_window_extent().extents for axes in figure.axes if axes.images]
    if cells:
        hidden = _overlaps(boxes, np.array(cells)).any(1)
        assert not hidden.any(), [words[i] for i in np.flatnonzero(hidden)]
    return words


def _overlaps(a, b):
    inner = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return (inner > TOLERANCE).all(2)


def _texts(axes):
    """All that is drawn; `findobj` would also find ticks that lie outside of an axis' range."""
    if not axes.axison:
        return list(axes.texts)
    labels = [label for axis in (axes.xaxis, axes.yaxis) for label in (axis.label, *_shown_labels(axis))]
    return [*axes.texts, axes.title, *labels]


def _shown_labels(axis):
    low, high = sorted(axis.get_view_interval())
    return [
        label
        for tick in axis.get_major_ticks()
        if low <= tick.get_loc() <= high
        for label in (tick.label1, tick.label2)
        if label.get_visible()
    ]
