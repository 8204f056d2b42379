"""Whose weights an EMA copy is: by hashes where files were hashed, and where a few tensors agree, they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from ...checkpoints.content_hash import piece_digests
from ...checkpoints.extras import EMA_PREFIX, ema_name
from ...checkpoints.reader import Checkpoint
from ...checkpoints.source import ReadError
from ...checkpoints.stored import FLOATS, StoredTensor
from ...errors import CheckpointError
from ...job import Job, Stage
from ...library import Library
from ..catalogue.index import Model
from ..catalogue.sameness import ema_facts
from ..catalogue.scan import identified, known_identity

_TENSORS, _LARGEST = 3, 1 << 18
"""How many tensors are looked at before whole files are read, and of how many numbers at most: large enough that two
trainings never agree in them."""


def ema_copies(models: Sequence[Model], library: Library, job: Job) -> dict[str, list[str]]:
    """Model → "its EMA weights are those of v1-5-emaonly", "its UNet is the EMA copy in v1-5-pruned"; only models of
    which that is so.

    Reads three tensors of each file that was never hashed, where one of the models has an EMA copy, and to its end
    only what agrees in them. A file that cannot be read says nothing.
    """
    if not any(model.header.facts.ema for model in models):
        return {}
    known = {model.name: identity for model in models if (identity := known_identity(model, library)) is not None}
    wanted = _agreeing([model for model in models if model.name not in known], models)
    stage = Stage(job, "hashing", sum(model.key.size for model in wanted))
    for model in wanted:
        try:
            known[model.name] = identified(model, library, stage.advance)[1]
        except CheckpointError:  # the comparison has told what is wrong with it
            continue
    found = {name: ema_facts(name, known) for name in known}
    return {name: said for name, said in found.items() if said}


def _agreeing(unknown: Sequence[Model], models: Sequence[Model]) -> list[Model]:
    """The models without hashes that agree with another one in a few tensors of an EMA copy."""
    wanted: dict[str, Model] = {}
    for model in models:
        if model.header.facts.ema is None:
            continue
        for other in models:
            if other is not model and (model in unknown or other in unknown) and _agree(model, other):
                wanted |= {each.name: each for each in (model, other) if each in unknown}
    return list(wanted.values())


def _agree(model: Model, other: Model) -> bool:
    """Whether a few tensors of the one's EMA copy are the other's weights, both rounded to float16."""
    try:
        with ExitStack() as stack:
            copy, weights = (stack.enter_context(each.open()) for each in (model, other))
            pairs = list(_pairs(copy, weights))
            return bool(pairs) and all(_rounded(a) == _rounded(b) for a, b in pairs)
    except (CheckpointError, ReadError):
        return False


def _pairs(copy: Checkpoint, weights: Checkpoint) -> Iterator[tuple[StoredTensor, StoredTensor]]:
    """The largest tensors that are not too large, of the copy and of the weights."""
    own = {ema_name(key): stored for key, stored in copy.extras.items() if key.startswith(EMA_PREFIX)}
    theirs = {ema_name(key): weight.stored for key, weight in weights.weights.items() if weight.component == "unet"}
    shared = [name for name, stored in own.items() if name in theirs and 1 < stored.count <= _LARGEST]
    for name in sorted(shared, key=lambda name: (-own[name].count, name))[:_TENSORS]:
        if own[name].shape == theirs[name].shape:
            yield own[name], theirs[name]


def _rounded(stored: StoredTensor) -> str:
    if stored.dtype not in FLOATS or stored.strides is not None:
        return ""  # whole files tell
    return piece_digests(memoryview(stored.raw()), stored.dtype).float16
