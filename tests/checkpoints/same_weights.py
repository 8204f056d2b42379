"""Two checkpoints in other layouts, held against each other weight by weight."""

from __future__ import annotations

from pathlib import Path

import torch

from lib_modelsim.checkpoints.reader import Checkpoint, open_checkpoint
from lib_modelsim.checkpoints.values import ValueReader


def assert_same_weights(a: Path, b: Path, only_in_a: frozenset[str] = frozenset()) -> Checkpoint:
    """The two have the same common keys (but for `only_in_a`), places, shapes and values; returns a."""
    first, second = open_checkpoint(a), open_checkpoint(b)
    assert set(first.weights) - set(second.weights) == only_in_a
    assert set(second.weights) <= set(first.weights)
    read_first, read_second = ValueReader(), ValueReader()
    for key, weight in second.weights.items():
        other = first.weights[key]
        assert (other.component, other.block, other.shape) == (weight.component, weight.block, weight.shape), key
        assert torch.equal(read_first.matrix(other), read_second.matrix(weight)), key
    return first
