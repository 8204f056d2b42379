"""Small families of checkpoints, written once per session."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
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
def peer_family(shared, tmp_path_factory):
    """The family whose scores two other programs printed: eight files, 400 MB."""
    folder = tmp_path_factory.mktemp("peers")
    subprocess.run([sys.executable, shared / "tools" / "make_checkpoints.py", folder], check=True, capture_output=True)
    yield folder
    shutil.rmtree(folder)  # pytest keeps the folders of three runs


@pytest.fixture(scope="session")
def trained_family(shared, tmp_path_factory):
    """A family of SD 1.x checkpoints that was really trained: seven files of 27 MB, see shared/data/minihub."""
    folder = tmp_path_factory.mktemp("minihub")
    tool = shared / "tools" / "train_minihub.py"
    subprocess.run([sys.executable, tool, "bake", shared / "data" / "minihub", folder], check=True, capture_output=True)
    yield folder
    shutil.rmtree(folder)


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
