"""The table of all checkpoints: what each is, how far it is known, its class, and which others are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import for_page
from ...figures.colours import ClassMark
from ...templates import render
from ...text import counted
from ...workspace.catalogue.originals import in_words, space_of_copies
from ...workspace.catalogue.table import LibraryRow, State, not_hashed_in_words
from ..status import note
from ..view_state import Shown, ViewState
from .from_before import other_now

if TYPE_CHECKING:
    from markupsafe import Markup

LEFT_OUT = "left out"

_TAIL = 14
"""Letters at the end of a name that are always shown: its version is there."""


class _Head(NamedTuple):
    """A column; the script orders by it as text or number, and gives it so many pixels. The name takes what is left."""

    name: str
    sort: str
    width: int | None = None


_HEADS = (
    _Head("Name", "text"),
    _Head("Class", "number", 84),
    _Head("Same as", "text", 220),
    _Head("State", "text", 92),
    _Head("Size", "number", 84),
    _Head("Network", "text", 104),
    _Head("Kind", "text", 104),
    _Head("Precision", "text", 88),
    _Head("Components", "text", 130),
    _Head("Hash", "text", 106),
)
"""The most important first: those that find no room are left out from the end."""


class _Menu(NamedTuple):
    """A filter: what it asks about, what it is called, and its values with what they are called and how many rows."""

    facet: str
    label: str
    values: Sequence[tuple[str, str, int]]


class _Row(NamedTuple):
    """A checkpoint, the end of its name by itself; `bad` where it cannot be read, sorted by `parts_by`, `remarks` and
    `said` are words; `leaves` where it can be left out."""

    name: str
    end: str
    path: Path
    bad: bool
    indexed: bool
    network: str
    kind: str
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
    other = other_now(session, shown.answer)
    classes = {name: of_class for name, of_class in shown.classes.items() if name not in other}
    memory = {model.path for model in session.backend.index.models if model.opener is not None}
    found = [row.copy for row in rows if row.copy and not row.left_out]
    several_kinds = len({row.kind for row in rows} - {""}) > 1
    return render(
        "ui/templates/library.html",
        heads=[head for head in _HEADS if several_kinds or head.name != "Kind"],
        several_kinds=several_kinds,
        rows=[_row(row, classes.get(row.name), row.path in memory) for row in rows],
        counted=counted(len(rows), "model"),
        states=[(state, count) for state, count in Counter(map(_state, rows)).items() if state != State.INDEXED.value],
        menus=[menu for menu in _menus(rows, classes) if len(menu.values) > 1],
        copies=space_of_copies(found),
        copies_why=in_words(found),
        hint="" if any(row.state is State.INDEXED for row in rows) else "Press Show families to read and compare them.",
        not_hashed=not_hashed_in_words(rows),
        unhashed=session.backend.unhashed,
        without_memory=_without_memory(session),
    )


def _menus(rows: Sequence[LibraryRow], of_model: Mapping[str, tuple[int, str]]) -> list[_Menu]:
    """What the rows can be narrowed to, beside their states; models have these classes."""
    kinds, networks = Counter(row.kind for row in rows), Counter(row.network for row in rows)
    classes = Counter(of_model[row.name] for row in rows if row.name in of_model)
    return [
        _Menu("kind", "Kind", [(kind, kind, count) for kind, count in sorted(kinds.items()) if kind]),
        _Menu("network", "Network", [(each, each, count) for each, count in sorted(networks.items()) if each]),
        _Menu("class", "Class", [(str(k), f"{k} {name}".strip(), n) for (k, name), n in sorted(classes.items())]),
    ]


def _without_memory(session: ViewState) -> str:
    """Why the model in memory is not among the rows, where a WebUI does not let it be read."""
    host = session.backend.host
    return "" if host.name == "standalone" else host.cannot.get("loaded") or session.backend.memory or ""


def _where_to_put(session: ViewState) -> str:
    if session.backend.host.name == "standalone":
        folders = ", ".join(str(path) for path in session.backend.host.paths())
        return f"Put .safetensors or .ckpt files into {folders}, or add another folder."
    return "Put .safetensors or .ckpt files into the WebUI's models/Stable-diffusion folder and press Refresh."


def _state(row: LibraryRow) -> str:
    return LEFT_OUT if row.left_out else row.state.value


def _said(row: LibraryRow) -> str:
    """What the cell of the state says."""
    return f"{_state(row)}, moved" if row.came_from else _state(row)


def _why(row: LibraryRow) -> str:
    """What there is to know of that."""
    if row.state is State.UNREADABLE:
        return for_page(row.reason)
    return f"It was {row.came_from}. Its hash is known once it is read here." if row.came_from else ""


def _row(row: LibraryRow, of_class: tuple[int, str] | None, in_memory: bool) -> _Row:
    bad = row.state is State.UNREADABLE
    end = row.name[-_TAIL:].lstrip() if len(row.name) > 2 * _TAIL else ""
    return _Row(
        name=row.name.removesuffix(end),
        end=end,
        path=row.path,
        bad=bad,
        indexed=row.state is State.INDEXED and not row.left_out,
        network=row.network,
        kind=row.kind,
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
        why=_why(row),
        left_out=row.left_out,
        leaves=not row.left_out and not in_memory,
    )
