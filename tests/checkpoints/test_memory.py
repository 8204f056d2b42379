"""A model in memory is read as its file is, and told from what it was before."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from lib_modelsim import demo
from lib_modelsim.checkpoints.header import header_of
from lib_modelsim.checkpoints.memory import memory_checkpoint
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.source import ReadError
from lib_modelsim.checkpoints.values import TORCH, ValueReader
from lib_modelsim.errors import CheckpointError


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """SDXL, whose second text encoder has fused matrices."""
    path = tmp_path_factory.mktemp("memory") / "xl.safetensors"
    demo.save(path, demo.draw(demo.sdxl_shapes(4), 1))
    return path


def flat(checkpoint, key, reader):
    weight = checkpoint.weights[key]
    return reader.flat(weight, 0, weight.stored.count)


def test_every_weight_is_what_it_is_in_the_file(file):
    on_disk, in_memory = open_checkpoint(file), memory_checkpoint("xl", load_file(file))
    assert in_memory.layout == on_disk.layout
    assert header_of(in_memory).components == header_of(on_disk).components
    reader = ValueReader()
    assert any("in_proj" in tensor.key for tensor in in_memory.tensors)
    for key, weight in on_disk.weights.items():
        assert torch.equal(flat(in_memory, key, reader), flat(on_disk, key, reader)), key
        assert torch.equal(reader.matrix(in_memory.weights[key]), reader.matrix(weight)), key
        assert in_memory.read(key) == on_disk.read(key), key


def test_nothing_is_copied_before_it_is_read_and_then_slice_by_slice():
    tensor = torch.arange(6.0).reshape(2, 3)
    weight = memory_checkpoint("x", {"a": tensor}).weights["a"]
    tensor[1, 1] = 40
    reader = ValueReader()
    assert reader.flat(weight, 2, 5).tolist() == [2, 3, 40]
    assert len(reader._buffer) == 3 * tensor.element_size()


def test_tensors_stand_in_memory_one_after_another_as_in_a_file():
    tensors = {"a": torch.arange(3.0), "none": torch.empty(0), "b": torch.tensor(5, dtype=torch.int16)}
    checkpoint = memory_checkpoint("x", tensors)
    (source,) = checkpoint.sources
    assert source.size == 3 * 4 + 2
    assert [bytes(stored.raw()) for stored in checkpoint.tensors] == [t.numpy().tobytes() for t in tensors.values()]


def test_a_model_that_is_written_to_while_it_is_read_is_told():
    tensor = torch.nn.Parameter(torch.arange(6.0))
    checkpoint = memory_checkpoint("x", {"a": tensor})
    checkpoint.check()
    with torch.no_grad():
        tensor.mul_(2)
    with pytest.raises(ReadError, match=r"the checkpoint changed while it was being read: \(in memory\) x"):
        checkpoint.check()


def test_tensors_of_the_inference_mode_are_read_too():
    with torch.inference_mode():
        checkpoint = memory_checkpoint("x", {"a": torch.arange(6.0)})
    assert flat(checkpoint, "a", ValueReader()).tolist() == list(range(6))
    checkpoint.check()


@given(st.sampled_from(sorted(TORCH)), st.integers(0, 5), st.integers(0, 5))
def test_views_and_precisions_are_read_in_the_order_of_their_rows(dtype, first, last):
    tensor = torch.arange(12.0).reshape(3, 4).to(TORCH[dtype]).T
    parameter = torch.nn.Parameter(tensor, requires_grad=False)
    checkpoint = memory_checkpoint("x", {"a": parameter})
    found = ValueReader().flat(checkpoint.weights["a"], first, last).float()
    assert torch.equal(found, tensor.float().reshape(-1)[first:last])


def test_the_identity_changes_with_weights_names_and_precision(file):
    tensors = load_file(file)
    before = memory_checkpoint("x", tensors).identity
    assert before == memory_checkpoint("x", load_file(file)).identity
    assert before.size == sum(tensor.nbytes for tensor in tensors.values())
    changed = []
    one = next(iter(tensors))
    changed.append(tensors | {one: tensors[one] * 1.01})
    changed.append(tensors | {one: tensors[one].float()})
    changed.append({key.replace(one, one + ".more"): tensor for key, tensor in tensors.items()})
    for other in changed:
        assert memory_checkpoint("x", other).identity.mtime_ns != before.mtime_ns
    assert 0 <= before.mtime_ns < 1 << 63


@pytest.mark.parametrize(
    "tensor", [torch.empty(2, device="meta"), torch.zeros(2, dtype=torch.complex64)], ids=["meta", "complex"]
)
def test_a_tensor_without_numbers_is_named(tensor):
    with pytest.raises(CheckpointError, match="a\\.weight"):
        memory_checkpoint("x", {"a.weight": tensor})


def test_a_quantised_weight_without_what_decodes_it_is_barred():
    found = memory_checkpoint("x", {"a.weight": torch.zeros(2), "a.weight.absmax": torch.zeros(1)})
    assert list(found.barred) == ["a.weight"]
    assert not found.weights
