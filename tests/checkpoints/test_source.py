"""Where bytes come from: read as they stand, from one file, with few handles."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib_modelsim.checkpoints import source as source_module
from lib_modelsim.checkpoints.files import file_key
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.source import KEPT_OPEN, FileKey, FileSource, ReadError
from lib_modelsim.errors import CheckpointError

from .literal_files import entry, safetensors_file

BYTES = bytes(range(256))


@pytest.fixture
def path(tmp_path):
    """A file of 256 bytes, all different, written long ago."""
    path = tmp_path / "bytes"
    path.write_bytes(BYTES)
    os.utime(path, ns=(1, 1))
    return path


@pytest.fixture
def opened(monkeypatch):
    """The handles that sources opened."""
    open_file, handles = FileSource._open, []

    def opening(self):
        handles.append(open_file(self))
        return handles[-1]

    monkeypatch.setattr(FileSource, "_open", opening)
    return handles


def read(source, offset, count):
    buffer = bytearray(count)
    source.read_into(offset, memoryview(buffer))
    return bytes(buffer)


def now_open(handles):
    return sum(not handle.closed for handle in handles)


# what it says and reads


def test_a_file_says_what_it_is(path):
    source = FileSource(path)
    assert (source.name, source.size, str(source)) == ("bytes", 256, str(path))
    assert source.identity == file_key(path) == FileKey(str(path.resolve()), 256, 1)
    assert FileSource(path, "unet/bytes").name == "unet/bytes"


def test_any_bytes_of_a_file(path):
    with FileSource(path) as source:
        assert read(source, 0, 256) == BYTES
        assert read(source, 255, 1) == b"\xff"
        assert read(source, 3, 2) == b"\x03\x04"
        assert read(source, 256, 0) == b""


def test_a_read_that_comes_in_small_pieces_is_whole(path, monkeypatch):
    class Slow(source_module.io.FileIO):
        def readinto(self, buffer):
            return super().readinto(buffer[:3])

    monkeypatch.setattr(source_module.io, "FileIO", Slow)
    assert read(FileSource(path), 10, 100) == BYTES[10:110]


@pytest.mark.parametrize("size", [0, 100, 255])
def test_a_file_that_shrinks(path, size):
    with FileSource(path) as source:
        read(source, 0, 1)
        os.truncate(path, size)
        with pytest.raises(
            ReadError, match=r"the checkpoint changed while it was being read: .*bytes\. Fix: "
        ) as raised:
            read(source, 200, 56)
    assert raised.value.source is source


def test_a_read_beyond_the_end_of_an_unchanged_file(path):
    with pytest.raises(ReadError, match="the file is shorter than its size"):
        read(FileSource(path), 250, 7)


def test_a_file_that_is_not_there_or_goes(path, tmp_path):
    with pytest.raises(ReadError, match="cannot open"):
        FileSource(tmp_path / "missing")
    source = FileSource(path)
    path.unlink()
    with pytest.raises(ReadError, match="cannot open"):
        read(source, 0, 1)
    with pytest.raises(ReadError, match="cannot open"):
        source.check()


# whether it is still the file


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"other")


def grow(path):
    with open(path, "ab") as file:
        file.write(b"more")


def replace(path):
    other = path.with_name("other")
    other.write_bytes(BYTES[::-1])
    other.replace(path)


@pytest.mark.parametrize("change", [overwrite, grow, replace])
def test_a_file_that_changes_is_told_whether_it_is_open_or_not(path, change):
    closed = FileSource(path)
    with FileSource(path) as opened:
        read(opened, 0, 10)
        opened.check()
        change(path)
        with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
            opened.check()
        with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
            closed.check()
        with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
            read(closed, 0, 10)


def test_a_file_replaced_by_one_of_the_same_size_and_time(path):
    with FileSource(path) as source:
        read(source, 0, 10)
        replace(path)
        os.utime(path, ns=(1, 1))
        with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
            source.check()


def test_an_open_file_is_never_continued_in_the_file_that_took_its_place(path):
    with FileSource(path) as source:
        first = read(source, 0, 128)
        replace(path)
        assert first + read(source, 128, 128) == BYTES


# handles


def test_a_block_opens_a_file_once_and_closes_it(path, opened):
    with FileSource(path) as source:
        for offset in range(10):
            read(source, offset, 1)
        with source:
            read(source, 0, 1)
        assert (len(opened), now_open(opened)) == (1, 1)
    assert now_open(opened) == 0


def test_outside_of_a_block_nothing_stays_open(path, opened):
    source = FileSource(path)
    assert read(source, 0, 2) + read(source, 2, 2) == b"\0\1\2\3"
    assert (len(opened), now_open(opened)) == (2, 0)


def test_an_error_leaves_no_handle_behind(path, opened):
    with pytest.raises(ZeroDivisionError), FileSource(path) as source:
        1 / read(source, 0, 1)[0]
    with pytest.raises(ReadError), FileSource(path) as source:
        read(source, 0, 1000)
    assert now_open(opened) == 0


def test_hundreds_of_open_sources_take_few_handles(tmp_path, opened):
    sources = []
    for i in range(3 * KEPT_OPEN):
        (tmp_path / str(i)).write_bytes(bytes([i]) * 2)
        sources.append(FileSource(tmp_path / str(i)).__enter__())
    for offset in range(2):
        for i, source in enumerate(sources):
            assert read(source, offset, 1) == bytes([i])
        assert now_open(opened) == KEPT_OPEN
    assert len(opened) == 2 * 3 * KEPT_OPEN - KEPT_OPEN
    for source in sources:
        source.__exit__(None, None, None)
    assert now_open(opened) == 0
    with sources[-1] as last:  # the places are free again
        read(last, 0, 1)
        assert now_open(opened) == 1


def test_several_threads_read_one_file_at_once(path, opened):
    threads, meet = 8, threading.Barrier(8)

    def work(first):
        meet.wait(30)
        return all(read(source, offset, 7) == BYTES[offset : offset + 7] for offset in range(first, 240, 3))

    with FileSource(path) as source, ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(work, range(threads)))
    assert 1 <= len(opened) <= threads
    assert now_open(opened) == 0


# what is no file


def others(tmp_path, monkeypatch):
    """Places that are no files, each with its name."""
    (tmp_path / "folder").mkdir()
    yield "folder"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        yield "pipe"
    if hasattr(socket, "AF_UNIX"):
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
        yield "socket"
    if Path("/dev/zero").exists():
        (tmp_path / "device").symlink_to("/dev/zero")
        yield "device"


def test_what_is_no_file_is_told_at_once(tmp_path, monkeypatch):
    for name in others(tmp_path, monkeypatch):
        with pytest.raises(ReadError, match=f"this is not a regular file: .*{name}. Fix: "):
            FileSource(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_that_takes_the_place_of_a_file_is_not_waited_for(path):
    source = FileSource(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
        read(source, 0, 1)


# headers


CHECKPOINT = safetensors_file({"a": entry(0, 8, [2], "F32")}, bytes(8))


@pytest.mark.parametrize("moment", [1, 2, 3], ids=["before the first read", "within the header", "after the header"])
def test_a_file_replaced_while_its_headers_are_read(tmp_path, monkeypatch, moment):
    """Also where the mixture would look damaged."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(CHECKPOINT)
    os.utime(path, ns=(1, 1))
    read_into, left = FileSource.read_into, [moment]

    def reading(self, *place):
        left[0] -= 1
        if left[0] == 0:
            replace(path)
        read_into(self, *place)

    monkeypatch.setattr(FileSource, "read_into", reading)
    with pytest.raises(ReadError, match="the checkpoint changed while it was being read"):
        open_checkpoint(path)


def test_a_checkpoint_is_open_within_its_block_alone(tmp_path, opened):
    path = tmp_path / "model.safetensors"
    path.write_bytes(CHECKPOINT)
    checkpoint = open_checkpoint(path)
    assert checkpoint.identity == file_key(path)
    assert (len(opened), now_open(opened)) == (1, 0)
    with checkpoint:
        assert checkpoint.read("a") == checkpoint.read("a") == bytes(8)
        assert (len(opened), now_open(opened)) == (2, 1)
    assert now_open(opened) == 0
    overwrite(path)
    with pytest.raises(CheckpointError, match="the checkpoint changed while it was being read"):
        checkpoint.check()
