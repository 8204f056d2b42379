"""Tables that a person brings, in all the ways that spreadsheets and R write them."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.families.tables import read_features
from lib_modelsim.writing import write_csv

NAN = float("nan")


def read(tmp_path, text):
    path = tmp_path / "features.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_features(path)


@pytest.mark.parametrize(
    ("text", "models", "columns", "values"),
    [
        ("1,2\n3,4\n", ("1", "2"), ("1", "2"), [[1, 2], [3, 4]]),
        ("a,1,2\nb,3,4\n", ("a", "b"), ("1", "2"), [[1, 2], [3, 4]]),
        ("x,y\n1,2\n3,4\n", ("1", "2"), ("x", "y"), [[1, 2], [3, 4]]),
        ("model,x,y\na,1,2\nb,3,4\n", ("a", "b"), ("x", "y"), [[1, 2], [3, 4]]),
        ("model,1,2\n1,5,6\n2,7,8\n", ("1", "2"), ("1", "2"), [[5, 6], [7, 8]]),
        ('"","V1","V2"\n"1",5,6\n"2",7,8\n', ("1", "2"), ("V1", "V2"), [[5, 6], [7, 8]]),
        ("V1,V2\na,5,6\nb,7,8\n", ("a", "b"), ("V1", "V2"), [[5, 6], [7, 8]]),
        ("\N{BYTE ORDER MARK}a,1\r\nb,2\r\n", ("a", "b"), ("1",), [[1], [2]]),
        ("a,NA,1\nb,,nan\n", ("a", "b"), ("1", "2"), [[NAN, 1], [NAN, NAN]]),
        ('"x, y.safetensors",1e-3\n"z ",-2.5E+1\n', ("x, y.safetensors", "z "), ("1",), [[0.001], [-25]]),
        ("a,1\n\n,\nb,2\n\n", ("a", "b"), ("1",), [[1], [2]]),
        ("a,1\na,2\n", ("a", "a"), ("1",), [[1], [2]]),
        ("x\n1\n2\n", ("1", "2"), ("x",), [[1], [2]]),
    ],
)
def test_reads(tmp_path, text, models, columns, values):
    table = read(tmp_path, text)
    assert (table.models, table.columns) == (models, columns)
    np.testing.assert_array_equal(table.values, values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,1,2\nb,3\n", "line 2 of features.csv has a different number of cells"),
        ("a,1,2\n\nb,3,4\nc,5,six\n", "line 4, column 3 of features.csv is not a number: six"),
        ("a,1\nb,inf\n", "line 2, column 2 of features.csv is not a number: inf"),
        ("model,x,y,z\na,1,2\n", "the header of features.csv does not match its rows"),
        ("model,x\na,1,2\nb,1,2\n", "the header of features.csv does not match its rows"),
        (b"\xff\xfea,1\n", "cannot read the table"),
        ('"a,1\nb,2\n' + "x" * 200_000, "cannot read the table"),
    ],
)
def test_refuses(tmp_path, text, told):
    with pytest.raises(ModelsimError, match=told) as caught:
        read(tmp_path, text)
    assert str(caught.value).isprintable()


def test_what_is_not_there(tmp_path):
    with pytest.raises(ModelsimError, match="cannot read the table"):
        read_features(tmp_path / "absent.csv")


def test_seventeen_digits_read_back_as_they_were(tmp_path):
    values = np.random.default_rng(1).standard_normal((20, 7)) * 10.0 ** np.random.default_rng(2).integers(
        -300, 300, (20, 7)
    )
    values[3, 4] = np.nan
    rows = ((f"{i}, ü", *row) for i, row in enumerate(values.tolist()))
    table = read_features(write_csv(tmp_path / "t.csv", rows, ("model", *"abcdefg")))
    np.testing.assert_array_equal(table.values, values)
    assert table.models[5] == "5, ü"
