"""The report: one file that needs no other, whatever the names are."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from lib_modelsim.exports.report import Section, report
from lib_modelsim.exports.tables import Bytes, Table
from lib_modelsim.figures.colours import ClassMark

HOSTILE = "</script><script>alert(1)</script>\"'&"


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page():
    rows = [(HOSTILE, ClassMark(2, HOSTILE), Bytes(2_600_000), 0.25), (HOSTILE, None, None, float("nan"))]
    table = Table(HOSTILE, (HOSTILE, "class", "size", "x"), rows)
    sections = [
        Section(HOSTILE, [HOSTILE], drawing="<svg><path/></svg>"),
        Section("models", table=table, models=True),
        Section("pairs", table=Table("t", ("model", HOSTILE), [(HOSTILE, 0.5)]), square=True, closed=True),
    ]
    return Elements(report(HOSTILE, [(HOSTILE, HOSTILE)], sections, HOSTILE))


def test_hostile_names_are_words(page):
    assert [tag for tag, _ in page.found].count("script") == 1, "our own"
    assert "".join(page.text).count(HOSTILE) == 12
    assert [attributes["data-model"] for _, attributes in page.found if "data-model" in attributes] == [HOSTILE] * 2


def test_nothing_is_fetched_from_elsewhere_and_nothing_could_be(page):
    assert not [tag for tag, attributes in page.found if tag in ("link", "iframe") or "src" in attributes]
    (policy,) = [attributes["content"] for _, attributes in page.found if attributes.get("http-equiv")]
    assert policy.startswith("default-src 'none'")


def test_light_and_dark(page):
    assert "prefers-color-scheme: dark" in "".join(page.text)


def test_cells_are_ordered_by_what_they_are(page):
    kinds = [attributes["data-sort"] for _, attributes in page.found if "data-sort" in attributes]
    assert kinds == ["text", "number", "number", "number", "text", "number"]
    values = [attributes["data-value"] for tag, attributes in page.found if tag == "td" and "data-value" in attributes]
    assert values == ["2", "2600000"], "a class by its number, a size by its bytes"
    assert "2.6 MB" in "".join(page.text)


def test_a_narrow_column_has_its_number_and_tells_the_name(page):
    heads = [attributes for tag, attributes in page.found if tag == "th"]
    assert heads[-1]["title"] == HOSTILE
