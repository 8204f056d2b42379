"""A method's results, block by block: remembered ones from the library, the others from the files.

A file that fails on the way is left out and told, and the finished blocks still hold for the rest. A block is finished
when every file is still the one that was indexed: a file that changes meanwhile gives no number, and its finished
blocks are not remembered either. It may be of its old size and time again, and its other blocks would be another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from numpy.typing import NDArray

from ...adapters.opened import OpenAdapter
from ...checkpoints.reader import Checkpoint
from ...checkpoints.source import ReadError
from ...errors import CheckpointError
from ...library import BlockResult, Library
from ..catalogue.index import HEADER_VERSION, Model, Unreadable

Arrays = dict[str, NDArray]

Opened = Checkpoint | OpenAdapter

Run = Callable[[Sequence[Opened], list[str]], Iterator[tuple[str, Arrays]]]
"""Makes the blocks of these names from the files."""


def cached_or_compute(
    method: str,
    group: Sequence[Model],
    wanted: Sequence[str],
    run: Run,
    library: Library,
    alone: bool = False,
    opening: Callable[[Model], Opened] = Model.open,
) -> tuple[list[Model], dict[str, BlockResult], list[Unreadable]]:
    """The wanted blocks' results of those models that can be read.

    `run(checkpoints, blocks)` makes the blocks that the library does not remember, one after the other; of a model
    `alone`, too, where that is asked for. `opening` opens a file, as a checkpoint unless another is given.
    """
    stored = stored_method(method)
    models, unreadable = list(group), []
    results: dict[str, BlockResult] = {}
    while len(models) > (0 if alone else 1):
        different = list({model.id: model for model in models}.values())  # copies known as such are read once
        ids = tuple(model.id for model in different)
        results = {
            block: result
            for block, result in (library.results(stored, ids) | results).items()
            if set(ids) <= set(result.models)
        }
        missing = [block for block in wanted if block not in results]
        if not missing:
            break
        opened, failed = _open(different, opening)
        if not failed:
            finished = []
            try:
                for block, arrays in _checked(run, opened, missing):
                    results[block] = BlockResult(ids, arrays)
                    library.remember_block(stored, ids, block, arrays)
                    finished.append(block)
                library.forget_smaller(stored, ids)
                break
            except ReadError as error:
                failed = [(different[i], error) for i, model in enumerate(opened) if error.source in model.sources]
                if not failed:
                    raise
                library.forget_blocks(stored, ids, finished)
        unreadable += [Unreadable(model.path, str(error)) for model, error in failed]
        models = [model for model in models if all(model is not bad for bad, _ in failed)]
    return models, results, unreadable


def stored_method(method: str) -> str:
    """A method's name in the library, with the version that changes whenever its numbers or the tables of blocks do."""
    return f"{method}/3.{HEADER_VERSION}"


def _checked(run: Run, opened: Sequence[Opened], blocks: list[str]) -> Iterator[tuple[str, Arrays]]:
    """What `run` makes, while every file is what it was when it was opened. Raises ReadError for one that is not."""
    with ExitStack() as stack:
        for checkpoint in opened:
            stack.enter_context(checkpoint)
        for block, arrays in run(opened, blocks):
            for checkpoint in opened:
                checkpoint.check()
            yield block, arrays


def _open(
    models: Sequence[Model], opening: Callable[[Model], Opened]
) -> tuple[list[Opened], list[tuple[Model, CheckpointError]]]:
    opened, failed = [], []
    for model in models:
        try:
            opened.append(opening(model))
        except CheckpointError as error:
            failed.append((model, error))
    return opened, failed
