"""Pickles that lie, that call things, that want too much: nothing that a pickle says is done."""

import ast
import io
import os
import pickletools
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import lib_modelsim
from lib_modelsim.checkpoints.pickle_machine import _ACTIONS, MOST_STEPS
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError
from tests.effort import effort

from .literal_files import (
    FOUR,
    MATRIX,
    NO_HOOKS,
    call,
    dict_of,
    name,
    number,
    numbers,
    pickled,
    storage,
    stream_file,
    tensor,
    text,
    tuple_of,
    zip_file,
)


def keys(checkpoint):
    return [tensor.key for tensor in checkpoint.tensors]


# ---- nothing is executed

PACKAGE = Path(lib_modelsim.__file__).parent


def imported_and_used(tree):
    """The modules that a file imports, and the dotted names that it uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            yield ast.unparse(node)


def test_the_package_has_no_unpickler_in_it():
    forbidden = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    for path in PACKAGE.rglob("*.py"):
        used = set(imported_and_used(ast.parse(path.read_text(encoding="utf-8"))))
        assert not {word for word in used if word.split(".")[0] in forbidden}, path
        assert not {word for word in used if word.endswith(("torch.load", "Unpickler", "torch.jit.load"))}, path
        by_name = {"importlib.import_module"} if path.name == "discovery.py" else set()  # modules of the package alone
        assert not used & {"eval", "exec", "__import__", "importlib.import_module"} - by_name, path
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), path


def test_every_opcode_has_its_action():
    assert set(_ACTIONS) == {opcode.name for opcode in pickletools.opcodes} - {"STOP"}


COMMAND = text("echo executed > executed.txt")
CALLS = {
    "REDUCE": call("os", "system", COMMAND),
    "protocol 4's REDUCE": text("os") + text("system") + b"\x93" + tuple_of(COMMAND) + b"R",
    "INST": b"(" + COMMAND + b"ios\nsystem\n",
    "OBJ": b"(" + name("os", "system") + COMMAND + b"o",
    "NEWOBJ": name("os", "system") + tuple_of(COMMAND) + b"\x81",
    "NEWOBJ_EX": name("os", "system") + tuple_of(COMMAND) + b"}\x92",
    "BUILD": name("os", "environ") + dict_of({"x": COMMAND}) + b"b",
    "a class's setting": call("builtins", "setattr", name("os", "path"), text("sep"), text("!")),
    "EXT1": b"\x82\x01",
    "EXT4": b"\x84\xff\xff\xff\x7f",
    "a module that must not be imported": name("antigravity", "geohash"),
    "a persistent id that is no storage": tuple_of(text("module"), name("os", "system"), COMMAND) + b"Q",
}


@pytest.mark.parametrize("way", CALLS)
def test_calls_are_not_made(read, tmp_path, monkeypatch, way):
    monkeypatch.chdir(tmp_path)
    read(dict_of({"a": MATRIX}))  # what Python itself imports late (codecs) is there now
    modules, separator = set(sys.modules), os.path.sep
    checkpoint = read(dict_of({"callbacks": CALLS[way], "state_dict": dict_of({"a": MATRIX, "b": CALLS[way]})}))
    assert keys(checkpoint) == ["a"]
    assert set(sys.modules) == modules
    assert os.path.sep == separator
    assert [path.name for path in tmp_path.iterdir()] == ["model.ckpt"]


DEPENDENT = {
    "storage": tensor(call("os", "system", COMMAND), (2,), (1,)),
    "class of the storage": tensor(storage("0", 4, "EvilStorage"), (2,), (1,)),
    "module of the class": tensor(storage("0", 4).replace(b"ctorch\n", b"cother\n"), (2,), (1,)),
    "shape": tensor(storage("0", 4), (2,), (1,)).replace(numbers(2), call("os", "getpid"), 1),
    "parameter": call("torch._utils", "_rebuild_parameter", MATRIX.replace(b"_v2", b"_v9"), b"\x88", NO_HOOKS),
}


@pytest.mark.parametrize("what", DEPENDENT)
def test_a_tensor_that_depends_on_a_placeholder_is_an_error(read, what):
    with pytest.raises(CheckpointError, match=r"bad.*Fix: "):
        read(dict_of({"good": MATRIX, "bad": DEPENDENT[what]}))


def test_a_whole_pickled_model_is_told_by_its_class(read):
    with pytest.raises(CheckpointError, match=r"other than a state dict.*ldm\.LatentDiffusion"):
        read(name("ldm", "LatentDiffusion") + b")\x81" + dict_of({"weights": MATRIX}) + b"b")


# ---- tensors that lie

IMPOSSIBLE = {
    "beyond its storage": tensor(storage("0", 4), (5,), (1,)),
    "offset beyond": tensor(storage("0", 4), (2,), (1,), first=3),
    "stride beyond": tensor(storage("0", 4), (2,), (4,)),
    "negative offset": tensor(storage("0", 4), (2,), (1,), first=-1),
    "negative shape": tensor(storage("0", 4), (-2,), (1,)),
    "negative stride": tensor(storage("0", 4), (2,), (-1,)),
    "huge shape": tensor(storage("0", 4), (1 << 40, 1 << 40), (0, 0)),
    "shape beyond 63 bits": tensor(storage("0", 4), (1 << 70,), (0,)),
    "expanded to 4 TB": tensor(storage("0", 4), (1 << 40,), (0,)),
    "more strides than axes": tensor(storage("0", 4), (2,), (1, 1)),
    "storage longer than its record": tensor(storage("0", 5), (2,), (1,)),
    "storage of 2^62 elements": tensor(storage("0", 1 << 62), (2,), (1,)),
    "negative storage": tensor(storage("0", -4), (2,), (1,)),
    "no such record": tensor(storage("7", 4), (2,), (1,)),
    "record outside its folder": tensor(storage("../data.pkl", 4), (2,), (1,)),
    "text as shape": tensor(storage("0", 4), (2,), (1,)).replace(numbers(2), text("ab")),
}


@pytest.mark.parametrize("lie", IMPOSSIBLE)
def test_refuses_a_tensor(read, lie):
    with pytest.raises(CheckpointError, match="Fix: "):
        read(dict_of({"a": IMPOSSIBLE[lie]}))


# ---- pickles that want too much

NESTING = 50_000
HOSTILE = {
    "LONG_BINPUT": text("a") + b"r\xff\xff\xff\xff" + MATRIX,
    "100,000 lists": text("a") + MATRIX + text("b") + b"]" * 100_000 + b"a" * 99_999,
    "deep tuples": text("a") + MATRIX + text("b") + b"]" + b"\x85" * NESTING,
    "deep dicts": text("a") + MATRIX + text("b") + b"}" + (text("k") + b"}") * NESTING + b"s" * NESTING,
    "a tuple of itself twice, 2^60 in all": text("a") + MATRIX + text("b") + b"]" + b"2\x86" * 60,
    "a hostile key": text("a") + MATRIX + b"]" + b"2\x86" * 60 + b"N",
    "a dict within itself": text("a") + MATRIX + text("b") + b"}q\x01" + text("self") + b"h\x01s",
    "2^60 dicts": text("a")
    + MATRIX
    + text("b")
    + b"}"
    + (b"q\x010}(" + text("x") + b"h\x01" + text("y") + b"h\x01u") * 60,
    "parameters around parameters": text("a")
    + MATRIX
    + text("b")
    + b"N"
    + (b"q\x01" + name("torch._utils", "_rebuild_parameter") + b"h\x01\x85R") * 2000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_harmless_though_hostile(read, case):
    def work():
        assert keys(read(b"}(" + HOSTILE[case] + b"u")) == ["a"]

    assert effort(work) < 5_000_000


def test_a_checkpoint_within_itself(read):
    assert keys(read(b"}q\x01(" + text("a") + MATRIX + text("self") + b"h\x01u")) == ["a"]


DAMAGED = {
    "BINBYTES8 of 10 GB": b"\x8e" + struct.pack("<Q", 10_000_000_000),
    "BINUNICODE8 of 2^64 - 1": b"\x8d" + b"\xff" * 8,
    "BYTEARRAY8 of 2^63 - 1": b"\x96" + struct.pack("<Q", (1 << 63) - 1),
    "BINUNICODE of 4 GB": b"X\xff\xff\xff\xff",
    "LONG4 of 2 GB": b"\x8b\xff\xff\xff\x7f",
    "LONG4 of -1": b"\x8b\xff\xff\xff\xff",
    "INT of 100,000 digits": b"I" + b"9" * 100_000 + b"\n",
    "LONG of 100,000 digits": b"L" + b"9" * 100_000 + b"L\n",
    "FRAME cut short": b"\x95\xff",
    "no such opcode": b"\xff",
    "empty stack": b"000000",
    "no such memo": b"h\x05",
    "PUTs whose numbers share one hash": b"N" + b"".join(b"p%d\n" % (i * sys.hash_info.modulus) for i in range(40_000)),
    "no mark": b"ttttt",
    "a name without end": b"cos\nsys",
    "bad UTF-8": b"X\x01\x00\x00\x00\xff",
    "more opcodes than anyone needs": b"N0" * (MOST_STEPS // 2 + 1),
    "lists copied again and again": b"]("
    + b"N" * 20_000
    + b"eq\x01"
    + (name("collections", "OrderedDict") + b"h\x01\x85R0") * 200,
}


@pytest.mark.parametrize("case", DAMAGED)
def test_refuses_a_pickle(read, case):
    with pytest.raises(CheckpointError, match=r"pickle.*Fix: "):
        read(DAMAGED[case])


def test_a_frame_of_any_length_costs_nothing(read):
    assert keys(read(b"\x95" + b"\xff" * 8 + dict_of({"a": MATRIX}))) == ["a"]


# ---- archives and streams that lie

BODY = pickled(dict_of({"a": MATRIX}))
TWO = pickled(dict_of({"a": MATRIX, "b": tensor(storage("1", 4), (4,), (1,))}))
LEGACY = pickled(dict_of({"a": tensor(storage("0", 4, view=b"N"), (4,), (1,))}))


def test_a_compressed_pickle_or_storage_is_refused(opened):
    for record in ("data.pkl", "data/0"):
        with pytest.raises(CheckpointError, match=f"compressed.*{record}"):
            opened(zip_file(BODY, {"0": FOUR}, deflated=record))


def test_storages_that_overlap_in_the_archive(opened):
    raw = bytearray(zip_file(TWO, {"0": FOUR, "1": FOUR}))
    places = [raw.rindex(b"archive/data/0") - 4, raw.rindex(b"archive/data/1") - 4]  # of the headers' offsets
    raw[places[1] : places[1] + 4] = raw[places[0] : places[0] + 4]
    with pytest.raises(CheckpointError, match="overlaps"):
        opened(bytes(raw))


def test_records_beyond_the_files_end(opened):
    raw = bytearray(zip_file(BODY, {"0": FOUR}))
    place = raw.rindex(b"archive/data/0") - 46 + 20  # the two sizes in the directory's entry
    raw[place : place + 8] = struct.pack("<II", 1 << 30, 1 << 30)
    with pytest.raises(CheckpointError, match="beyond the end of the file"):
        opened(bytes(raw))


def test_an_archive_whose_directory_is_gone(opened):
    with pytest.raises(CheckpointError, match="damaged zip"):
        opened(zip_file(BODY, {"0": FOUR})[:-40])


def test_a_record_that_stands_twice(opened):
    file = io.BytesIO(zip_file(BODY, {"0": FOUR}))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("archive/data/0", FOUR)
    with pytest.raises(CheckpointError, match="two records of the same name"):
        opened(file.getvalue())


def test_other_zip_files(opened):
    with pytest.raises(CheckpointError, match="TorchScript"):
        opened(zip_file(BODY, {"0": FOUR}, more={"constants.pkl": b"\x80\x02)."}))
    with pytest.raises(CheckpointError, match="no PyTorch checkpoint"):
        opened(zip_file(BODY, {"0": FOUR}, root="a/b"))


def test_big_endian_files(opened):
    assert keys(opened(zip_file(BODY, {"0": FOUR}, more={"byteorder": b"little"}))) == ["a"]
    with pytest.raises(CheckpointError, match="big-endian"):
        opened(zip_file(BODY, {"0": FOUR}, more={"byteorder": b"big"}))
    with pytest.raises(CheckpointError, match="big-endian"):
        opened(stream_file(LEGACY, {"0": (4, FOUR)}, little_endian=False))


STREAMS = {
    "cut within a storage": stream_file(LEGACY, {"0": (4, FOUR)})[:-1],
    "cut before the storages": stream_file(LEGACY, {"0": (4, FOUR)})[:-24],
    "cut within the pickle": stream_file(LEGACY, {"0": (4, FOUR)})[:150],
    "another count": stream_file(LEGACY, {"0": (5, FOUR)}),
    "negative count": stream_file(LEGACY, {"0": (-4, FOUR)}),
    "a storage that nothing uses": stream_file(LEGACY, {"0": (4, FOUR), "9": (4, FOUR)}),
    "no storages": stream_file(LEGACY, {}),
    "keys that are no list": stream_file(LEGACY, {"0": (4, FOUR)}).replace(b"](" + text("0") + b"e", b"N"),
    "another magic number": pickled(number(7)),
    "a plain pickle": pickled(dict_of({"a": number(1)})),
    "another version": pickled(number(0x1950A86A20F9469CFC6C)) + pickled(number(1002)),
    "two bytes": b"\x80\x02",
    "a hostile pickle": pickled(call("os", "system", COMMAND)),
}


@pytest.mark.parametrize("case", STREAMS)
def test_refuses_a_stream(opened, case):
    with pytest.raises(CheckpointError, match="Fix: ") as caught:
        opened(STREAMS[case])
    assert str(caught.value).isprintable()


def test_the_tar_format_of_the_first_versions(opened):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:") as archive:
        archive.addfile(tarfile.TarInfo("sys_info"), io.BytesIO())
    with pytest.raises(CheckpointError, match="tar archive"):
        opened(file.getvalue())


def test_files_that_are_none(tmp_path):
    with pytest.raises(CheckpointError, match="cannot open"):
        open_checkpoint(tmp_path / "missing.ckpt")
    with pytest.raises(CheckpointError, match="Fix: "):
        open_checkpoint(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ckpt")
        with pytest.raises(CheckpointError, match="this is not a regular file"):
            open_checkpoint(tmp_path / "pipe.ckpt")


def test_no_tensors(read):
    with pytest.raises(CheckpointError, match="no tensors"):
        read(dict_of({"step": number(1)}))
