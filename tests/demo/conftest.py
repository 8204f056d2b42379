"""The family, written once for all workers, and what it generates."""

from __future__ import annotations

import shutil

import pytest
from filelock import FileLock

from benchmarks.demonstration import Demonstration, other_seed
from lib_modelsim import demo


@pytest.fixture(scope="session")
def shared_by_workers(tmp_path_factory, worker_id):
    """A folder that all workers of this run see."""
    root = tmp_path_factory.getbasetemp()
    folder = (root if worker_id == "master" else root.parent) / "Höfe & Gärten"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def family(shared_by_workers):
    """The family's folder, written over what an interrupted start left; `told` beside it has the members' names."""
    folder, told = shared_by_workers / "family", []
    with FileLock(shared_by_workers / "family.lock"):
        if not folder.exists():
            leftover = folder.with_name("family.partial")
            leftover.mkdir()
            (leftover / "harborlight-base_v1.safetensors").write_bytes(b"written by a start that was interrupted")
            demo.write_demo_family(folder, told.append)
            (shared_by_workers / "told").write_text("\n".join(told))
    return folder


@pytest.fixture(scope="session")
def demonstration(shared_by_workers, family):
    """The family with the shipped gallery, and pictures of another seed to ask about, generated once."""
    made = Demonstration(shared_by_workers)
    with FileLock(shared_by_workers / "pictures.lock"):
        if not (made.folder / "gallery").exists():
            shutil.copytree(demo.PICTURES, made.folder / "gallery" / demo.SUITE)
        made.generate("other seeds", other_seed, probes=2)
    return made
