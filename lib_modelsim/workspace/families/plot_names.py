"""The checkpoints in the order of the tree, as the WebUI's X/Y/Z plot takes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ...hosts.host import Listed
from ..catalogue.index import Model
from .family import Family


def plot_names(family: Family, models: Iterable[Model], listed: Iterable[Listed]) -> str:
    """Titles in the order of the leaves, by commas, in quotes where one holds a comma or quotes.

    The plot reads its field as one line of CSV (AUTOMATIC1111 scripts/xyz_grid.py, `csv_string_to_list_strip`) and
    finds a checkpoint by its title or a part of that. A model that the host does not list goes by its own name; the one
    in memory cannot be loaded and is left out.
    """
    titles = {entry.path: entry.title for entry in listed}
    known = {model.name: model for model in models}
    names = family.features.models
    order = range(len(names)) if family.tree is None else family.tree.leaves.tolist()
    ordered = [known[names[i]] for i in order if names[i] in known and known[names[i]].opener is None]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([titles.get(model.path, model.name) for model in ordered])
    return line.getvalue()
