"""PyTorch pickles: what torch.save writes, and wrote, is read with the same values."""

import io
import re
import struct
import sys
import time
import types
from collections import OrderedDict

import pytest

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError

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

ZIP, STREAM = {"_use_new_zipfile_serialization": True}, {"_use_new_zipfile_serialization": False}


# ---- files that torch.save wrote


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def state_dict(torch):
    base = torch.randn(6, 5)
    return OrderedDict(
        {
            "double": torch.randn(3, dtype=torch.float64),
            "single": torch.randn(2, 3, 4),
            "half": torch.randn(7).half(),
            "bfloat": torch.randn(7).bfloat16(),
            "e4m3": torch.randn(9).to(torch.float8_e4m3fn),
            "e5m2": torch.randn(9).to(torch.float8_e5m2),
            "parameter": torch.nn.Parameter(torch.randn(2, 2)),
            "transposed": torch.randn(4, 3).t(),
            "permuted": torch.randn(2, 3, 4, 5).permute(3, 1, 0, 2),
            "part": base[1:4, 2:],
            "column": base[:, 1],
            "whole": base,
            "tied": base,
            "expanded": torch.randn(1).expand(5),
            "scalar": torch.tensor(2.5),
            "empty": torch.zeros(0, 3),
            "position_ids": torch.arange(77).expand((1, -1)),
            "mask": torch.ones(3, dtype=torch.bool),
        }
    )


def assert_same_values(checkpoint, state_dict):
    from lib_modelsim.checkpoints.values import TORCH, ValueReader

    values, buffers = ValueReader(), {"position_ids", "mask", "scalar", "empty"}
    assert {tensor.key for tensor in checkpoint.tensors} == set(state_dict)
    assert set(checkpoint.weights) == set(state_dict) - buffers
    assert set(checkpoint.extras) == buffers
    for key, weight in checkpoint.weights.items():
        original = state_dict[key].detach()
        assert weight.stored.shape == tuple(original.shape)
        assert TORCH[weight.stored.dtype] == original.dtype
        assert values.flat(weight, 0, weight.stored.count).float().tolist() == original.float().reshape(-1).tolist(), (
            key
        )


@pytest.mark.parametrize("form", [ZIP, STREAM], ids=["zip", "stream"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_every_kind_of_tensor(torch, tmp_path, state_dict, form, protocol):
    path = tmp_path / "a model.ckpt"
    torch.save({"state_dict": state_dict, "global_step": 840000}, path, pickle_protocol=protocol, **form)
    checkpoint = open_checkpoint(path)
    assert_same_values(checkpoint, state_dict)
    assert checkpoint.metadata == {"global_step": "840000"}
    assert checkpoint.format == "pickle"
    offsets = [tensor.offset for tensor in checkpoint.tensors]
    assert offsets == sorted(offsets)


@pytest.mark.parametrize("form", [ZIP, STREAM], ids=["zip", "stream"])
def test_trainer_state_of_classes_that_are_not_installed(torch, tmp_path, state_dict, form):
    module = types.ModuleType("gone_trainer")
    for class_name in ("ModelCheckpoint", "Config"):
        setattr(module, class_name, type(class_name, (), {"__module__": "gone_trainer"}))
    module.Names = type("Names", (dict,), {"__module__": "gone_trainer"})
    sys.modules["gone_trainer"] = module
    callback, config = module.ModelCheckpoint(), module.Config()
    callback.best, config.parent, config.numbers = torch.tensor(0.5), config, {1, 2, frozenset({3})}
    trainer = {
        "epoch": 3,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": state_dict,
        "callbacks": {module.ModelCheckpoint: callback},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.randn(3)}}}],
        "hyper_parameters": module.Names(config=config, loss=torch.nn.Linear(2, 2)),
        "rate": pytest.importorskip("numpy").float64(0.1),
    }
    path = tmp_path / "trained.ckpt"
    torch.save(trainer, path, **form)
    del sys.modules["gone_trainer"]

    checkpoint = open_checkpoint(path)
    assert_same_values(checkpoint, state_dict)
    assert checkpoint.metadata == {"epoch": "3", "pytorch-lightning_version": "1.4.2"}
    assert "gone_trainer" not in sys.modules


