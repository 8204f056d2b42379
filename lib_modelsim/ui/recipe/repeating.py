"""What repeats a merge: the scripts for other programs, and the fields of the WebUI's own Checkpoint Merger."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...hosts.host import Listed
from ...lineage.scripts import checkpoint_merger
from ...lineage.scripts.registry import programs
from ...workspace.lineage.targets import files_for

if TYPE_CHECKING:
    from ...lineage.recipe import Recipe
    from ..backend import Backend

_ELEMENTS = {
    "Primary model (A)": "modelmerger_primary_model_name",
    "Secondary model (B)": "modelmerger_secondary_model_name",
    "Tertiary model (C)": "modelmerger_tertiary_model_name",
    "Interpolation Method": "modelmerger_interp_method",
    "Multiplier (M)": "modelmerger_interp_amount",
    "Save as float16": "modelmerger_save_as_half",
}
"""Field of the Checkpoint Merger → its element, as A1111 1.10.1 (modules/ui_checkpoint_merger.py) and Forge have it."""


@dataclass(frozen=True)
class RepeatingScript:
    """What repeats a merge in a program, or why nothing does."""

    program: str
    file_name: str
    text: str = ""
    why_not: str = ""

    @property
    def address(self) -> str:
        """The script as a link has it."""
        return data_address(self.text, "text/plain")


def data_address(text: str, kind: str) -> str:
    """A file of this type for the browser to save, as it stands in a link."""
    content = base64.b64encode(text.encode(errors="backslashreplace")).decode()
    return f"data:{kind};charset=utf-8;base64,{content}"


def scripts_for(recipe: Recipe, backend: Backend) -> list[RepeatingScript]:
    """For every program that is known; one for all where none can, for one reason."""
    found = []
    for program in programs():
        name = program.file_name(recipe.target)
        try:
            text = program.write(recipe, files_for(recipe, backend.index.models))
            found.append(RepeatingScript(program.name, name, text))
        except ModelsimError as error:
            found.append(RepeatingScript(program.name, name, why_not=str(error)))
    same = not any(each.text for each in found) and len({each.why_not for each in found}) == 1
    return [RepeatingScript("", "", why_not=found[0].why_not)] if same else found


def merger_fields(recipe: Recipe, backend: Backend) -> str:
    """JSON for the script that fills the fields: id of an element → what goes in, or of what is left to the person its
    label; "" where the host has no such tab, or the tab cannot repeat the merge."""
    if not backend.host.is_webui:
        return ""
    try:
        fields = checkpoint_merger.fields_of(recipe, files_for(recipe, backend.index.models))
    except ModelsimError:
        return ""
    files = files_for(recipe, backend.index.models).paths
    listed, found = backend.host.listed(), {}
    for label, text in fields.items():
        is_model = label.endswith(("(A)", "(B)", "(C)"))
        found[_ELEMENTS.get(label, label)] = _title(text, files.values(), listed) if is_model else text
    return "" if None in found.values() else json.dumps(found)


def _title(file_name: str, files: Sequence[Path], listed: Sequence[Listed]) -> str | None:
    """What the host's menus call the file; None where it lists none, or several of this name are here."""
    paths = {path.resolve() for path in files if path.name == file_name}
    titles = [entry.title for entry in listed if entry.path.resolve() in paths]
    return titles[0] if len(paths) == len(titles) == 1 else None
