"""A part of the campaign of benchmarks/picture_fuzz.py, and what large pictures take."""

from __future__ import annotations

import sys

import pytest

from benchmarks.large_pictures import above, write
from benchmarks.picture_fuzz import campaign
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.pictures.records.registry import readers

from .mutated import FORMATS, whole_pictures


def test_whatever_is_wrong_with_a_picture_is_one_line_at_once():
    found = campaign(300, seed=2)
    assert found.strange == []
    assert found.slowest[0] < 1, found.slowest[1]
    assert min(found.opened, found.record_alone, found.refused) > 20
    assert len(found.programs) >= 10, "the damage leaves something to read"


def test_the_campaign_has_every_format_and_the_record_of_every_program():
    assert len(FORMATS) == 8
    read = [[record.program for record in read_records(content).records] for content in whole_pictures()]
    assert all(read), "each is read as long as it is whole"
    missing = {reader.program for reader in readers()} - {program for programs in read for program in programs}
    assert missing == set(), "give RECORDS of record_samples.py a record of each program"


@pytest.mark.skipif(sys.platform == "win32", reason="the peak is not known there")
@pytest.mark.parametrize("kind", ["RGB", "RGBA", "palette", "JPEG"])
def test_a_large_picture_takes_little_more_memory_than_its_pixels(tmp_path, kind):
    write(tmp_path / "large", kind, 5000)
    megabytes, _ = above(tmp_path / "large", kind, 5000)
    assert megabytes < 100
