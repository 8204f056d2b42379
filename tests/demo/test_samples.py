"""The pictures that Find my model offers beside the demonstration are what their words say."""

from __future__ import annotations

import hashlib

import pytest

from lib_modelsim.demo import PICTURES
from lib_modelsim.demo.samples import FOLDER, SAMPLES
from lib_modelsim.pictures.opening import open_picture

RECORDED, JPEG, OTHER_SEED, STRANGE = (sample.file for sample in SAMPLES)


def test_they_are_all_there_and_small():
    assert {sample.file for sample in SAMPLES} == set(FOLDER.iterdir())
    assert sum(sample.file.stat().st_size for sample in SAMPLES) < 100_000
    assert {open_picture(sample.file).size for sample in SAMPLES} == {(128, 128)}


def test_the_record_names_a_file_of_the_family(family):
    content = (family / "tidewater_v3.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest().encode() in RECORDED.read_bytes()


@pytest.mark.parametrize("file", [JPEG, OTHER_SEED, STRANGE], ids=lambda file: file.stem)
def test_the_others_have_no_record(file):
    assert b"modelsim" not in file.read_bytes()
    assert file.read_bytes().startswith(b"\xff\xd8")


def test_the_pictures_are_of_files_of_the_family(family):
    named = {folder.name.rpartition(" [")[0]: folder.name[-11:-1] for folder in PICTURES.iterdir() if folder.is_dir()}
    assert len(named) == 8
    for name, short in named.items():
        content = (family / f"{name}.safetensors").read_bytes()
        assert hashlib.sha256(content).hexdigest().startswith(short), name


def test_each_gets_its_answer(demonstration):
    learned = demonstration.learned()
    recorded, jpeg, other, strange = (demonstration.ask(sample.file, learned) for sample in SAMPLES)
    assert recorded.ranking[0].model == "tidewater_v3"
    assert any(piece.kind.value == "record" for piece in recorded.evidence)
    assert jpeg.ranking[0].model == "inkwell-neon_v1"
    assert any(piece.kind.value == "picture" for piece in jpeg.evidence)
    assert other.ranking[0].model == "inkwell_v2.1"
    assert strange.ranking[0].probability < 0.9
