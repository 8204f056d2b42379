"""What a call of `recipe` asks about: files, folders and names → a target and what it may be made from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelsimError, NoSuchModel
from .options import open_library, require_there, workspace

if TYPE_CHECKING:
    from ..job import Job
    from ..workspace.catalogue.index import Index
    from ..workspace.workspace import Workspace

_RESULTS = (".sqlite", ".sqlite3", ".db")
"""Endings of a file that keeps results."""


@dataclass(frozen=True)
class RecipeQuestion:
    """`target` and `base` are named as in `index`; without a target all are meant."""

    use: Workspace
    index: Index
    target: str | None
    base: str | None


@contextmanager
def asked(options: argparse.Namespace, job: Job) -> Iterator[RecipeQuestion]:
    """The question, as long as its workspace is open. Raises ModelsimError for what was named and is not there."""
    known = _library(options)
    if not options.paths and not (options.all and known):
        raise ModelsimError("no checkpoint is given", None, "write recipe TARGET PATH …, or recipe --all PATH …")
    typed = [*options.paths, *options.parents, *([Path(options.base)] if options.base else [])]
    named = [each for each in typed if not os.path.lexists(each)]
    found = _look_up(options, [each for each in typed if each not in named] + known, named, job)
    paths = [found.get(each, each) for each in typed]
    with workspace(options, [*paths, *known], exclude=options.exclude) as use:
        index = use.read_index(job)
        target = None if options.all else _target(paths[0], index)
        base = _name_at(paths[-1], index) if options.base else None
        if options.base and base is None:
            _refuse(paths[-1], index, "the base")
        yield RecipeQuestion(use, index, target, base)


def _library(options: argparse.Namespace) -> list[Path]:
    """The further checkpoints that `--library` means; `options.library` is the results' file afterwards."""
    given, options.library = options.library or [], None
    folders: list[Path] = []
    for each in given:
        if each is None:
            continue
        if os.path.isdir(each):  # noqa: PTH112 - raises for no name
            folders.append(each)
            continue
        if not each.name.lower().endswith(_RESULTS):
            require_there([each])
            _require_results(each)
        if options.library is not None:
            raise ModelsimError("--library names two files that keep results", each, "name one of them")
        options.library = each
    return folders + (_known(options) if None in given else [])


def _require_results(file: Path) -> None:
    """Raises ModelsimError for a file that is plainly a checkpoint: `--library` took what stood behind it."""
    from ..checkpoints.files import ENDINGS

    if file.name.lower().endswith(ENDINGS):
        fix = "write --library behind the paths"
        raise ModelsimError("--library takes a folder, or the file that keeps the results", file, fix)


def _known(options: argparse.Namespace) -> list[Path]:
    """The checkpoints that the library knows and that are still there."""
    with open_library(options) as library:
        return [Path(path) for path, *_ in library.files() if os.path.lexists(path)]


def _look_up(options: argparse.Namespace, paths: Sequence[Path], names: Sequence[Path], job: Job) -> dict[Path, Path]:
    """Name → path, of models named rather than by a path: among those given, else among all that the library knows."""
    if not names:
        return {}
    from ..workspace.comparing.compare import model_called

    found: dict[Path, Path] = {}
    with workspace(options, paths) as use:
        index = use.read_index(job)
        everything: Index | None = None
        for name in names:
            try:
                found[name] = model_called(str(name), index.models, use.library).path
            except NoSuchModel:
                everything = everything or use.recall_index(_known(options))
                found[name] = _called(name, everything, use)
    return found


def _called(name: Path, index: Index, use: Workspace) -> Path:
    from ..workspace.comparing.compare import model_called

    try:
        return model_called(str(name), index.models, use.library).path
    except NoSuchModel as error:
        fix = "check the path, or the name; scan FOLDER makes the library know what is in a folder"
        raise ModelsimError("no such file, and no checkpoint of this name", name, fix) from error


def _target(where: Path, index: Index) -> str:
    name = _name_at(where, index)
    return _refuse(where, index, "the target") if name is None else name


def _name_at(where: Path, index: Index) -> str | None:
    """What the model at a path is called, also where the file has further paths."""
    wanted = _absolute(where)
    for model in index.models:
        if wanted in {_absolute(path) for path in (model.path, *(each.path for each in model.also_at))}:
            return model.name
    return None


def _refuse(where: Path, index: Index, what: str) -> str:
    """Raises ModelsimError that says why what a path leads to is no model."""
    wanted = _absolute(where)
    for bad in index.unreadable:
        if _absolute(bad.path) == wanted:
            raise ModelsimError(bad.error)
    inside = [model for model in index.models if _absolute(model.path).startswith(wanted + os.sep)]
    if not inside:
        raise ModelsimError(f"{what} is left out", where, "remove the --exclude that means it")
    from ..workspace.lineage.targets import counted_models

    fix = "name one of them, or use --all for all"
    raise ModelsimError(f"{what} is a folder", f"{where} with {counted_models(inside)}", fix)


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - links stay apart
