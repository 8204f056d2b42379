"""CPU time of the figures of 300 models: dendrogram, heat map of 300 × 4,800 features and map, as SVG and PNG.

python -m benchmarks.figures [MODELS]
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial.distance import pdist, squareform

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.families.scaling import classical_scaling
from lib_modelsim.figures.dendrogram import draw_dendrogram
from lib_modelsim.figures.heatmap import draw_heatmap
from lib_modelsim.figures.model_map import draw_map
from lib_modelsim.figures.saving import save_png, svg_text

_BLOCKS = tuple(f"block{i:02}" for i in range(16))
_DPI = 150


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    random = np.random.default_rng(0)
    models = tuple(f"a model of some name v{i}" for i in range(n))
    values = random.random((n, n * len(_BLOCKS)))
    distances = squareform(pdist(random.normal(size=(n, 8))))
    tree = build_tree(models, distances)
    classes = tree.cut(min(19, n)).tolist()
    columns = tuple(f"{model}/{block}" for model in models for block in _BLOCKS)
    table = FeatureTable(models, columns, values)
    grouped = {"references": models, "blocks": _BLOCKS}
    figures: dict[str, Callable[[], Figure]] = {
        "dendrogram": lambda: draw_dendrogram(tree, classes, "title", "1 − r"),
        "heat map": lambda: draw_heatmap(table, tree, classes, "title", "similarity", **grouped),
        "map": lambda: draw_map(models, classical_scaling(distances), classes, "title", "1 − r"),
    }
    draw_map(models[:2], classical_scaling(distances[:2, :2]), [1, 1], "fonts are looked up once", "")
    total = 0.0
    for name, draw in figures.items():
        began = time.process_time()
        figure = draw()
        svg = svg_text(figure)
        drawn = time.process_time()
        png = io.BytesIO()
        save_png(figure, png, _DPI)
        ended = time.process_time()
        total += drawn - began
        width, height = figure.get_size_inches()
        print(
            f"{name}: SVG in {drawn - began:.2f} s, {len(svg) / 1e6:.2f} MB; "
            f"PNG of {_DPI} dpi in {ended - drawn:.2f} s, {png.tell() / 1e6:.2f} MB; {width:.0f} × {height:.0f} in"
        )
    print(f"all as SVG: {total:.2f} s")


if __name__ == "__main__":
    main()
