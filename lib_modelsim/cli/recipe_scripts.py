"""`recipe --write-script`: where the scripts go, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelsimError
from ..text import readable
from ..writing import write_text

if TYPE_CHECKING:
    from ..lineage.recipe import Recipe
    from .recipe_paths import RecipeQuestion


@dataclass(frozen=True)
class ScriptOutcome:
    """A script that was written, or why it was not; `alone`: it was the only one that was asked for, and was not."""

    program: str
    path: Path | None = None
    refused: ModelsimError | None = None
    alone: bool = False

    @property
    def told(self) -> str:
        """In a line."""
        return f"for {self.program}: {readable(self.path)}" if self.path else f"not written: {self.refused}"

    @property
    def document(self) -> dict[str, Any]:
        """In JSON."""
        error = None if self.refused is None else str(self.refused)
        return {"program": self.program, "path": readable(self.path) if self.path else None, "error": error}


def require_place(where: Path, several: bool) -> None:
    """Raises ModelsimError where no script can be written there."""
    from ..lineage.scripts.registry import programs

    if where.is_dir() or not where.suffix:
        return
    endings = [program.ending for program in programs()]
    if several:
        raise ModelsimError("with --all the scripts go into a folder", where, "name a folder")
    if where.suffix.lower() not in endings:
        fix = f"use {', '.join(endings)} or a folder"
        raise ModelsimError("no program takes a script with this ending", where, fix)


def write_scripts(where: Path | None, recipe: Recipe, question: RecipeQuestion) -> list[ScriptOutcome]:
    """Write what was asked for: the file of one program, or into a folder those of all that can repeat the merge."""
    if where is None:
        return []
    from ..lineage.scripts.registry import programs

    folder = where.is_dir() or not where.suffix
    found = []
    for program in programs():
        if not folder and where.suffix.lower() != program.ending:
            continue
        try:
            text = question.use.lineage.script(program, recipe, question.index)
            path = where / program.file_name(recipe.target) if folder else where
            found.append(ScriptOutcome(program.name, write_text(path, text)))
        except ModelsimError as error:
            found.append(ScriptOutcome(program.name, refused=error, alone=not folder))
    return found
