"""`classify --features` makes the tree that R makes of the same table, file by file."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from ..command import run


def numbers(path):
    return np.loadtxt(path, delimiter=",")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def r(shared):
    return shared / "data" / "r_hclust"


@pytest.fixture(scope="module", params=["ward.D2", "ward.D", "average", "complete"])
def linkage(request):
    return request.param


@pytest.fixture(scope="module")
def classified(r, linkage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    options = ("--linkage", linkage, "--distance", "pearson", "--classes", 19, "--dpi", 30)
    outcome = run("classify", "--features", r / "features.csv", *options, "--out", folder, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    return folder, outcome.document


def test_merges_and_heights(r, linkage, classified):
    header, *merges = rows(classified[0] / "linkage.csv")
    assert header == ["merge1", "merge2", "height"]
    mine, theirs = np.array(merges, dtype=float), numbers(r / f"{linkage}.merge.csv")
    np.testing.assert_array_equal(mine[:, :2], theirs[:, :2])
    np.testing.assert_allclose(mine[:, 2], theirs[:, 2], rtol=0, atol=1e-8)


def test_order_has_one_row_and_no_header(r, linkage, classified):
    mine, theirs = (
        path.read_text("utf-8").strip() for path in (classified[0] / "order.csv", r / f"{linkage}.order.csv")
    )
    assert mine == theirs


def test_nineteen_classes_with_their_numbers(r, linkage, classified):
    folder, document = classified
    theirs = numbers(r / f"{linkage}.cutree19.csv").astype(int).tolist()
    header, *body = rows(folder / "classes.csv")
    assert header == ["model", "class", "name", "remark", "support", "stranger"]
    assert [row[:4] for row in body] == [[str(i), str(c), "", ""] for i, c in enumerate(theirs, 1)]
    assert all(0 <= float(row[4]) <= 1 if theirs.count(int(row[1])) > 1 else row[4] == "" for row in body)
    assert not any(row[5] for row in body), "who says how many classes there are has no strangers"
    assert [row["class"] for row in document["classes"]] == theirs
    assert [row["model"] for row in document["classes"]] == [str(i) for i in range(1, 101)]


def test_every_file_written_is_told(classified):
    folder, document = classified
    assert sorted(document["written"]) == sorted(str(path) for path in folder.iterdir())


def test_the_features_come_back_as_they_were(r, classified):
    header, *body = rows(classified[0] / "features.csv")
    assert header == ["model", *map(str, range(1, 289))]
    np.testing.assert_array_equal(np.array(body, dtype=float)[:, 1:], numbers(r / "features.csv"))
