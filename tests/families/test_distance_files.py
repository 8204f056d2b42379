"""Distances that a person brings along, as CSV and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.distance_files import read_distances

VALUES = [[0, 1, 2.5], [1, 0, 3], [2.5, 3, 0]]


def read(tmp_path, text, name="d.csv", component=None):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_distances(tmp_path / name, component)


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("0,1,2.5\n1,0,3\n2.5,3,0\n", ("1", "2", "3")),
        ("a,b,c.ckpt\n0,1,2.5\n1,0,3\n2.5,3,0\n", ("a", "b", "c.ckpt")),
        ("a,0,1,2.5\nb,1,0,3\nc,2.5,3,0\n", ("a", "b", "c")),
        ("model,a,b,c\na,0,1,2.5\nb,1,0,3\nc,2.5,3,0\n", ("a", "b", "c")),
        ('"","a","b","c"\n"a",0,1,2.5\n"b",1,0,3\n"c",2.5,3,0\n', ("a", "b", "c")),
        ("7,8,9\n0,1,2.5\n1,0,3\n2.5,3,0\n", ("7", "8", "9")),
    ],
)
def test_csv_with_and_without_names(tmp_path, text, models):
    table = read(tmp_path, text)
    assert (table.models, table.metric, table.component) == (models, None, None)
    np.testing.assert_array_equal(table.values, VALUES)


def test_json_has_a_matrix_per_component(tmp_path):
    document = {"models": ["a.ckpt", "b", "c"], "metric": "l2", "distances": {"unet": VALUES, "vae": [[0] * 3] * 3}}
    table = read(tmp_path, json.dumps(document), "d.json")
    assert (table.models, table.metric, table.component) == (("a.ckpt", "b", "c"), "l2", "unet")
    assert not read(tmp_path, json.dumps(document), "d.json", "vae").values.any()
    with pytest.raises(ModelsimError, match=r"no such component in d.json: te. Fix: use one of unet, vae"):
        read(tmp_path, json.dumps(document), "d.json", "te")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("d.csv", "0,1\n1,0\n2,3\n4,5\n", "is not square"),
        ("d.csv", "0,1\n2,0\n", "is not symmetric: 1 and 2"),
        ("d.csv", "0,-1\n-1,0\n", "holds something other than distances"),
        ("d.csv", "1,0.5\n0.5,1\n", "holds something other than distances"),
        ("d.json", "{", "cannot read the distances"),
        ("d.json", "[]", "cannot read the distances"),
        ("d.json", '{"models": ["a"]}', "cannot read the distances"),
        ("d.json", "[" * 100_000, "cannot read the distances"),
        ("d.json", '{"models": ["a", "b"], "distances": {"unet": [[0, 1], [1]]}}', "not a table of numbers"),
        ("d.json", '{"models": ["a", "b"], "distances": {"unet": [["x", 1], [1, 0]]}}', "not a table of numbers"),
        ("d.json", '{"models": ["a"], "distances": {"unet": [[0, 1], [1, 0]]}}', "is not square"),
        ("d.json", '{"models": ["a", "b"], "distances": {"unet": [[0, 1e999], [1e999, 0]]}}', "infinite"),
    ],
)
def test_refuses(tmp_path, name, text, told):
    with pytest.raises(ModelsimError, match=told) as caught:
        read(tmp_path, text, name)
    assert str(caught.value).isprintable()
