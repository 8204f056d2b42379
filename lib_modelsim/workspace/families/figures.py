"""The figures of a family, as the bytes that its files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from ...families.scaling import classical_scaling
from ...figures.dendrogram import draw_dendrogram
from ...figures.heatmap import draw_heatmap
from ...figures.lettering import INK
from ...figures.model_map import draw_map
from ...figures.saving import png_bytes, svg_text
from ...similarity.joining import main_component
from ...text import size_text
from ..catalogue.index import Model
from .class_labels import ClassName
from .family import Family, Trust
from .screen import called_classes, class_words, heat_table

_ON_WHITE = "#222222"


@dataclass(frozen=True)
class RenderedFigure:
    """One figure: its heading in the report, SVG on its own and within a page (in the page's colours), and PNG."""

    heading: str
    svg: str
    inline: str
    png: bytes


def draw_figures(
    title: str,
    family: Family,
    names: Mapping[int, ClassName],
    trust: Trust,
    models: Mapping[str, Model],
    dpi: float,
) -> dict[str, RenderedFigure]:
    """File name → dendrogram, heat map and map of a family with a tree."""
    words = class_words(family, names, trust)
    tree = draw_dendrogram(
        family.tree, family.classes.tolist(), title, family.unit, words=words, columns=_columns(family, models)
    )
    return {
        "dendrogram": _drawn("Tree", tree, dpi),
        "heatmap": _drawn("Heat map", family_heatmap(title, family), dpi),
        "map": _drawn("Map", family_map(title, family, names), dpi),
    }


def family_heatmap(title: str, family: Family, cells: float | None = None) -> Figure:
    """The heat map of a family with a tree: of its features, or of its distances where there are no features. `cells`
    are the inches that all columns may take, None for as many as make them legible."""
    heat = heat_table(family)
    about = {"references": heat.references, "blocks": heat.blocks, "palette": heat.palette}
    return draw_heatmap(heat.table, family.tree, family.classes.tolist(), title, heat.unit, cells, **about)


def family_map(title: str, family: Family, names: Mapping[int, ClassName], width: float = 10.0) -> Figure:
    """The map of a family with a tree, with the names of its classes."""
    called = called_classes(family, names)
    scaling, classes = classical_scaling(family.distances), family.classes.tolist()
    return draw_map(family.features.models, scaling, classes, title, family.unit, width, names=called)


def _drawn(heading: str, figure: Figure, dpi: float) -> RenderedFigure:
    svg = svg_text(figure, INK)
    return RenderedFigure(
        heading, svg.replace(INK, _ON_WHITE), svg.replace(INK, "currentColor"), png_bytes(figure, dpi)
    )


def _columns(family: Family, models: Mapping[str, Model]) -> dict[str, list[str]]:
    """Size and precision of every model, where they are files."""
    known = [models.get(name) for name in family.features.models]
    if None in known:
        return {}
    mains = [m.header.components.get(main_component(m.header.components)) for m in known]
    return {
        "size": [size_text(m.key.size) for m in known],
        "precision": [main.dtype if main else "" for main in mains],
    }
