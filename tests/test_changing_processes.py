"""Another process changes a checkpoint all the time: every answer is that of one of its contents, or there is none."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from lib_modelsim import demo
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.detail import detail
from lib_modelsim.workspace.comparing.differences import differences
from lib_modelsim.workspace.comparing.elements import elements
from lib_modelsim.workspace.families.classify import FamilyRequest, classify

WRITER = Path(__file__).with_name("endless_writer.py")
SECONDS = 2

CHANGES = pytest.mark.parametrize("change", ["replaced", "overwritten", "truncated", "restored"])


def few(shapes):
    """The first blocks of the UNet: the rest would make each answer take five times as long."""
    kept = re.compile(r"model\.diffusion_model\.(time_embed|input_blocks\.[0-2]\.|out\.)")
    return {key: shape for key, shape in shapes.items() if kept.match(key)}


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Two contents of one file, of one header and size, and the file that they are compared with: of few keys, so that
    there are many answers, and wide, so that a change comes in the middle of one."""
    folder, shapes = tmp_path_factory.mktemp("contents"), few(demo.sd1_shapes(16, 16, 1))
    for i, name in enumerate(("one", "two", "fixed")):
        demo.save(folder / f"{name}.safetensors", demo.draw(shapes, seed=i))
    return folder


@pytest.fixture
def folder(contents, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    shutil.copyfile(contents / "one.safetensors", models / "changing.safetensors")
    shutil.copyfile(contents / "fixed.safetensors", models / "fixed.safetensors")
    return models


@contextmanager
def changing(change, folder, contents):
    names = [contents / "two.safetensors", contents / "one.safetensors"]
    command = [sys.executable, WRITER, change, folder / "changing.safetensors", *names]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline().strip() == b"ready"
        try:
            yield
        finally:
            writer.kill()


def answers(ask, folder, library=None):
    """What asking again and again gives; None where the file could not be read as one."""
    found, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end or len(found) < 8:
        with nullcontext(library) if library is not None else Library(None) as use:
            found.append(ask(folder, use))
    return found


def hashes(folder, library):
    found = scan([folder], library, Job())
    assert len(found.found) + len(found.unreadable) == 2  # a row says why
    known = {model.name: identity for model, identity in found.found}
    return known["changing"].to_dict() if "changing" in known else None


def compared(folder, library):
    found = compare([folder], "l2", None, library, Job(), "cpu")
    return found if len(found.models) == 2 else None


def distance(folder, library):
    found = compared(folder, library)
    return None if found is None else found.matrix.values[0, 1].tolist()


def of_keys(folder, library):
    """By key, in detail, and value by value."""
    found = compared(folder, library)
    if found is None:
        return None
    try:
        keys = elements(found, Job(), "cpu")
        told = detail(found, ("changing", "fixed"), library, Job(), "cpu")
        counts = differences(found, Job(), "cpu")
    except ModelsimError:
        return None
    return (
        found.matrix.values[0, 1].tolist(),
        [key.value for key in keys],
        [(key.key, key.l2) for key in told.most],
        [one.counts.tolist() for one in counts],
    )


def in_a_tree(folder, library):
    found = classify([folder], FamilyRequest("l2"), library, Job(), "cpu")
    return [family.distances.tolist() for family in found.families] if len(found.models) == 2 else None


def pure(ask, contents, tmp_path):
    """The answers of the two contents."""
    found = []
    for name in ("one", "two"):
        models = tmp_path / name
        models.mkdir()
        shutil.copyfile(contents / f"{name}.safetensors", models / "changing.safetensors")
        shutil.copyfile(contents / "fixed.safetensors", models / "fixed.safetensors")
        with Library(None) as library:
            found.append(ask(models, library))
    return found


ASKED = (hashes, distance, of_keys, in_a_tree)


def everything(folder, library):
    return [ask(folder, library) for ask in ASKED]


@CHANGES
def test_no_answer_is_a_mixture(folder, contents, tmp_path, change):
    expected = pure(everything, contents, tmp_path)
    with changing(change, folder, contents):
        found = answers(everything, folder)
    given = [sum(answer[i] is not None for answer in found) for i in range(len(ASKED))]
    print(f"{change}: of {len(found)} answered {given}")
    for i, ask in enumerate(ASKED):
        for answer in (one[i] for one in found if one[i] is not None):
            if ask is of_keys:  # its parts are read one after the other, and the file may change between them
                assert all(part in [of[i][k] for of in expected] for k, part in enumerate(answer)), ask.__name__
            else:
                assert answer in [of[i] for of in expected], ask.__name__


@pytest.mark.parametrize("change", ["replaced", "overwritten", "truncated"])
def test_nothing_wrong_is_remembered(folder, contents, tmp_path, change):
    with Library(tmp_path / "library.sqlite") as library:
        with changing(change, folder, contents):
            answers(hashes, folder, library)
            answers(distance, folder, library)
        shutil.copyfile(contents / "two.safetensors", folder / "changing.safetensors")  # what a kill left half written
        for ask in (hashes, distance):
            remembered = ask(folder, library)
            with Library(None) as anew:
                assert remembered == ask(folder, anew)
