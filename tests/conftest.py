"""Small families of checkpoints, written once per session."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from lib_modelsim import demo

# machines under load are no failure; CI tries the same examples each time, people new ones
settings.register_profile("modelsim", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("modelsim")

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(autouse=True, scope="session")
def own_library(tmp_path_factory):
    """No test writes into the library of whoever runs it: platformdirs looks at these variables."""
    home = str(tmp_path_factory.mktemp("home"))
    before = {name: os.environ.get(name) for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA")}
    os.environ.update(dict.fromkeys(before, home))
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(autouse=True, scope="module")
def what_stays_is_not_looked_through():
    """The garbage collector passes over what earlier files of tests imported: beside torch, matplotlib and all tests, a
    full collection, of which every figure that is written asks for one, would take a third of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def interruptible():
    """Processes started in the test know Ctrl-C, as in a terminal: under nohup or after `&` they would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def shared():
    """The folder of measured data beside the repository."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder shared/ with the peers' numbers is not beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def shared_by_workers(tmp_path_factory, worker_id):
    """A folder that all workers of this run see."""
    root = tmp_path_factory.getbasetemp()
    return root if worker_id == "master" else root.parent


@contextmanager
def made_once(folder, make):
    """What all workers only read: the first who needs it has it made, the last who leaves it removes it, as pytest
    keeps the folders of three runs."""
    users, unfinished = folder.with_name(f"{folder.name}.users"), folder.with_name(f"{folder.name}.unfinished")
    mine = users / str(os.getpid())
    with FileLock(f"{folder}.lock"):
        users.mkdir(exist_ok=True)
        mine.touch()
        if not folder.exists():
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    yield folder
    with FileLock(f"{folder}.lock"):
        mine.unlink()
        if not any(users.iterdir()):
            shutil.rmtree(folder)


def by_tool(shared, *command):
    """Runs one of the tools of the shared folder."""
    tool, *arguments = command
    subprocess.run([sys.executable, shared / "tools" / tool, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="session")
def peer_family(shared, shared_by_workers):
    """The family whose scores two other programs printed: eight files, 400 MB."""
    make = partial(by_tool, shared, "make_checkpoints.py")
    with made_once(shared_by_workers / "peers", make) as folder:
        yield folder


@pytest.fixture(scope="session")
def trained_family(shared, shared_by_workers):
    """A family of SD 1.x checkpoints that was really trained: seven files of 27 MB, see shared/data/minihub."""
    make = partial(by_tool, shared, "train_minihub.py", "bake", shared / "data" / "minihub")
    with made_once(shared_by_workers / "minihub", make) as folder:
        yield folder


@pytest.fixture(scope="session")
def demo_folder(shared_by_workers):
    folder = shared_by_workers / "Höfe & Gärten"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def demo_family(demo_folder):
    """The demonstration's folder, written over what an interrupted start left; `told` beside it has its members' names,
    and it stays for who asks what it generates."""
    folder, told = demo_folder / "family", []
    with FileLock(demo_folder / "family.lock"):
        if not folder.exists():
            leftover = folder.with_name("family.partial")
            leftover.mkdir()
            (leftover / "harborlight-base_v1.safetensors").write_bytes(b"written by a start that was interrupted")
            demo.write_demo_family(folder, told.append)
            (demo_folder / "told").write_text("\n".join(told))
    return folder


@pytest.fixture(scope="session")
def small_family(tmp_path_factory):
    """Five SD 1.x files of 1 MB: `base`, its fine-tunes `anna` and `bert`, `carl` from `anna`, and `stranger`."""
    folder = tmp_path_factory.mktemp("small family")
    shapes = demo.sd1_shapes(4, 16, 1)
    base = demo.draw(shapes, seed=1)
    anna = demo.train(base, seed=2, size=0.1)
    family = {
        "base": base,
        "anna": anna,
        "bert": demo.train(base, seed=3, size=0.1),
        "carl": demo.train(anna, seed=4, size=0.02),
        "stranger": demo.draw(shapes, seed=5),
    }
    for name, weights in family.items():
        demo.save(folder / f"{name}.safetensors", weights)
    return folder
