"""Templates: what they show is harmless whatever it holds, and no HTML is made without them."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import UndefinedError

from lib_modelsim import templates
from lib_modelsim.exports.picture_sheet import Shot
from lib_modelsim.figures.colours import ClassMark
from lib_modelsim.lineage.recipe import Claim
from lib_modelsim.templates import render, trusted
from lib_modelsim.ui.recipe.bars import BlockRow, ParentMark, ParentRow, ShareBar, ShareChart
from lib_modelsim.ui.recipe.repeating import RepeatingScript
from lib_modelsim.workspace.curating.looking import Look

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


def test_what_a_page_cannot_carry_is_written_out(written):
    assert written("{{ text }}", text=UNSEEN) == r"a\nb\x00\u202e\ud800c"
    assert written("{{ text | lines }}", text="<a>\nb\x00") == "&lt;a&gt;\nb\\x00"
    assert written("{{ text }}", text=Path("<a>\n")) == r"&lt;a&gt;\n"


def test_our_own_markup_goes_in_as_it_is(written):
    assert written("{{ text }}{{ '&' }}", text=trusted("<svg/>")) == "<svg/>&amp;"


def test_numbers_and_sentences_as_people_read_them(written):
    assert written("{{ 5 }} {{ 0.25 | percent }} {{ 2000 | size }} {{ 0.001 | likelihood }}") == "5 25 % 2 kB below 1 %"
    assert written("{{ text | sentence }}", text="likely, 5 % <") == "Likely, 5&nbsp;% &lt;"


def test_a_sentence_that_begins_with_a_file_s_name_keeps_it(written):
    assert written("{{ text | sentence }}", text="v1-5_pruned: same UNet") == "v1-5_pruned: same UNet"
    assert written("{{ text | sentence }}", text="harborlight-base_v1: same") == "harborlight-base_v1: same"
    assert written("{{ text | sentence }}", text="base: a.b") == "Base: a.b"


def test_a_value_that_is_missing_is_an_error_that_tells_the_line(written):
    with pytest.raises(UndefinedError, match="oh") as error:
        written("<b>\n  <i></i>\n  {{ oh }}\n</b>")
    assert ("a.html", 3) in [(Path(str(step.path)).name, step.lineno + 1) for step in error.traceback]


def test_indentation_is_not_on_the_page(written):
    text = "<ul>\n  {% for x in '12' %}\n    <li>{{ x }}</li>\n  {% endfor %}\n</ul>\n<p>two\n  words</p>\n"
    assert written(text) == "<ul><li>1</li><li>2</li></ul><p>two words</p>"


TAG = re.compile(
    r"</?(a|article|aside|b|body|br|button|code|details|dialog|div|em|figcaption|figure|h[1-6]|head|html|i|img|input"
    r"|label|li|link|main|meta|nav|ol|option|output|p|pre|script|section|select|small|span|strong|style|summary|table"
    r"|tbody|td|textarea|th|thead|title|tr|ul)(?=[\s>/]|$)"
)

MAKE_MARKUP = {
    "exports/lineage_files.py": "the style of a drawing that stands alone, and line breaks as Mermaid writes them",
    "figures/screen/": "drawings on a page: SVG with an element for each of thousands of places",
    "ui/server.py": "finds scripts and links in gradio's page",
}


def html_in(source: str) -> list[str]:
    """Texts of a program that hold a tag of HTML, docstrings left out."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told)
    found = [text.value.decode("latin-1") if isinstance(text.value, bytes) else text.value for text in texts]
    return [text for text in found if isinstance(text, str) and TAG.search(text)]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_html_is_made_by_templates_alone(path):
    if not path.relative_to(PACKAGE).as_posix().startswith(tuple(MAKE_MARKUP)):
        assert html_in(path.read_text("utf-8")) == []


