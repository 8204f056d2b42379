"""The table of models: what each file is, its class, what hashes know of it, and the files that could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..checkpoints.identity import Identity
from ..figures.colours import class_colour
from ..service.index import Model, Unreadable, plain_name
from ..service.relatives import sameness_facts
from .words import escaped, size

ROW_FIELD = "modelsim_row"
"""Id of the hidden text field into which a click on a row writes the model's name."""

_ON_CLICK = (
    "const row = event.target.closest('tr[data-model]');"
    f"const field = document.querySelector('#{ROW_FIELD} textarea, #{ROW_FIELD} input');"
    "if (row && field) { field.value = row.dataset.model; field.dispatchEvent(new Event('input')); }"
)

_HEADS = ("Name", "Architecture", "Class", "Size", "Precision", "Format", "Hash", "The same as")


def models_table(
    models: Sequence[Model],
    unreadable: Sequence[Unreadable],
    classes: Mapping[str, tuple[int, str]],
    identities: Mapping[str, Identity],
) -> str:
    """`classes` (number, and name or "") and `identities` are by model name, and may lack models."""
    facts = sameness_facts(identities)
    rows = [
        _row(i, m, classes.get(m.name), identities.get(m.name), facts.get(m.name, [])) for i, m in enumerate(models)
    ]
    rows += [_unreadable_row(bad) for bad in unreadable]
    if not rows:
        return ""
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    return (
        f'<div class="modelsim-scroll"><table class="modelsim-models" onclick="{escaped(_ON_CLICK)}">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(
    position: int, model: Model, of_class: tuple[int, str] | None, identity: Identity | None, facts: Sequence[str]
) -> str:
    header = model.header
    main = header.components.get("unet") or next(iter(header.components.values()), None)
    cells = (
        f'<td title="{escaped(model.path)}">{escaped(model.name)}</td>',
        f"<td>{escaped(header.architecture)}</td>",
        f"<td>{class_mark(*of_class) if of_class else ''}</td>",
        f"<td>{size(model.key.size)}</td>",
        f"<td>{escaped(main.dtype) if main else ''}</td>",
        f"<td>{escaped(header.format)}</td>",
        f"<td><code>{escaped(identity.short_hash) if identity else ''}</code></td>",
        f"<td>{'<br>'.join(escaped(fact) for fact in facts)}</td>",
    )
    return f'<tr data-model="{escaped(model.name)}" data-row="{position}">{"".join(cells)}</tr>'


def _unreadable_row(bad: Unreadable) -> str:
    name = escaped(plain_name(bad.path))
    reason = f'<td colspan="{len(_HEADS) - 1}">not read: {escaped(bad.error)}</td>'
    return f'<tr class="modelsim-bad"><td title="{escaped(bad.path)}">{name}</td>{reason}</tr>'


def class_mark(number: int, name: str = "") -> str:
    """A dot in the colour of the class, its number, and what a person calls it."""
    called = f" {escaped(name)}" if name else ""
    return f'<span class="modelsim-class"><i style="background:{class_colour(number)}"></i>{number}{called}</span>'
