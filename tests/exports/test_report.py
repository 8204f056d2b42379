"""The report: one file that needs no other, whatever the names are."""

from __future__ import annotations

from html.parser import HTMLParser

from lib_modelsim.exports.report import report
from lib_modelsim.exports.tables import Table

SVG = (
    '<?xml version="1.0"?>\n<svg><style>*{stroke-linejoin: round}</style>'
    '<path id="a"/><use href="#a" clip-path="url(#b)"/></svg>'
)
HOSTILE = "<script>alert(1)</script>\"'&"


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_names_are_words():
    page = Elements(
        report(
            HOSTILE, [(HOSTILE, HOSTILE)], {HOSTILE: SVG}, [Table(HOSTILE, (HOSTILE,), [(HOSTILE,), (0.25,), (None,)])]
        )
    )
    assert "script" not in [tag for tag, _ in page.found]
    assert "".join(page.text).count(HOSTILE) == 8


def test_nothing_is_fetched_from_elsewhere():
    page = Elements(report("t", [], {"a": SVG}, []))
    assert not [
        tag for tag, attributes in page.found if tag in ("script", "link", "img", "iframe") or "src" in attributes
    ]
    assert "prefers-color-scheme: dark" in "".join(page.text)


def test_ids_of_two_figures_differ():
    page = Elements(report("t", [], {"a": SVG, "b": SVG}, []))
    assert [attributes["id"] for _, attributes in page.found if "id" in attributes] == ["f0-a", "f1-a"]
    uses = [attributes for tag, attributes in page.found if tag == "use"]
    assert uses == [{"href": f"#f{i}-a", "clip-path": f"url(#f{i}-b)"} for i in (0, 1)]
