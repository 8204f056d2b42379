"""What docs/extending.md says of encoders and record readers is true: its examples are registered and used."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.pictures.encoders import registry as encoders
from lib_modelsim.pictures.records import registry as readers
from lib_modelsim.pictures.records.form import named
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.workspace.finding.encoders import encoder_named, offered, readiness
from lib_modelsim.workspace.finding.index import GalleryIndex
from tests.workspace.finding import MODELS, PROBES, draw_gallery

from .scenes import scene

DOCS = Path(__file__).parents[2] / "docs" / "extending.md"


def example(heading):
    """The names that a section's example defines; a section has fewer than 30 lines of code."""
    section = re.split(r"^## ", DOCS.read_text("utf-8").partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert code.count("\n") < 30
    assert max(map(len, code.split("\n"))) <= 120
    defined = {}
    exec(compile(code, str(DOCS), "exec"), defined)
    return defined


@pytest.fixture
def brightness():
    kind = example("Add an encoder")["KIND"]
    encoders.register(kind)
    yield kind.name
    encoders.forget(kind.name)


def test_the_encoder_of_the_docs_is_offered_and_searches(brightness, tmp_path):
    host = Folders([], tmp_path, Settings())
    assert brightness in offered(host)
    assert readiness(brightness, host).ready
    vectors = encoder_named(brightness).encode([scene(1), scene(2)])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    draw_gallery(tmp_path)
    learned = GalleryIndex(tmp_path, encoder_named(brightness)).learned(Job())
    assert learned.search.examples.vectors.shape == (2 * len(MODELS) * len(PROBES), 256)


def test_the_record_reader_of_the_docs_reads(tmp_path):
    reader = example("Add a record reader")["READER"]
    texts = PngInfo()
    texts.add_text("paintbox", '{"model": "boat.safetensors", "hash": "0123456789", "prompt": "a boat"}')
    scene(1).save(tmp_path / "boat.png", pnginfo=texts)
    assert read_records(tmp_path / "boat.png").records == ()
    readers.register(reader)
    try:
        (record,) = read_records(tmp_path / "boat.png").records
    finally:
        readers.forget(reader.program)
    assert (record.program, record.prompt) == ("Paintbox", "a boat")
    assert record.checkpoints == (named("boat", "0123456789"),)
