"""The table of all checkpoints: what each is, how far it is known, its class, and which others are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...checkpoints.identity import MOST_UNPLACED
from ...similarity.coverage import share_in_words
from ...text import size_text
from ...workspace.catalogue.table import LibraryRow, State
from ..status import note
from ..view_state import Shown, ViewState
from ..words import escaped
from .classes import class_mark

_HEADS = (
    ("Name", "text"),
    ("Architecture", "text"),
    ("Class", "number"),
    ("Size", "number"),
    ("Precision", "text"),
    ("Parts", "text"),
    ("Hash", "text"),
    ("The same as", "text"),
    ("State", "text"),
)


def library_table(session: ViewState, shown: Shown) -> str:
    """All rows; what cannot be read tells why in its last cell. The script sorts, filters and marks them."""
    rows = session.backend.rows
    if not rows:
        return note("No checkpoints found", _where_to_put(session))
    classes = shown.classes
    heads = "".join(f'<th data-sort="{kind}">{head}</th>' for head, kind in _HEADS)
    body = "".join(_row(row, classes.get(row.name)) for row in rows)
    return (
        '<div class="modelsim-tools"><input type="search" class="modelsim-filter"'
        ' placeholder="Filter: name, hash, class …" aria-label="Filter the checkpoints">'
        f'<span class="modelsim-count"></span><span>{_counted(rows)}</span>{_memory(session)}</div>'
        '<div class="modelsim-scroll"><table class="modelsim-models">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _memory(session: ViewState) -> str:
    """Why the model in memory is not among the rows, where a WebUI does not let it be read."""
    why = session.backend.host.cannot.get("loaded") or session.backend.memory
    if not why or session.backend.host.name == "standalone":
        return ""
    return f'<span class="modelsim-why" title="{escaped(why)}">Without the model in memory</span>'


def _where_to_put(session: ViewState) -> str:
    if session.backend.host.name == "standalone":
        folders = ", ".join(str(path) for path in session.backend.host.paths())
        return f"Put .safetensors or .ckpt files into {folders}, or start with --models and another folder."
    return "Put .safetensors or .ckpt files into the WebUI's models/Stable-diffusion folder and press Refresh."


def _counted(rows: Sequence[LibraryRow]) -> str:
    states = Counter(row.state.value for row in rows)
    return f"{len(rows)} checkpoint{'' if len(rows) == 1 else 's'}: " + ", ".join(
        f"{count} {state}" for state, count in states.items()
    )


def _unplaced(row: LibraryRow) -> str:
    """A warning where much of a file has no known place: what is said of it holds for the rest alone."""
    share = row.header.unplaced if row.header else 0.0
    if share <= MOST_UNPLACED:
        return ""
    return f'<br><span class="modelsim-why">{share_in_words(share)} has no known place or cannot be read</span>'


def _row(row: LibraryRow, of_class: tuple[int, str] | None) -> str:
    if row.state is State.UNREADABLE:
        cells = [("", "")] * (len(_HEADS) - 2)
        state = f"not read: {row.reason}"
    else:
        cells = [
            (row.architecture, escaped(row.architecture)),
            (str(of_class[0]) if of_class else "", class_mark(*of_class) if of_class else ""),
            (str(row.size), size_text(row.size)),
            (row.precision, escaped(row.precision)),
            (" ".join(row.components), escaped(", ".join(row.components)) + _unplaced(row)),
            (row.short_hash, f"<code>{escaped(row.short_hash)}</code>"),
            (row.same[0] if row.same else "", "<br>".join(map(escaped, row.same))),
        ]
        state = row.state.value
    body = "".join(f'<td data-value="{escaped(value)}">{shown}</td>' for value, shown in cells)
    bad = ' class="modelsim-bad"' if row.state is State.UNREADABLE else ""
    name = escaped(row.name)
    model = f' data-model="{name}"' if row.state is State.INDEXED else ""
    return (
        f'<tr{bad}{model}><td data-value="{name}" title="{escaped(row.path)}">{name}</td>{body}'
        f'<td data-value="{row.state.value}">{escaped(state)}</td></tr>'
    )
