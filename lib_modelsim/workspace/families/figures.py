"""The figures of a family, as files that go into a paper or a forum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from ...families.scaling import classical_scaling
from ...figures.dendrogram import draw_dendrogram
from ...figures.heatmap import draw_heatmap
from ...figures.model_map import draw_map
from ...figures.saving import write_figure
from ...memory import give_back
from ...similarity.joining import main_component
from ...text import size_text
from ..catalogue.index import Model
from .class_labels import ClassName
from .family import Family
from .results import Result
from .screen import called_classes, class_words, heat_table


def write_family_figure(name: str, result: Result, dpi: float, folder: Path) -> list[Path]:
    """Write one of FIGURES, of a family with a tree, as SVG and PNG. Raises ModelsimError where the disk refuses."""
    figure = FIGURES[name](result)
    written = [write_figure(figure, folder / f"{name}.{kind}", dpi) for kind in ("svg", "png")]
    del figure
    give_back()  # the parts of a figure know each other in circles: two would be held at a time
    return written


def _dendrogram(result: Result) -> Figure:
    family = result.family
    words, columns = class_words(family, result.names, result.trust), _columns(family, result.models)
    classes = family.classes.tolist()
    return draw_dendrogram(family.tree, classes, result.title, family.axis, words=words, columns=columns)


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


FIGURES: Mapping[str, Callable[[Result], Figure]] = {
    "dendrogram": _dendrogram,
    "heatmap": lambda result: family_heatmap(result.title, result.family),
    "map": lambda result: family_map(result.title, result.family, result.names),
}
"""File name → the figure of a family with a tree."""
