"""A large file from a hub: fetched from a real server of our own, in spite of what networks and disks do."""

from __future__ import annotations

import pytest

from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.encoders.fetching import FetchError, fetch

from .hub import serving

CONTENT = bytes(range(256)) * (3 << 12)  # 3 MiB


@pytest.fixture
def hub():
    with serving(CONTENT) as made:
        yield made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "hub" / "clip.safetensors"


def part_of(target):
    return target.with_name("clip.safetensors.part")


def test_it_is_in_its_place_when_it_is_whole_and_bytes_are_told(hub, target):
    told = []
    fetch(f"{hub.url}/weights", target, "downloading", Job(told.append))
    assert target.read_bytes() == CONTENT
    assert not part_of(target).exists()
    assert (told[-1].done, told[-1].total, told[-1].unit) == (len(CONTENT), len(CONTENT), "B")


def test_after_a_lost_connection_it_goes_on_where_it_was(hub, target):
    hub.breaks_after = 1_000_000
    with pytest.raises(FetchError, match="connection failed") as caught:
        fetch(f"{hub.url}/weights", target, "downloading", Job())
    assert len(str(caught.value).splitlines()) == 1
    assert not target.exists()
    hub.breaks_after = None
    fetch(f"{hub.url}/weights", target, "downloading", Job())
    assert target.read_bytes() == CONTENT
    assert hub.served == [1_000_000, len(CONTENT) - 1_000_000]


def test_stop_ends_it_and_keeps_what_came(hub, target):
    told = []
    with pytest.raises(Cancelled):
        fetch(f"{hub.url}/weights", target, "downloading", Job(told.append, lambda: len(told) > 1))
    assert 0 < part_of(target).stat().st_size < len(CONTENT)
    assert not target.exists()
    fetch(f"{hub.url}/weights", target, "downloading", Job())
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("there", [CONTENT, CONTENT + b"more"])
def test_what_lay_there_whole_or_too_long_does_not_stop_it(hub, target, there):
    target.parent.mkdir()
    part_of(target).write_bytes(there)
    fetch(f"{hub.url}/weights", target, "downloading", Job())
    assert target.read_bytes() == CONTENT


def test_other_content_than_the_hub_names_is_refused_and_not_kept(hub, target):
    hub.content = CONTENT[::-1]
    with pytest.raises(FetchError, match="not the file that the hub lists"):
        fetch(f"{hub.url}/weights", target, "downloading", Job())
    assert not list(target.parent.iterdir())


def test_what_is_not_there_is_one_line(hub, target):
    with pytest.raises(FetchError, match="404"):
        fetch(f"{hub.url}/none", target, "downloading", Job())


def test_no_network_is_one_line(target):
    with pytest.raises(FetchError, match=r"connection failed.*check the network connection") as caught:
        fetch("http://127.0.0.1:9/weights", target, "downloading", Job())
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_line(hub, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchError, match="cannot be saved"):
        fetch(f"{hub.url}/weights", tmp_path / "file" / "clip.safetensors", "downloading", Job())
