"""Templates: what they show is harmless whatever it holds, and no HTML is made without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from lib_modelsim import templates
from lib_modelsim.templates import render, trusted

PACKAGE = Path(templates.__file__).parent
HOSTILE = "<script>alert(1)</script>\"'&"
UNSEEN = "a\nb\x00\u202e\ud800c"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Renders a template of this text."""
    monkeypatch.setattr(templates, "_PACKAGE", tmp_path)
    templates._environment.cache_clear()

    def rendered(source, **values):
        (tmp_path / "a.html").write_text(source, "utf-8")
        templates._environment.cache_clear()
        return str(render("a.html", **values))

    yield rendered
    templates._environment.cache_clear()


def test_text_is_escaped_once_in_words_attributes_and_macros(written):
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;"
    macro = "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(text) }}"
    assert written(macro + '<b title="{{ text }}">{{ text }}</b>', text=HOSTILE) == (
        f'<i>{escaped}</i><b title="{escaped}">{escaped}</b>'
    )


def test_what_a_page_cannot_carry_is_replaced(written):
    assert written("{{ text }}", text=UNSEEN) == "a�b���c"
    assert written("{{ text | lines }}", text="<a>\nb\x00") == "&lt;a&gt;\nb�"
    assert written("{{ text }}", text=Path("<a>\n")) == "&lt;a&gt;�"


def test_our_own_markup_goes_in_as_it_is(written):
    assert written("{{ text }}{{ '&' }}", text=trusted("<svg/>")) == "<svg/>&amp;"


def test_numbers_and_sentences_as_people_read_them(written):
    assert written("{{ 5 }} {{ 0.25 | percent }} {{ 2000 | size }} {{ 0.001 | likelihood }}") == "5 25 % 2 kB below 1 %"
    assert written("{{ text | sentence }}", text="likely, 5 % <") == "Likely, 5&nbsp;% &lt;"


def test_a_value_that_is_missing_is_an_error_that_tells_the_line(written):
    with pytest.raises(UndefinedError, match="oh") as error:
        written("<b>\n  <i></i>\n  {{ oh }}\n</b>")
    assert ("a.html", 3) in [(Path(str(step.path)).name, step.lineno + 1) for step in error.traceback]


def test_indentation_is_not_on_the_page(written):
    text = "<ul>\n  {% for x in '12' %}\n    <li>{{ x }}</li>\n  {% endfor %}\n</ul>\n<p>two\n  words</p>\n"
    assert written(text) == "<ul><li>1</li><li>2</li></ul><p>two words</p>"