def test_the_search_for_html_sees_it_wherever_it_stands():
    for source in ("f'<b>{x}</b>'", "a = '<div class=x' + y", "x = b'<script '", "f(g('</td>'))"):
        assert html_in(source), source
    assert not html_in("def f():\n    '''An <img>.'''\n    return '<svg><path/>', '<error>', 'a < b > c'")


class Elements(HTMLParser):
    """Tags with the names of their attributes, and all that is shown."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.shown = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, [name for name, _ in attributes]))
        self.shown += [value for _, value in attributes if value]

    def handle_data(self, data):
        self.shown.append(data)


def job(text):
    return SimpleNamespace(
        title=text, number=1, stopping=False, asked=False, seconds=1, told=text, state=SimpleNamespace(value="done")
    )


def card(text):
    mark = {"number": 1, "colour": "#123456", "name": text}
    return {
        "model": text, "key": text, "short_hash": text, "probability": 0.5, "width": "50%", "doubtful": True,
        "known": text, "mark": mark, "nearest": [], "why": [text], "cannot_load": text,
    }  # fmt: skip


def library_row(text, bad):
    mark = {"number": 1, "colour": "#123456", "name": text}
    return {
        "name": text, "end": text, "path": Path(f"/{text}"), "bad": bad, "indexed": not bad, "kind": text, "mark": mark,
        "size": 5, "precision": text, "parts": text, "parts_by": text, "network": text, "remarks": [text], "hash": text,
        "same": [text, text], "copy": text, "state": text, "said": text, "why": text, "left_out": bad,
        "leaves": not bad,
    }  # fmt: skip


def duplicate(text):
    return {
        "number": 1, "name": text, "path": text, "url": text, "facts": text, "told": text, "keep": text,
        "hides": None,
    }  # fmt: skip


def same_checkpoint(text):
    return {"name": text, "path": text, "size": 5, "told": text, "more": text}


def score_box(text):
    return dict.fromkeys(("name", "label", "says", "takes", "which", "weight"), text) | {"chosen": True}


def small(text):
    return {"content": "ab", "url": text, "there": True, "name": text, "model": text}


def cluster(text):
    row = dict.fromkeys(("name", "mean", "drop", "told", "chance", "models", "remark"), text)
    return row | {"place": 0, "worse": True, "examples": [small(text)]}


def shot(text):
    return {
        "content": "ab", "url": text, "there": True, "name": text, "model": text, "prompt": text, "stars": 3,
        "keep": True, "rank": 1, "value": text, "unscored": False,
    }  # fmt: skip


def folder(text, there):
    return {"path": text, "name": text, "told": text, "there": there, "given": not there}


def share_chart(text):
    mark = ParentMark("A", text, 1)
    bar = ShareBar(mark, 0.0, 50.0, "A", text)
    parents = (ParentRow(mark, bar, (1.0, 2.0), "0.50", text, (text,)), ParentRow(mark, None, None, "", text, ()))
    return ShareChart(0.0, 100.0, parents, (BlockRow(text, (bar,), text),), False)


def report_section(text: str) -> dict[str, object]:
    cells = [("number", "", text), ("bytes", 1, 1), ("class", 1, ClassMark(1, text))]
    cells += [("names", "", (text, text)), ("name", "", text), ("text", "", text)]
    heads = [(text, "text", text)] * len(cells)
    return {
        "heading": text, "told": [text, text], "filtered": True, "square": True, "closed": True, "drawing": "",
        "heads": heads, "rows": [(text, cells), (None, cells)],
    }  # fmt: skip


def values_of(text: str) -> dict[str, dict[str, object]]:
    """Values for every template, with this text wherever a person or a file decides what stands there."""
    relative = {
        "name": text, "overall": text, "length": 5, "step": "c1",
        "cells": [("c1", text)], "about": text, "why": text, "reason": text,
    }  # fmt: skip
    again = {"how": text, "query": "", "pictures": [("", text, text, text)], "failures": [text]}
    class_row = {
        "mark": {"number": 1, "colour": "#123456", "name": text}, "key": text, "models": [text, text], "others": 1,
        "strange": False, "support": text, "fields": [("name", text)],
    }  # fmt: skip
    return {
        "exports/templates/report.html": {
            "title": text, "generator": text, "made": text, "facts": [(text, text)], "style": "", "script": "",
            "sections": [report_section(text), report_section(text) | {"closed": False, "drawing": trusted("<svg/>")}],
        },
        "exports/templates/contact_sheet.html": {
            "title": text, "settings": text, "aspect": "1", "columns": [(text, text)], "style": "", "script": "",
            "rows": [(text, text, [(text, text, True), ("", text, False)])],
        },
        "ui/templates/answer.html": {
            "several": True, "asked": [(text, "")], "more_asked": 2, "verdict": text, "apart": text,
            "verify_plan": text,
            "evidence": [{"kind": text, "sure": 0.5, "detail": text, "rest": text, "more": [text]}],
            "alike": [(text, text, text, "", text)], "gallery": text,
            "prompt": {"text": text, "source": text}, "infotext": text, "remarks": [text], "no_pictures": True,
            "again": again, "cards": "",
        },
        "ui/templates/branch.html": {"names": [text], "counted": text, "alike": text},
        "ui/templates/captions.html": {
            "counted": text, "more": 2, "unreadable": [text], "writes": True, "target": text,
            "groups": [{"name": text, "path": text, "merged": text, "wrong": [(text, text, text)]}],
        },
        "ui/templates/cards.html": {
            "infotext": text, "loads": True, "sends": True, "others": [{"model": text, "probability": 0.1}],
            "cards": [card(text), card(text) | {"cannot_load": None, "mark": None}], "left_out": text,
        },
        "ui/templates/checkpoint_copies.html": {
            "told": text, "remarks": [text], "text": text, "address": "data:,", "more": 2, "apart": [(text, [text])],
            "groups": [{"kind": text, "space": text, "members": [same_checkpoint(text)]}],
        },
        "ui/templates/checked.html": {"seen": text, "checked": text},
        "ui/templates/ended_shown.html": {"owner": text, "count": text},
        "ui/templates/jobs.html": {
            "running": [(job(text), text)], "waiting": [(job(text), job(text))], "ended": [job(text)],
            "summary": text,
        },
        "ui/templates/jobs_list.html": {"listed": text, "version": text},
        "ui/templates/jobs_told.html": {"told": text},
        "ui/templates/chosen.html": {
            "name": text, "path": text, "picture": "", "facts": [text], "cannot_load": None, "leaves": True,
            "claims": [(text, text)], "made_of": text,
        },
        "ui/templates/classes.html": {"rows": [class_row], "fit": text, "fit_title": text, "in_order": text},
        "ui/templates/curate_best.html": {
            "chosen": [(small(text), text, text, text, 3)], "plain": [small(text) | {"there": False}], "differs": text,
            "encoder": text, "scores": text, "count": 1, "remarks": [text],
        },
        "ui/templates/curate_clusters.html": {
            "told": [cluster(text)], "folded": [cluster(text) | {"worse": False}], "more": 2, "whole": text,
            "remarks": [text],
        },
        "ui/templates/curate_group.html": {"title": text, "text": text, "button": text},
        "ui/templates/curate_macros.html": {},
        "ui/templates/curate_models.html": {
            "rows": [
                dict.fromkeys(
                    ("model", "key", "mean", "verdict", "difference", "compared", "over_seeds", "over_prompts"), text
                )
                | {"n": 3, "categories": [dict.fromkeys(("name", "verdict", "difference"), text)]}
            ],
            "remarks": [text],
        },
        "ui/templates/curate_prompts.html": {
            "rows": [(0, text, text, text, 3, 2)], "more": 2, "score": text, "remarks": [text],
        },
        "ui/templates/curate_chosen.html": {
            "counts": [("kept", text)], "meant": "kept", "target": text, "beside": True, "refused": "",
            "question": None, "done": [text],
        },
        "ui/templates/curate_larger.html": {
            "content": "ab", "url": text, "why_not": "", "name": text, "stars": 2, "keep": True,
            "facts": [(text, text)], "prompt": text, "path": text, "infotext": text,
        },
        "ui/templates/curate_scores.html": {
            "kinds": [score_box(text) | {"takes": ""}], "of_files": [score_box(text)], "opened": True,
            "encoder": text, "encoders": [text], "clip": text, "download": text, "remarks": [text],
        },
        "ui/templates/curate_folder.html": {
            "offered": [(SimpleNamespace(name=text), text, True)], "typed": text, "refused": "", "told": text,
            "unreadable": [text], "more": 2,
        },
        "exports/templates/picture_sheet.html": {
            "title": text, "made": text,
            "shots": [Shot(text, text, text, [text], "abcd"), Shot(text, "", "", [], "", text)],
        },
        "ui/templates/curate_map.html": {
            "methods": [(text, text, True), (text, text, False)], "method": text, "missing": [(text, text)],
            "key": text, "about": text, "colours": [(text, text, text)], "count": text, "told": text, "remarks": [text],
        },
        "ui/templates/curate_map_answers.html": {"answers": text},
        "ui/templates/curate_pictures.html": {
            "cards": [shot(text), shot(text) | {"there": False, "unscored": True, "value": ""}], "page": 1, "pages": 3,
        },
        "ui/templates/curate_made.html": {"made": "ab cd", "refused": '{"ef": "it is cut short"}', "after": 2},
        "ui/templates/curate_taken.html": {"number": "1.0", "answer": 2, "whole": True},
        "ui/templates/curate_tools.html": {
            "look": Look(words=text), "orders": [("", text), (text, text)], "models": [(text, text)],
            "suites": [(text, text)], "groups": [(text, text)], "most_stars": 5, "selected": 2, "count": text, "of": 5,
            "kept": 1,
        },
        "ui/templates/detail.html": {
            "first": text, "second": text, "reason": None, "bars": [(text, text, 5)], "ends": text, "long": True,
            "ticks": [text] * 3,
            "facts": [(text, text), (text, "")], "keys": [(text, text, text, text)], "fine": [(text, text, text)],
        },
        "ui/templates/asked.html": {"number": text, "panel": trusted("<p></p>")},
        "ui/templates/duplicate_group.html": {
            "title": text, "similarity": text,
            "members": [duplicate(text), duplicate(text) | {"url": "", "keep": "", "hides": ("0", "1")}],
        },
        "ui/templates/duplicates.html": {
            "number": 1, "going": "[1]", "against": text, "refused": "", "summary": text, "remarks": [text],
            "done": [text], "undo": text, "captions": "", "groups": ["", ""],
            "question": {"asks": text, "notes": [text], "yes": text},
            "target": text, "listed": {"counted": text, "text": text}, "page": 1, "pages": 3, "first": 1, "last": 2,
            "counted": 9, "apart": [(text, text, [""], 2)], "hidden_counted": text,
            "hidden": [{"a": text, "b": text, "first": text, "second": text}],
        },
        "ui/templates/drawing.html": {
            "drawing": trusted("<svg/>"), "notes": [text], "remarks": [text],
            "left_out": [text],
        },
        "ui/templates/drop.html": {},
        "ui/templates/folders.html": {
            "folders": [folder(text, True), folder(text, False)], "gone": 1, "alone": False, "demonstration": True,
            "opened": True, "example": text,
        },
        "ui/templates/from_before.html": {"made": text, "changes": [text]},
        "ui/templates/greeting.html": {
            "cards": [({"page": text, "gives": text, "press": text}, "abcd")],
            "more": [{"page": text, "gives": text}], "empty": True, "documentation": text,
        },
        "ui/templates/grid.html": {},
        "ui/templates/help.html": {"texts": text},
        "ui/templates/import.html": {
            "typed": text, "folders": [({"name": text, "model": text, "is_known": True, "pictures": 3}, text)],
            "names": [text], "doubts": [text] * 4, "loose": text, "told": [text] * 7, "summary": text,
            "skipped": [text],
        },
        "ui/templates/library.html": {
            "heads": [SimpleNamespace(name=text, sort=text, width=5)] * 2, "several_kinds": True,
            "rows": [library_row(text, True), library_row(text, False)], "counted": text, "states": [(text, 2)],
            "menus": [SimpleNamespace(facet="class", label=text, values=[(text, text, 3)])],
            "without_memory": text, "copies": text, "copies_why": text, "not_hashed": text, "unhashed": 5, "hint": text,
        },
        "ui/templates/lineage.html": {"reads": text},
        "ui/templates/macros.html": {},
        "ui/templates/note.html": {"title": text, "text": text},
        "ui/templates/opening.html": {"onwards": text, "advice": None},
        "ui/templates/opened.html": {"opened": text, "at": "1"},
        "ui/templates/picture.html": {"name": text, "type": text, "number": "1", "data": "abcd"},
        "ui/templates/pictures.html": {
            "pictures": [(text, text, True, (0, 1)), (text, "", False, (0, 2))], "sends": ["txt2img"],
        },
        "ui/templates/plan.html": {"lines": [text], "more": 3},
        "ui/templates/preview.html": {"alt": text, "data": "abcd", "large": text},
        "ui/templates/recipe.html": {
            "target": text, "sentence": text, "sure": False, "stale": text, "facts": [(text, text)],
            "components": [(text, text)], "claim": Claim(text, (text,), False, text), "notes": [text],
            "data": "data:,", "chart": share_chart(text), "merger": text,
            "scripts": [RepeatingScript(text, text, text), RepeatingScript(text, text, why_not=text)],
        },
        "ui/templates/relatives.html": {
            "colours": ["#123456"], "axis": ([text] * 3, ["#123456"] * 2), "groups": [(text, [relative])],
            "not_comparable": [relative], "cannot_load": text,
            "merge": {"parents": [text, text], "why": text}, "own": [text],
        },
        "ui/templates/samples.html": {"samples": [{"name": text, "type": text, "data": "abcd", "what": text}]},
        "ui/templates/script.html": {"address": text},
        "ui/templates/sheet.html": {"document": text, "shown": ""},
        "ui/templates/side.html": {},
        "ui/templates/status.html": {"text": text, "kind": "done", "width": "5%"},
        "ui/templates/suite_file.html": {"name": text, "text": text, "number": "1.0"},
        "ui/templates/suites.html": {"cards": [(text, text, text)], "first": text},
        "ui/templates/verify_plan.html": {"pictures": text, "models": text, "how": text, "time": text},
        "ui/templates/verbatim.html": {
            "training": text, "refused": "", "compared": [text], "not_shown": [text],
            "models": [{"name": text, "told": text, "repeats": [""], "more": 2},
                       {"name": text, "told": text, "repeats": [], "more": 0}],
        },
        "ui/templates/using.html": {"references": [text] * 6},
        "ui/templates/two_pictures.html": {"names": [text, text], "urls": [text, text]},
    }  # fmt: skip


def test_every_template_is_tried():
    assert {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.html")} == set(values_of(""))


@pytest.mark.parametrize("name", sorted(values_of("")))
def test_no_name_whatever_it_holds_adds_to_the_page(name):
    hostile = f"{HOSTILE}</style>{UNSEEN}' onload='x() \u2066--> {{{{ 7 * 7 }}}} {{% raw %}}"
    harmless, page = (str(render(name, **values_of(text)[name])) for text in ("Name", hostile))
    assert Elements(page).tags == Elements(harmless).tags
    shown = "".join(Elements(page).shown)
    assert shown.replace("\n", "").replace("\xa0", "").isprintable()  # line breaks of prompts, spaces before %
    if "Name" in harmless:
        assert "alert(1)" in shown