@pytest.mark.parametrize("form", [ZIP, STREAM], ids=["zip", "stream"])
def test_tensors_with_attributes_and_of_subclasses(torch, tmp_path, form):
    parameter = torch.nn.Parameter(torch.randn(3))
    parameter.note = "kept as state"
    subclass = torch.randn(3).as_subclass(
        type("Marked", (torch.Tensor,), {"__module__": "__main__", "__qualname__": "Marked"})
    )
    sys.modules["__main__"].Marked = type(subclass)
    try:
        torch.save({"parameter": parameter, "subclass": subclass}, tmp_path / "a.pt", **form)
    finally:
        del sys.modules["__main__"].Marked
    plain = {"parameter": parameter.detach(), "subclass": subclass.as_subclass(torch.Tensor)}
    assert_same_values_of(open_checkpoint(tmp_path / "a.pt"), plain)


def assert_same_values_of(checkpoint, tensors):
    from lib_modelsim.checkpoints.values import ValueReader

    values = ValueReader()
    assert {key: values.matrix(weight).tolist() for key, weight in checkpoint.weights.items()} == {
        key: tensor.tolist() for key, tensor in tensors.items()
    }


def test_the_literal_files_of_these_tests_are_what_torch_reads(torch):
    entries = dict_of({"a": MATRIX, "b": tensor(storage("1", 2, "HalfStorage"), (2,), (1,))})
    stored = {"0": FOUR, "1": struct.pack("<2e", 5, 6)}
    legacy = entries.replace(b"tQ", b"NtQ")  # its references have one more field, the view: None
    for raw in (
        zip_file(pickled(entries), stored),
        stream_file(pickled(legacy), {"0": (4, stored["0"]), "1": (2, stored["1"])}),
    ):
        loaded = torch.load(io.BytesIO(raw), weights_only=True)
        assert {key: tensor.tolist() for key, tensor in loaded.items()} == {"a": [[1, 2], [3, 4]], "b": [5, 6]}


@pytest.mark.parametrize("form", [ZIP, STREAM], ids=["zip", "stream"])
def test_1131_tensors_open_and_how_long_that_takes(torch, tmp_path, form):
    tensors = {f"model.diffusion_model.input_blocks.{i}.0.in_layers.0.weight": torch.zeros(2) for i in range(1131)}
    torch.save({"state_dict": tensors}, tmp_path / "model.ckpt", **form)
    started = time.process_time()
    assert len(open_checkpoint(tmp_path / "model.ckpt").tensors) == 1131
    print(f"\n1131 tensors opened: {time.process_time() - started:.2f} s of the processor")


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("make", ["sparse", "quantised", "negative"])
def test_tensors_whose_bytes_are_not_their_values(torch, tmp_path, make):
    odd = {
        "sparse": lambda: torch.eye(3).to_sparse(),
        "quantised": lambda: torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.qint8),
        "negative": lambda: torch.tensor([1 + 2j]).conj().imag,
    }[make]()
    torch.save({"good": torch.zeros(2), "odd": odd}, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="odd"):
        open_checkpoint(tmp_path / "model.pt")


# ---- where the tensors are


def keys(checkpoint):
    return [tensor.key for tensor in checkpoint.tensors]


