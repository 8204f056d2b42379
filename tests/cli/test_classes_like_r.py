"""`classify --features` makes the tree that R makes of the same table, file by file."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from lib_modelsim.families.features import pearson_distance
from lib_modelsim.families.linkage import build_tree
from lib_modelsim.families.tables import read_features

from ..command import run


def numbers(path):
    return np.loadtxt(path, delimiter=",")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def r(shared):
    return shared / "data" / "r_hclust"


@pytest.fixture(scope="module")
def classified(r, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    outcome = run("classify", "--features", r / "features.csv", "--classes", 19, "--out", folder, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    return folder, outcome.document


def test_merges_and_heights(r, classified):
    header, *linkage = rows(classified[0] / "linkage.csv")
    assert header == ["merge1", "merge2", "height"]
    mine, theirs = np.array(linkage, dtype=float), numbers(r / "ward.D2.merge.csv")
    np.testing.assert_array_equal(mine[:, :2], theirs[:, :2])
    print(f"worst height: {np.abs(mine[:, 2] - theirs[:, 2]).max():.3g}")
    np.testing.assert_allclose(mine[:, 2], theirs[:, 2], rtol=0, atol=1e-8)


def test_order_has_one_row_and_no_header(r, classified):
    assert (classified[0] / "order.csv").read_text("utf-8").strip() == (r / "ward.D2.order.csv").read_text(
        "utf-8"
    ).strip()


def test_nineteen_classes_with_their_numbers(r, classified):
    folder, document = classified
    theirs = numbers(r / "ward.D2.cutree19.csv").astype(int).tolist()
    assert rows(folder / "classes.csv") == [["model", "class"], *([str(i), str(c)] for i, c in enumerate(theirs, 1))]
    assert [row["class"] for row in document["classes"]] == theirs
    assert [row["model"] for row in document["classes"]] == [str(i) for i in range(1, 101)]


def test_every_file_written_is_told(classified):
    folder, document = classified
    assert sorted(document["written"]) == sorted(str(path) for path in folder.iterdir())


def test_the_features_come_back_as_they_were(r, classified):
    header, *body = rows(classified[0] / "features.csv")
    assert header == ["model", *map(str, range(1, 289))]
    np.testing.assert_array_equal(np.array(body, dtype=float)[:, 1:], numbers(r / "features.csv"))


@pytest.mark.parametrize("linkage", ["ward.D2", "ward.D", "average", "complete"])
def test_other_linkages(r, linkage):
    table = read_features(r / "features.csv")
    tree = build_tree(table.models, pearson_distance(table), linkage)
    theirs = numbers(r / f"{linkage}.merge.csv")
    np.testing.assert_array_equal(tree.merges, theirs[:, :2])
    np.testing.assert_allclose(tree.heights, theirs[:, 2], rtol=0, atol=1e-8)
    np.testing.assert_array_equal(tree.leaves + 1, numbers(r / f"{linkage}.order.csv"))
    np.testing.assert_array_equal(tree.cut(19), numbers(r / f"{linkage}.cutree19.csv"))
