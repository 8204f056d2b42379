"""HTML from Jinja2 templates, the only way to make it: what one shows is escaped, and harmless whatever it holds.

Templates lie in the folder `templates` of the room that uses them. A line break in one is nothing beside a tag or a
brace, and a space between words, so that they can be indented without a byte more on the page.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from markupsafe import Markup

from .text import likelihood, percent, printable, size_text

_PACKAGE = Path(__file__).parent
_WORD = re.compile(r"[a-z]+(?![\w.\-])")
_BREAK = re.compile(r"([>}]?)\s*\n\s*([<{]?)")


def render(name: str, /, **values: object) -> Markup:
    """The HTML of a template, by its path within the package: "ui/templates/note.html".

    Text in `values` is escaped, with what a page cannot carry written out; Markup (of another template, or `trusted`)
    goes in as it is. Raises jinja2.UndefinedError where the template asks for a value that is not given.
    """
    return Markup(_environment().get_template(name).render(values))  # noqa: S704 - escaped by the template


def trusted(text: str) -> Markup:
    """Marks SVG, CSS or a script as our own work: it goes into a template without being escaped."""
    return Markup(text)  # noqa: S704 - what it is for


def _escaped(value: object) -> str:
    """What every value of a template becomes."""
    if type(value) is str:  # nearly all are, and are harmless: cells by the thousand
        return html.escape(value if value.isprintable() else printable(value))
    return value.__html__() if hasattr(value, "__html__") else html.escape(printable(value))


class _Compiler(CodeGenerator):
    """Escapes with `_escaped` alone. Jinja2 would make an object of type Markup for every value, which takes five times
    as long as all the rest (lists of 300 models with a cell per block)."""

    def _output_child_pre(self, *_about: object) -> None:
        self.write("environment.finalize(")

    def _output_child_post(self, *_about: object) -> None:
        self.write(")")


class _Environment(Environment):
    code_generator_class = _Compiler


@cache
def _environment() -> Environment:
    environment = _Environment(
        autoescape=True,
        auto_reload=False,
        cache_size=-1,
        finalize=_escaped,
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "lines": _lines,
        "sentence": _sentence,
        "percent": percent,
        "likelihood": likelihood,
        "size": size_text,
    }
    return environment


def _source(name: str) -> tuple[str, str, None]:
    path = _PACKAGE / name
    return _BREAK.sub(_without_break, path.read_text("utf-8").strip()), str(path), None


def _without_break(found: re.Match[str]) -> str:
    before, after = found.groups()
    if not before and not after:
        return " "
    breaks = "\n" * found[0].count("\n")
    return f"{before}{{#{breaks}#}}{after}"  # a comment, so that errors tell the right line


def _lines(text: str) -> Markup:
    """The text with its own line breaks."""
    return Markup("\n".join(map(_escaped, text.split("\n"))))  # noqa: S704 - just escaped


def _sentence(text: str) -> Markup:
    """With a capital first letter, and no line ends before a per cent sign. What begins with a name as files have
    ("v1-5: …") keeps it as it is."""
    begun = text[:1].upper() + text[1:] if _WORD.match(text) else text
    return Markup(_escaped(begun).replace(" %", "&nbsp;%"))  # noqa: S704 - just escaped
