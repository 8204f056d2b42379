"""Finding the definitions of a registry: one file each, in one package."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType


def modules_in(package: str) -> list[ModuleType]:
    """The modules of one of our packages, by name: files of ours, never a user's."""
    folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    return [import_module(f".{name}", package) for name in names]
