"""The family, written once for all workers, and what it generates."""

from __future__ import annotations

import pytest
from filelock import FileLock

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
    folder, told = shared_by_workers / "demonstration", []
    with FileLock(shared_by_workers / "family.lock"):
        if not folder.exists():
            leftover = folder.with_name("demonstration.partial")
            leftover.mkdir()
            (leftover / "harborlight-v1.safetensors").write_bytes(b"written by a start that was interrupted")
            demo.write_demo_family(folder, told.append)
            (shared_by_workers / "told").write_text("\n".join(told))
    return folder
