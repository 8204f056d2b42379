"""The report: one HTML file with figures and tables inside, that opens offline and follows light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from .tables import Table

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --faint: #5c6670; --ground: #fff; --line: #d5dae0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --faint: #9aa4ae; --ground: #14181c; --line: #343c44; }
}
body { color: var(--ink); background: var(--ground); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; } figure { margin: 0; } figure svg { max-width: none; }
table { border-collapse: collapse; font-size: 0.87rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
td.number { text-align: right; white-space: nowrap; } th { color: var(--faint); font-weight: 600; }
"""


def report(title: str, method: Sequence[tuple[str, str]], figures: Mapping[str, str], tables: Sequence[Table]) -> str:
    """The page: how everything was computed, then figures (heading → SVG text) and tables. All text is escaped."""
    sections = [f"<h2>How this was computed</h2>{_method(method)}"]
    sections += [_figure(heading, svg, i) for i, (heading, svg) in enumerate(figures.items())]
    sections += [f'<h2>{escape(table.name)}</h2><div class="scroll">{_table(table)}</div>' for table in tables]
    body = "\n".join(sections)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _method(method: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<tr><th scope="row">{escape(what)}</th><td>{escape(how)}</td></tr>' for what, how in method)
    return f"<table>{rows}</table>"


def _figure(heading: str, svg: str, number: int) -> str:
    """Inline, so that lines and words take the page's colours; ids of several drawings in one page must differ."""
    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>f{number}-", drawing)
    drawing = drawing.replace("*{stroke", f".f{number} *{{stroke")  # a style sheet within is for its own drawing
    return f'<h2>{escape(heading)}</h2><figure class="scroll f{number}">{drawing}</figure>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in table.header)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object) -> str:
    if value is None or value != value:
        return "<td></td>"
    if isinstance(value, (int, float)):
        return (
            f'<td class="number">{value:.4g}</td>' if isinstance(value, float) else f'<td class="number">{value}</td>'
        )
    return f"<td>{escape(str(value))}</td>"
