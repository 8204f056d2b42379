"""The words of the page: its own controls, not options of the command line."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest

from lib_modelsim.errors import ModelsimError, for_page, joined
from lib_modelsim.probes.engine import WITH_WEBUI
from lib_modelsim.probes.gallery import NO_PICTURES
from lib_modelsim.similarity.base import ANOTHER_BASE
from lib_modelsim.similarity.measures.registry import all_measures
from lib_modelsim.ui.status import message, note
from lib_modelsim.ui.words import measure_labels

PACKAGE = Path(__file__).parents[2] / "lib_modelsim"

THE_TERMINAL_S = ("cli", "ui/server.py", "installing.py")
"""What only a terminal shows, and pip is told."""

THE_COMMAND_LINE_S = (
    "families/distance_files.py",
    "workspace/comparing/differences.py",
    "workspace/comparing/elements.py",
    "workspace/comparing/profile.py",
)
"""Use cases that the page has no control for."""

OF_WEBUIS = (
    *("--api", "--api-auth", "--freeze-settings", "--hide-ui-dir-config", "--no-half", "--listen", "--share"),
    *("--server-name", "--enable-insecure-extension-access"),
)
"""Options of a WebUI, which are called the same wherever one reads of them."""

OF_STYLES = "--modelsim-"
"""Variables of our style sheet."""


@pytest.mark.parametrize(
    ("sentence", "on_the_command_line", "on_the_page"),
    [
        (ANOTHER_BASE, "--base", "under Base"),
        (NO_PICTURES, "probe --out DIR", "on the page Probes"),
        (WITH_WEBUI, "(--webui)", "enter its address"),
    ],
)
def test_a_sentence_names_the_controls_of_where_it_is_read(sentence, on_the_command_line, on_the_page):
    error = ModelsimError("something is wrong", "this", sentence)
    assert on_the_command_line in str(error)
    for html in (message(str(error), "error"), note("No tree", str(error))):
        assert on_the_page in html
        assert on_the_command_line not in html


def test_what_is_put_together_from_sentences_is_one():
    reason = str(ModelsimError("a", None, joined("download it again, or ", WITH_WEBUI)))
    told = joined("no tree for SD 1.x: ", reason)
    assert str(told).endswith("download it again, or generate with a WebUI (--webui)")
    fix = "download it again, or generate with a WebUI (enter its address)"
    assert for_page(told) == f"no tree for SD 1.x: a. Fix: {fix}"
    several = ModelsimError("nobody could", joined(told, told, between="; "), "see above")
    assert "--webui" in str(several)
    assert "--webui" not in for_page(str(several))
    assert joined("a", "b") == "ab"
    assert for_page("a plain text") == "a plain text"


def test_copies_of_a_sentence_are_sentences():
    for made in (copy.deepcopy(ANOTHER_BASE), pickle.loads(pickle.dumps(ANOTHER_BASE))):
        assert (made, for_page(made)) == (ANOTHER_BASE, ANOTHER_BASE.page)


def test_no_sentence_below_the_command_line_names_an_option_without_the_page_s_control():
    """Wherever a text of the rooms below names an option, it is the command's half of a Sentence."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith((*THE_TERMINAL_S, *THE_COMMAND_LINE_S)):
            found += [
                f"{place}:{node.lineno} {node.value}" for node in _plain_texts(ast.parse(path.read_text("utf-8")))
            ]
    assert found == []


def _plain_texts(tree):
    """The texts that name an option, but for docstrings and the first halves of Sentences."""
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence":
            allowed |= {id(part) for part in ast.walk(node.args[0])}
        if isinstance(node, ast.Expr):
            allowed.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
            options = re.findall(r"(?<![\w-])--[a-z][a-z-]*|\w+ --out\b", node.value)
            if any(option not in OF_WEBUIS and not option.startswith(OF_STYLES) for option in options):
                yield node


def test_every_measure_is_offered_once_with_a_capital():
    labels = measure_labels()
    assert sorted(labels.values()) == sorted(measure.name for measure in all_measures())
    assert all(label[0].isupper() for label in labels)
