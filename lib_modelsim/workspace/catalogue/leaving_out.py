"""Models that a person leaves out, by their names: their files are not read, and nothing is said of them but that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ...errors import ModelsimError
from ...text import readable
from .index import model_names, without_ending

Leaving = Callable[[Sequence[Path]], Collection[Path]]
"""Files → those of them that are left out."""


def nothing(_: Sequence[Path]) -> Collection[Path]:
    """Leaves no file out."""
    return ()


def by_pattern(files: Sequence[Path], patterns: Sequence[str]) -> list[Path]:
    """The files that a person means by names with or without ending, or by patterns such as "old*".

    Raises ModelsimError for one that means no file, or where none is left.
    """
    names = model_names(files)
    found: list[Path] = []
    for pattern in patterns:
        meant = [path for path, name in zip(files, names, strict=True) if means(pattern, name, readable(path.name))]
        if not meant:
            raise unknown(pattern, names)
        found += meant
    if files and len(set(found)) == len(files):
        raise ModelsimError("all models are left out", ", ".join(patterns), "leave out fewer")
    return found


def means(pattern: str, *names: str) -> bool:
    """Whether one of these names of a model is the one meant, or fits the pattern; upper and lower case are alike."""
    plain = without_ending(pattern).lower()
    lower = [name.lower() for name in names]
    own = [*lower, *map(without_ending, lower)]
    return plain in own or any(fnmatchcase(name, pattern.lower()) for name in own)


def unknown(pattern: str, names: Sequence[str]) -> ModelsimError:
    """What is said of a name that is no model's."""
    shown = f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    fix = f"use one of: {shown}; * stands for any letters" if names else "there are no models to leave out"
    return ModelsimError("no model to exclude is called", pattern, fix)
