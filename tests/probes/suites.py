"""Suites and checkpoints that several tests draw."""

from __future__ import annotations

from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.probes.suite import Probe, Suite
from tests.probes.fake_engine import drawable

CHECKPOINTS = [drawable(name) for name in ("anna", "bert", "carl", "dora")]


def forty_pictures() -> Suite:
    """Ten pictures of each of the four checkpoints."""
    cat = Probe("cat", Parameters(prompt="a cat"), seeds=(1, 2, 3, 4, 5))
    dog = Probe("dog", Parameters(prompt="a dog"), seeds=(1, 2, 3, 4, 5))
    return Suite("pets", (cat, dog))


def one_picture() -> Suite:
    """One probe, one seed."""
    return Suite("one", (Probe("cat", Parameters(prompt="a cat")),))
