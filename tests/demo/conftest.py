"""What the family generates."""

from __future__ import annotations

import shutil

import pytest
from filelock import FileLock

from benchmarks.demonstration import Demonstration, other_seed
from lib_modelsim import demo


@pytest.fixture(scope="session")
def family(demo_family):
    return demo_family


@pytest.fixture(scope="session")
def demonstration(demo_folder, family):
    """The family with the shipped gallery, and pictures of another seed to ask about, generated once."""
    made = Demonstration(demo_folder)
    with FileLock(demo_folder / "pictures.lock"):
        if not (made.folder / "gallery").exists():
            shutil.copytree(demo.PICTURES, made.folder / "gallery" / demo.SUITE)
        made.generate("other seeds", other_seed, probes=2)
    return made
