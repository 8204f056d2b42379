"""Finding the definitions of a registry: one file each, beside the registry's own."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType


def modules_beside(registry: str) -> list[ModuleType]:
    """The modules of the package that a registry (its `__name__`) is in, by name: files of ours, never a user's."""
    package = registry.rpartition(".")[0]
    folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    return [import_module(f".{name}", package) for name in names]