NESTED = {
    "at the top": (dict_of({"a": MATRIX, "step": number(3)}), ["a"]),
    "in state_dict alone": (dict_of({"b": MATRIX, "state_dict": dict_of({"a": MATRIX})}), ["a"]),
    "in model": (dict_of({"model": dict_of({"a": MATRIX}), "optimizer": dict_of({"b": MATRIX})}), ["a"]),
    "in model, in state_dict": (dict_of({"model": dict_of({"state_dict": dict_of({"a": MATRIX})})}), ["a"]),
    "with a leftover": (dict_of({"state_dict": dict_of({"a": MATRIX, "state_dict": dict_of({"b": MATRIX})})}), ["a"]),
    "in dicts of any name": (
        dict_of({"unet": dict_of({"a": MATRIX}), "vae": dict_of({"a": MATRIX})}),
        ["unet.a", "vae.a"],
    ),
    "in a textual inversion": (
        dict_of({"string_to_param": dict_of({"*": MATRIX}), "name": text("x")}),
        ["string_to_param.*"],
    ),
    "in Python 2's OrderedDict": (call("collections", "OrderedDict", b"](](" + text("a") + MATRIX + b"ee"), ["a"]),
}


@pytest.mark.parametrize("place", NESTED)
def test_finds_the_state_dict(read, place):
    body, expected = NESTED[place]
    assert keys(read(body)) == expected


def test_keys_that_are_no_text_are_left_out(read):
    assert keys(read(b"}(" + text("a") + MATRIX + number(1) + MATRIX + tuple_of(number(1)) + MATRIX + b"u")) == ["a"]


def test_metadata_are_the_plain_entries_at_the_top(read):
    entries = {"a": MATRIX, "sd_merge_recipe": text("{…}"), "step": number(7), "rate": b"G" + struct.pack(">d", 0.5)}
    entries |= {"odd": text("\ud800"), "huge": b"\x8b" + struct.pack("<i", 9000) + b"\x7f" * 9000, "none": b"N"}
    assert read(dict_of(entries)).metadata == {"sd_merge_recipe": "{…}", "step": "7", "rate": "0.5", "odd": "?"}


def test_any_name_of_the_archives_folder(read):
    assert keys(read(dict_of({"a": MATRIX}), root="v1-5 été")) == ["a"]


def test_views_of_very_old_streams(opened):
    view = tuple_of(text("v"), number(2), number(2))
    body = dict_of(
        {"a": tensor(storage("0", 4, view=view), (2,), (1,)), "b": tensor(storage("0", 4, view=b"N"), (4,), (1,))}
    )
    checkpoint = opened(stream_file(pickled(body), {"0": (4, FOUR)}))
    assert struct.unpack("<2f", checkpoint.read("a")) == (3, 4)
    beyond = dict_of({"a": tensor(storage("0", 4, view=view), (3,), (1,))})
    with pytest.raises(CheckpointError, match="beyond its storage"):
        opened(stream_file(pickled(beyond), {"0": (4, FOUR)}))


def test_rebuilders_of_the_first_versions_and_the_last(read):
    first = call("torch._utils", "_rebuild_tensor", storage("0", 4), number(1), numbers(2), numbers(1))
    size = call("torch", "Size", numbers(2))
    arguments = (storage("0", 16, "UntypedStorage"), number(2), size, numbers(1), b"\x89", NO_HOOKS)
    last = call("torch._utils", "_rebuild_tensor_v3", *arguments, name("torch", "bfloat16"))
    checkpoint = read(dict_of({"first": first, "last": last}))
    assert struct.unpack("<2f", checkpoint.read("first")) == (2, 3)
    assert (checkpoint.weights["last"].stored.dtype, checkpoint.read("last")) == ("BF16", FOUR[4:8])


def test_streams_of_python_2_whose_text_is_in_bytes(opened):
    body = dict_of({"a": tensor(storage("0", 4, view=b"N"), (4,), (1,)), "epoch": number(3)})
    short_strings = re.sub(rb"X(.)\0\0\0", rb"U\1", body, flags=re.DOTALL)
    checkpoint = opened(stream_file(pickled(short_strings), {"0": (4, FOUR)}))
    assert checkpoint.read("a") == FOUR
    assert checkpoint.metadata == {"epoch": "3"}
