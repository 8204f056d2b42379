"""Quantised weights are read as float32 numbers, a stretch at a time, as their makers' own code gives them."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.header import header_of
from lib_modelsim.checkpoints.identity import relation
from lib_modelsim.checkpoints.quantised.decoding import CHUNK, Decoded
from lib_modelsim.checkpoints.quantised.gguf_blocks import TYPES
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.checkpoints.values import ValueReader
from lib_modelsim.errors import CheckpointError

from .quantised_files import (
    E2M1,
    FP4,
    GGUF_TYPES,
    NF4,
    SCHEMES,
    as_numpy,
    network,
    nvfp4,
    quantised,
    words,
    write_gguf,
)

ERRORS = {
    "fp8": 0.03, "int8": 0.012, "uint8": 0.012, "nvfp4": 0.11, "NF4": 0.1, "FP4": 0.13, "Q8_0": 0.006, "Q4_0": 0.1,
    "Q4_1": 0.09, "Q5_0": 0.05, "Q5_1": 0.045, "BF16": 0.0, "F16": 0.0005,
}  # fmt: skip
"""Scheme → what it may change of normally distributed weights, relative to their size."""


def expected(tensors, stem):
    """The weight by its makers' rule, in torch."""
    parts = {key.removeprefix(stem): tensor for key, tensor in tensors.items() if key.startswith(stem)}
    weight = parts.get(".weight", parts.get(".weight._data"))
    if ".scale_weight" in parts:
        return weight.float() * parts[".scale_weight"]
    if ".weight.quant_map" in parts:
        (state,) = (json.loads(bytes(t.tolist())) for key, t in parts.items() if ".quant_state." in key)
        absmax = parts[".weight.absmax"]
        if ".weight.nested_absmax" in parts:
            absmax = parts[".weight.nested_quant_map"][absmax.long()]
            absmax = absmax * parts[".weight.nested_absmax"].repeat_interleave(256)[: len(absmax)]
            absmax = absmax + torch.tensor(state["nested_offset"], dtype=torch.float32)
        codes = torch.stack([weight.flatten() >> 4, weight.flatten() & 15], 1).flatten()
        values = {"nf4": NF4, "fp4": FP4}[state["quant_type"]][codes.long()]
        return (values * absmax.repeat_interleave(64)[: len(values)]).reshape(state["shape"])
    if ".weight_scale_2" in parts:
        rows, columns = weight.shape[0], 2 * weight.shape[1]
        codes = torch.stack([weight.flatten() >> 4, weight.flatten() & 15], 1).flatten()
        tiles = parts[".weight_scale"].float().reshape(-1, 32, 4, 4)  # comfy-kitchen, from_blocked
        across = -(-(columns // 16) // 4)
        whole = tiles.transpose(1, 2).reshape(-1, across, 128, 4).permute(0, 2, 1, 3).reshape(-1, across * 4)
        scales = parts[".weight_scale_2"] * whole[:rows, : columns // 16]
        return E2M1[codes.long()].reshape(rows, columns) * scales.repeat_interleave(16, 1)
    if ".SCB" in parts:
        return weight.float() * parts[".SCB"][:, None] / 127
    scale = next(parts[key] for key in (".weight_scale", ".scale", ".weight._scale") if key in parts)
    value = weight.float() * scale.float()
    if ".zero_point" in parts:
        value = value + parts[".zero_point"]
    if ".svd_up" in parts:
        value = value + parts[".svd_up"].float() @ parts[".svd_down"].float()
    return value


def read(checkpoint, key):
    return ValueReader().matrix(checkpoint.weights[key]).numpy()


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def bound(scheme):
    return next(error for name, error in ERRORS.items() if scheme.startswith(name))


@pytest.fixture(scope="module")
def weights():
    return network()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_quantised_weight_is_what_its_makers_code_gives(tmp_path, weights, scheme):
    tensors = quantised(scheme, weights)
    save_file(tensors, tmp_path / "q.safetensors")
    checkpoint = open_checkpoint(tmp_path / "q.safetensors")
    assert checkpoint.weights.keys() == weights.keys()
    assert not checkpoint.barred
    for key, original in weights.items():
        found = read(checkpoint, key)
        assert found.shape == tuple(original.shape)
        if original.ndim == 2:
            truth = as_numpy(expected(tensors, key.removesuffix(".weight")))
            np.testing.assert_allclose(found, truth, rtol=3e-7, atol=2e-8)
            assert 0 < relative(found, as_numpy(original)) < bound(scheme)
    precision = scheme.split(",")[0].split(" with")[0].replace(" nested", "").replace("uint8", "int8")
    assert {c.dtype for c in header_of(checkpoint).components.values()} == {precision}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_stretch_is_the_same_as_in_the_whole(tmp_path, weights, scheme):
    save_file(quantised(scheme, weights), tmp_path / "q.safetensors")
    weight = open_checkpoint(tmp_path / "q.safetensors").weights["blocks.1.attn.qkv.weight"]
    reader, whole = ValueReader(), ValueReader().matrix(
        open_checkpoint(tmp_path / "q.safetensors").weights["blocks.1.attn.qkv.weight"]
    ).flatten()
    drawn = np.random.default_rng(0).integers(0, weight.stored.count, (40, 2))
    for start, stop in [*np.sort(drawn, 1).tolist(), [0, 1], [weight.stored.count - 1, weight.stored.count], [7, 7]]:
        assert torch.equal(reader.flat(weight, start, stop), whole[start:stop])
    part = weight.stored.rows(63, 129).transposed()
    found = np.frombuffer(part.raw(), "<f4").reshape(66, 128).T
    np.testing.assert_array_equal(found, whole.reshape(192, 128)[63:129].T.numpy())


@pytest.mark.parametrize("kind", GGUF_TYPES)
def test_gguf_is_read_as_the_package_reads_it(tmp_path, weights, kind):
    gguf = pytest.importorskip("gguf")
    path = write_gguf(tmp_path / "q.gguf", weights, kind)
    checkpoint = open_checkpoint(path)
    theirs = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    assert checkpoint.format == "gguf"
    assert checkpoint.metadata["general.architecture"] == "flux"
    assert checkpoint.weights.keys() == weights.keys() == theirs.keys()
    for key, original in weights.items():
        truth = gguf.quants.dequantize(theirs[key].data, theirs[key].tensor_type).reshape(original.shape)
        np.testing.assert_array_equal(read(checkpoint, key), truth)
        assert relative(read(checkpoint, key), as_numpy(original)) <= (bound(kind) if original.ndim == 2 else 0)
    precision = kind if kind in ("BF16", "F16") else f"{kind} GGUF"
    assert {c.dtype for c in header_of(checkpoint).components.values()} == {precision}


@pytest.mark.parametrize("kind", [name for name, numbers, _ in TYPES.values() if numbers > 1])
def test_blocks_of_every_type_of_gguf_are_decoded_or_barred(tmp_path, kind):
    gguf = pytest.importorskip("gguf")
    of = gguf.GGMLQuantizationType[kind]
    numbers, size = gguf.GGML_QUANT_SIZES[of]
    assert (kind, numbers, size) == TYPES[of.value]
    raw = np.random.default_rng(0).integers(0, 120, (6, 512 // numbers * size), dtype=np.uint8)
    writer = gguf.GGUFWriter(tmp_path / "q.gguf", "flux")
    writer.add_tensor("a.weight", raw, raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    checkpoint = open_checkpoint(tmp_path / "q.gguf")
    if kind in ("Q8_1", "Q8_K", "Q1_0"):
        assert checkpoint.barred["a.weight"].shape == (6, 512)
        return
    weight = checkpoint.weights["a.weight"]
    truth = gguf.quants.dequantize(raw, of)
    np.testing.assert_array_equal(ValueReader().matrix(weight).numpy(), truth)
    np.testing.assert_array_equal(ValueReader().flat(weight, 300, 1999).numpy(), truth.reshape(-1)[300:1999])


def test_without_the_package_a_gguf_is_listed_hashed_and_barred(tmp_path, weights, monkeypatch):
    pytest.importorskip("gguf")
    path = write_gguf(tmp_path / "q.gguf", weights, "Q4_0")
    known = open_checkpoint(path)
    monkeypatch.setattr("lib_modelsim.checkpoints.quantised.gguf_blocks.find_spec", lambda name: None)
    checkpoint = open_checkpoint(path)
    assert checkpoint.barred.keys() | checkpoint.weights.keys() == known.weights.keys()
    assert checkpoint.architecture == known.architecture
    assert identify(checkpoint).sha256 == identify(known).sha256
    assert set(header_of(checkpoint).barred.values()) == {
        "Q4_0 GGUF cannot be compared: the package gguf is not installed"
    }


def test_memory_is_bounded_whatever_the_size(tmp_path):
    """A matrix of 33 million numbers: neither reading a part nor hashing all of it holds a float copy."""
    key = "blocks.0.attn.weight"
    big = {
        key: torch.randint(0, 255, (1 << 24, 1), dtype=torch.uint8),
        f"{key}.absmax": torch.rand(1 << 19),
        f"{key}.quant_map": NF4.clone(),
        f"{key}.quant_state.bitsandbytes__nf4": words(json.dumps({"shape": [4096, 8192], "blocksize": 64})),
    }
    save_file(big, tmp_path / "big.safetensors")
    checkpoint = open_checkpoint(tmp_path / "big.safetensors")
    weight, reader = checkpoint.weights[key], ValueReader()
    tracemalloc.start()
    for start in range(0, weight.stored.count, 1 << 20):
        reader.flat(weight, start, start + (1 << 20))
    reading = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    identify(checkpoint)
    hashing = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reading < 4 * (1 << 20) + 64 * CHUNK
    assert hashing < 130e6


# which files are the same


def hashed(path):
    return identify(open_checkpoint(path))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_stored_numbers_are_the_same_weights_in_any_order(tmp_path, weights, scheme):
    tensors = quantised(scheme, weights)
    save_file(tensors, tmp_path / "a.safetensors")
    save_file(dict(reversed(tensors.items())), tmp_path / "b.safetensors", metadata={"made": "again"})
    a, b = (hashed(tmp_path / f"{name}.safetensors") for name in "ab")
    assert relation(a, b).same_weights
    decoded = {key: torch.from_numpy(read(open_checkpoint(tmp_path / "a.safetensors"), key)) for key in weights}
    save_file(decoded, tmp_path / "float.safetensors")
    assert relation(a, hashed(tmp_path / "float.safetensors")).all_weights_agree
    save_file(weights, tmp_path / "original.safetensors")
    original = relation(a, hashed(tmp_path / "original.safetensors"))
    assert not original.same_weights
    assert not original.all_weights_agree
    key = next(key for key, tensor in tensors.items() if tensor.numel() > 1000)
    changed = tensors[key].clone()
    changed.view(torch.uint8).view(-1)[5] ^= 0x11
    save_file(tensors | {key: changed}, tmp_path / "changed.safetensors")
    assert not relation(a, hashed(tmp_path / "changed.safetensors")).all_weights_agree


@pytest.mark.parametrize("case", ["c34_integer/quanto-int8-base", "c16_scaled/zimage-nvfp4"])
def test_a_prefix_makes_no_other_weights(tmp_path, shared, case):
    file = shared / "cases" / "weights" / f"{case}.safetensors"
    prefixed = {f"model.diffusion_model.{key}": tensor for key, tensor in load_file(file).items()}
    save_file(prefixed, tmp_path / "prefixed.safetensors")
    assert relation(hashed(file), hashed(tmp_path / "prefixed.safetensors")).text == "same weights"


def test_what_says_how_to_run_and_not_what_the_weights_are_is_told_apart(tmp_path, weights):
    tensors = quantised("int8 quanto", weights)
    save_file(tensors, tmp_path / "a.safetensors")
    scales = {key: tensor * 2 for key, tensor in tensors.items() if key.endswith("input_scale")}
    save_file(tensors | scales, tmp_path / "b.safetensors")
    found = relation(hashed(tmp_path / "a.safetensors"), hashed(tmp_path / "b.safetensors"))
    assert found.text == "same weights; differs in: input_scale"


# what cannot be decoded


def barred(tmp_path, tensors):
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, tmp_path / "x.safetensors")
    checkpoint = open_checkpoint(tmp_path / "x.safetensors")
    assert set(checkpoint.weights) <= {"a.bias"}
    assert len(checkpoint.barred) == 1
    assert identify(checkpoint).content
    return next(iter(checkpoint.why_barred.values())), next(iter(checkpoint.barred.values())).shape


I8 = torch.zeros(256, 128, dtype=torch.int8)


@pytest.mark.parametrize(
    ("tensors", "told", "shape"),
    [
        (
            {"a.weight": I8, "a.weight_scale": torch.ones(256, 1),
             "a.comfy_quant": words('{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 256}')},
            "int8 convrot cannot be compared: its numbers are rotated in groups of 256 before rounding", (256, 128),
        ),
        (
            {"a.weight": I8, "a.weight_scale": torch.ones(256, 1),
             "a.comfy_quant": words('{"format": "int8_tensorwise", "params": {"convrot": true}}')},
            "int8 convrot cannot be compared: its numbers are rotated in groups of 256 before rounding", (256, 128),
        ),
        (
            {"a.weight": I8, "a.weight_scale": torch.ones(256, 1), "a.comfy_quant": words('{"format": "w4a8"}')},
            "w4a8 cannot be compared: its format is not known here", (256, 128),
        ),
        (
            {"a.weight": I8, "a.weight_scale": torch.ones(256, 1),
             "a.comfy_quant": words('{"format": "int8_tensorwise", "twisted": 3}')},
            "int8 cannot be compared: its comfy_quant says 'twisted', which is not known here", (256, 128),
        ),
        (
            {"a.weight": I8, "a.weight_scale": torch.ones(255, 1)},
            "int8 cannot be compared: its scale does not fit its shape", (256, 128),
        ),
        (
            {"a.qweight": I8, "a.wscales": torch.ones(4, 256), "a.smooth_factor": torch.ones(256)},
            "SVDQuant cannot be compared: it is packed for nunchaku's kernels alone", (256, 256),
        ),
        (
            {"a.qweight": I8.view(torch.int32), "a.qzeros": torch.ones(1, 4, dtype=torch.int32),
             "a.scales": torch.ones(2, 256), "a.g_idx": torch.zeros(256, dtype=torch.int32)},
            "GPTQ/AWQ cannot be compared: the order of its packed numbers does not stand in the file", (256, 256),
        ),
        (
            {"a.weight": torch.zeros(2048, 1, dtype=torch.uint8), "a.weight.absmax": torch.ones(64),
             "a.weight.quant_map": NF4.clone(), "a.bias": torch.zeros(32),
             "a.weight.quant_state.bitsandbytes__nf4": words('{"quant_type": "nf4"}')},
            "NF4 cannot be compared: its shape is missing", (32, 128),
        ),
        (
            {"a.weight": torch.zeros(256, 64, dtype=torch.uint8), "a.scale": torch.ones(256, 8, 1),
             "a.zero_point": torch.ones(256, 8, 1)},
            "SDNQ cannot be compared: how its numbers are packed does not stand in the file", (256, 64),
        ),
    ],
)  # fmt: skip
def test_what_nobody_can_decode_is_named_placed_and_hashed(tmp_path, tensors, told, shape):
    assert barred(tmp_path, tensors) == (told, shape)


def test_the_same_numbers_rotated_otherwise_are_other_weights(tmp_path, weights):
    found = []
    for groups in (64, 128):
        tensors = quantised("int8", weights)
        how = words(json.dumps({"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": groups}))
        tensors |= {key: how.clone() for key in tensors if key.endswith(".comfy_quant")}
        save_file(tensors, tmp_path / f"{groups}.safetensors")
        found.append(identify(open_checkpoint(tmp_path / f"{groups}.safetensors")))
    assert "same" not in relation(*found).text


def test_reading_a_barred_weight_says_why(tmp_path):
    tensors = {"a.qweight": I8, "a.wscales": torch.ones(4, 256)}
    save_file(tensors, tmp_path / "x.safetensors")
    weight = open_checkpoint(tmp_path / "x.safetensors").barred["a.weight"]
    with pytest.raises(CheckpointError, match="SVDQuant cannot be compared"):
        ValueReader().matrix(weight)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("seed", range(6))
def test_damaged_siblings_never_break_the_opening(tmp_path, weights, scheme, seed):
    """A tensor lost, or with other bytes or another shape: the file opens, and what it says holds or is barred."""
    draw = np.random.default_rng(seed)
    tensors = quantised(scheme, {key: w for key, w in weights.items() if key.startswith("blocks.0.")})
    for key in draw.choice(sorted(tensors), 3, replace=False):
        kind, tensor = draw.integers(4), tensors[key]
        if kind == 0:
            del tensors[key]
        elif kind == 1:
            tensors[key] = tensor.flatten()[: tensor.numel() // 2].clone()
        elif kind == 2:
            tensors[key] = torch.zeros(tensor.shape, dtype=torch.int64)
        else:
            tensors[key] = torch.randint(0, 255, (tensor.numel(),), dtype=torch.uint8)
    save_file(tensors, tmp_path / "x.safetensors")
    checkpoint = open_checkpoint(tmp_path / "x.safetensors")
    identify(checkpoint)
    header_of(checkpoint)
    for weight in checkpoint.weights.values():
        ValueReader().matrix(weight)
        if isinstance(weight.stored.source, Decoded):
            weight.stored.source.cells(0, weight.stored.count)


def test_rows_that_pad_to_16_are_none(tmp_path):
    tensors = nvfp4("a", torch.randn(32, 64)) | {"a.bias": torch.zeros(21)}
    save_file(tensors, tmp_path / "x.safetensors")
    assert open_checkpoint(tmp_path / "x.safetensors").weights["a.weight"].shape == (21, 64)
