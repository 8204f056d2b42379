"""A person's own column: what programs and spreadsheets write, and what cannot be known is told."""

import numpy as np
import pytest

from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.own_table import TableError, numbers_of
from lib_modelsim.curate.scorers.column import ColumnScore
from lib_modelsim.curate.scorers.registry import scorer_named
from lib_modelsim.curate.scorers.scorer import Tools
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job

NAMES = ("a.png", "b.png", "c, d.png", "ä.png", "sub/a.png", "sub/e.jpg")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pictures"


@pytest.fixture
def score(folder, tmp_path):
    """What a file of these bytes says of the pictures of `NAMES`: name → number, and the remarks."""

    def scored(data, column="", names=NAMES):
        file = tmp_path / "my scores.csv"
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        tools = Tools(folder, clip=None, read_tensors=None, stars=None)
        scorer = scorer_named(f"column:{file}{column}", tools)
        found = scorer.score([Collected(folder / name, name) for name in names], None, Job())
        assert set(found.missing) == set(np.flatnonzero(np.isnan(found.values)))
        return {name: value for name, value in zip(names, found.values, strict=True) if value == value}, found.remarks

    return scored


@pytest.mark.parametrize(
    "data",
    [
        "name,score\nb.png,1.5\nsub/e.jpg,-2\n",
        "b.png,1.5\nsub/e.jpg,-2",
        "\ufeffname;score\r\nb.png;1,5\r\nsub/e.jpg;-2\r\n",
        "sep=;\r\nname;score\r\nb.png;1,5\r\nsub/e.jpg;-2\r\n",
        "score\tpath\n1.5\tb.png\n-2\tsub\\e.jpg\n",
        '"name","score"\n"b.png","1.5"\n\n"./sub/e.jpg","-2e0"\n',
        "name,score\nb,1.5\ne,-2\n",
        "name|score\nb.png|+1.5\ne.jpg|-2.0\n",
        "name,score,remark\nb.png,1.5,a good one\nsub/e.jpg,-2,\n",
    ],
)
def test_any_usual_way_to_write_a_table_is_read(score, data):
    assert score(data) == ({"b.png": 1.5, "sub/e.jpg": -2}, ())


def test_tables_of_windows_and_of_other_encodings_are_read(score):
    assert score("name\tscore\r\nä.png\t7\r\n".encode("utf-16"))[0] == {"ä.png": 7}
    found, remarks = score("name;score\nä.png;7\n".encode("cp1252"))
    assert found == {"ä.png": 7}
    assert "not UTF-8" in remarks[0]


def test_absolute_paths_mean_their_pictures(score, folder):
    found, remarks = score(f"path,score\n{folder / 'a.png'},1\n{folder / 'sub' / 'a.png'},2\n/elsewhere/b.png,3\n")
    assert found == {"a.png": 1, "sub/a.png": 2}
    assert "1 row names no picture of this folder (/elsewhere/b.png)" in remarks[0]


def test_a_name_that_means_several_pictures_counts_for_nothing(score):
    found, remarks = score("name,score\na.png,1\nb.png,2\n")
    assert found == {"b.png": 2}
    assert "1 row could mean several pictures (a.png)" in remarks[0]
    assert score("path,score\nsub/a.png,1\nb.png,2\n")[0] == {"sub/a.png": 1, "b.png": 2}


def test_different_numbers_for_one_picture_count_for_nothing_equal_ones_do(score):
    found, remarks = score("name,score\nb.png,1\nb.png,2\ne.jpg,3\nsub/e.jpg,3.0\n")
    assert found == {"sub/e.jpg": 3}
    assert "1 picture has different numbers in several rows (b.png)" in remarks[0]


def test_what_is_no_number_is_told(score):
    found, remarks = score("name,score\nb.png,good\nsub/e.jpg,3\nä.png,\nsub/a.png,nan\n\"c, d.png\",inf\n")
    assert found == {"sub/e.jpg": 3}
    assert "4 rows hold no number (b.png: good)" in remarks[0]


def test_a_first_row_without_a_number_is_no_header_where_it_names_a_picture(score):
    found, remarks = score("b.png,?\nsub/e.jpg,3\n")
    assert found == {"sub/e.jpg": 3}
    assert "holds no number (b.png: ?)" in remarks[0]


def test_short_rows_are_told(score):
    rows = "".join(f"sub/e.jpg,3,{i}\n" for i in range(20))
    found, remarks = score(f"name,score,n\nb.png\n{rows}", "#score")
    assert found == {"sub/e.jpg": 3}
    assert "1 row is too short" in remarks[0]


def test_of_several_columns_one_is_to_be_named(score):
    data = "name,sharp,Nice one\nb.png,1,2\nsub/e.jpg,3,4\n"
    with pytest.raises(ModelsimError, match=r"several columns of numbers: sharp and Nice one.*#sharp"):
        score(data)
    assert score(data, "#nice one")[0] == {"b.png": 2, "sub/e.jpg": 4}
    assert score(data, "#2")[0] == {"b.png": 1, "sub/e.jpg": 3}
    with pytest.raises(ModelsimError, match="no such column: ugly"):
        score(data, "#ugly")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", "no two columns"),
        ("b.png\ne.jpg\n", "no two columns"),
        ("x.png,1\ny.png,2\n", "names no picture of this folder: x.png"),
        ("name,score\nb.png,good\n", "holds no numbers"),
        ("name;score\nb.png;1,234\nsub/e.jpg;2,500\n", "decimal comma: 1,234"),
        ("name;score\nb.png;1,5\nsub/e.jpg;1.234\n", "decimal commas and decimal points: 1,5 and 1.234"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x81", "no table of text"),
    ],
)
def test_what_cannot_be_understood_is_one_line(score, data, told):
    with pytest.raises(ModelsimError) as caught:
        score(data)
    assert told in str(caught.value)
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there(folder):
    with pytest.raises(ModelsimError, match="cannot be read"):
        ColumnScore(str(folder / "none.csv"), Tools(folder, clip=None, read_tensors=None, stars=None))


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "-2", "+.5", "3.", "1e3"], [1.5, -2, 0.5, 3, 1000]),
        (["1,5", "-2", ",5"], [1.5, -2, 0.5]),
        (["1.234,5", "2.000.000,25"], [1234.5, 2000000.25]),
        (["1,234.5", "1'234.5", "1 234"], [1234.5, 1234.5, 1234]),
        (["", "nan", "inf", "1e999", "0x10", "1_000", "٣", "1,2,3", "--1", "85 %"], [None] * 10),
        (["1,234,567"], [1234567]),
    ],
)
def test_numbers_as_people_write_them(cells, numbers):
    assert numbers_of(cells) == numbers


def test_numbers_that_can_be_read_in_two_ways_are_refused():
    with pytest.raises(TableError):
        numbers_of(["1,234", "5,678"])
    with pytest.raises(TableError):
        numbers_of(["1,5", "1.234"])
