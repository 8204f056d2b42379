"""Drawings for the page, read as the XML that they are."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from lib_modelsim.text import printable


def read(drawing):
    """The drawing as a tree of elements; fails where a browser would have to guess."""
    return ElementTree.fromstring(drawing)


def elements(drawing, class_name):
    return [element for element in read(drawing).iter() if class_name in element.get("class", "").split()]


def leaf_names(drawing):
    return [leaf.get("data-model") for leaf in elements(drawing, "modelsim-leaf")]


def shown_names(tree):
    """Names from the first leaf to the last as a page can carry them."""
    return [printable(tree.models[leaf]) for leaf in tree.leaves]


def ranges(drawing, class_name):
    """First and last row of the leaves of every element of this class, sorted."""
    return sorted((int(e.get("data-from")), int(e.get("data-to"))) for e in elements(drawing, class_name))


def facts_of(leaf):
    return [tuple(line) for line in json.loads(leaf.get("data-facts"))]


def box(drawing):
    """Breadth and height of the drawing in its own units."""
    svg = next(e for e in read(drawing).iter("svg"))
    return tuple(float(part) for part in svg.get("viewBox").split()[2:])
