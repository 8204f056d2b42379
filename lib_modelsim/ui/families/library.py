"""The table of all checkpoints: what each is, how far it is known, its class, and which others are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import for_page
from ...templates import render
from ...text import counted
from ...workspace.catalogue.originals import in_words
from ...workspace.catalogue.table import LibraryRow, State
from ..status import note
from ..view_state import Shown, ViewState
from .classes import ClassMark

if TYPE_CHECKING:
    from markupsafe import Markup

LEFT_OUT = "left out"

_HEADS = (
    ("Name", "text"),
    ("Network", "text"),
    ("Class", "number"),
    ("Size", "number"),
    ("Same as", "text"),
    ("Precision", "text"),
    ("Components", "text"),
    ("Hash", "text"),
    ("State", "text"),
)


class _Row(NamedTuple):
    """A checkpoint; `bad` where it cannot be read, sorted by `parts_by`, `remarks` and `said` are words;
    `leaves` where it can be left out."""

    name: str
    path: Path
    bad: bool
    indexed: bool
    network: str
    mark: ClassMark | None
    size: int | None
    precision: str
    parts: str
    parts_by: str
    remarks: Sequence[str]
    hash: str
    same: Sequence[str]
    copy: str
    state: str
    said: str
    why: str
    left_out: bool
    leaves: bool


def library_table(session: ViewState, shown: Shown) -> Markup:
    """All rows; what cannot be read tells why in its last cell. The script sorts, filters and marks them."""
    rows = session.backend.rows
    if not rows:
        return note("No checkpoints found", _where_to_put(session))
    memory = {model.path for model in session.backend.index.models if model.opener is not None}
    return render(
        "ui/templates/library.html",
        heads=_HEADS,
        rows=[_row(row, shown.classes.get(row.name), row.path in memory) for row in rows],
        counted=_counted(rows),
        copies=in_words([row.copy for row in rows if row.copy and not row.left_out]),
        without_memory=_without_memory(session),
    )


def _without_memory(session: ViewState) -> str:
    """Why the model in memory is not among the rows, where a WebUI does not let it be read."""
    host = session.backend.host
    return "" if host.name == "standalone" else host.cannot.get("loaded") or session.backend.memory or ""


def _where_to_put(session: ViewState) -> str:
    if session.backend.host.name == "standalone":
        folders = ", ".join(str(path) for path in session.backend.host.paths())
        return f"Put .safetensors or .ckpt files into {folders}, or add another folder."
    return "Put .safetensors or .ckpt files into the WebUI's models/Stable-diffusion folder and press Refresh."


def _counted(rows: Sequence[LibraryRow]) -> str:
    states = Counter(_state(row) for row in rows)
    return f"{counted(len(rows), 'checkpoint')}: " + ", ".join(f"{count:,} {state}" for state, count in states.items())


def _state(row: LibraryRow) -> str:
    return LEFT_OUT if row.left_out else row.state.value


def _said(row: LibraryRow) -> str:
    """What the last cell says: a row that cannot be read tells why."""
    if row.state is State.UNREADABLE and not row.left_out:
        return f"not read: {for_page(row.reason)}"
    return f"{_state(row)}, moved" if row.came_from else _state(row)


def _row(row: LibraryRow, of_class: tuple[int, str] | None, in_memory: bool) -> _Row:
    bad = row.state is State.UNREADABLE
    return _Row(
        name=row.name,
        path=row.path,
        bad=bad,
        indexed=row.state is State.INDEXED and not row.left_out,
        network=row.network,
        mark=ClassMark(*of_class) if of_class else None,
        size=row.size,
        precision=row.precision,
        parts=", ".join(row.components),
        parts_by=" ".join(row.components),
        remarks=row.remarks,
        hash=row.short_hash,
        same=[*(each.told for each in row.also_at), *row.same],
        copy=row.copy.told if row.copy else "",
        state=_state(row),
        said=_said(row),
        why=f"It was {row.came_from}. Its hash is known once it is read here." if row.came_from else "",
        left_out=row.left_out,
        leaves=not row.left_out and not in_memory,
    )
