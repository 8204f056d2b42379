"""Names for the X/Y/Z plot, in the order of the leaves."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from lib_modelsim.families.features import FeatureTable
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.hosts.host import Listed
from lib_modelsim.workspace.families.family import Family
from lib_modelsim.workspace.families.plot_names import plot_names


def family(names):
    places = np.array([0.0, 9, 1, 8])[: len(names)]
    distances = np.abs(np.subtract.outer(places, places))
    table = FeatureTable(tuple(names), (), np.empty((len(names), 0)))
    tree = build_tree(names, distances, "average", optimal_order=True) if len(names) > 1 else None
    return Family("SD 1.x", table, distances, tree, np.ones(len(names), dtype=np.int64))


def model(name, opener=None):
    return SimpleNamespace(name=name, path=Path(name), opener=opener)


def as_the_plot_reads(line):
    return [cell.strip() for row in csv.reader([line], skipinitialspace=True) for cell in row]


def test_titles_stand_in_the_order_of_the_leaves_whatever_they_hold():
    titles = {"a": "a, the first.safetensors [0123456789]", "b": 'sub/"b".ckpt', "c": "c.ckpt"}
    listed = [Listed(Path(name), title) for name, title in titles.items()]
    found = family("abcd")
    read = as_the_plot_reads(plot_names(found, map(model, "abcd"), listed))
    leaves = ["abcd"[i] for i in found.tree.leaves]
    assert leaves in (["a", "c", "d", "b"], ["b", "d", "c", "a"])
    assert read == [titles.get(name, name) for name in leaves]


def test_what_the_host_cannot_load_is_left_out():
    models = [model("a"), model("b"), model("c", opener=lambda: None), model("d")]
    assert sorted(as_the_plot_reads(plot_names(family("abcd"), models, []))) == ["a", "b", "d"]


def test_a_model_alone():
    assert plot_names(family("a"), [model("a")], []) == "a"
