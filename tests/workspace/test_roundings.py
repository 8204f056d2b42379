"""'The same weights in another precision' is proven number by number, and never said of a fine-tune."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import relatives
from lib_modelsim.workspace.comparing.roundings import grain

from ..checkpoints.quantised_files import GGUF_TYPES, SCHEMES, network, quantised, write_gguf

KINDS = [*SCHEMES, *(f"GGUF {kind}" for kind in GGUF_TYPES if kind not in ("BF16", "F16")), "fp8 without scales"]


@pytest.fixture(scope="module")
def weights():
    return network(layers=4)


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library.sqlite") as found:
        yield found


def write(folder, name, scheme, weights):
    """The weights so stored, under this name."""
    if scheme.startswith("GGUF"):
        pytest.importorskip("gguf")
        return write_gguf(folder / f"{name}.gguf", weights, scheme.removeprefix("GGUF "))
    if scheme == "fp8 without scales":
        tensors = {key: w.to(torch.float8_e4m3fn) for key, w in weights.items()}
    else:
        tensors = quantised(scheme, weights) if scheme else weights
    save_file({key: t.contiguous() for key, t in tensors.items()}, folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def drawn_like(w, seed):
    return torch.randn(w.shape, generator=torch.Generator().manual_seed(seed)) * w.float().std()


def fine_tune(weights, share, only=""):
    """Each matrix moved by this share of its size."""
    return {
        key: (w.float() + share * drawn_like(w, i)).to(w.dtype) if w.ndim == 2 and only in key else w
        for i, (key, w) in enumerate(weights.items())
    }


def lora(weights):
    """A product of two thin matrices of a twentieth of the size, added to one layer's attention."""
    key = "blocks.2.attn.qkv.weight"
    generator = torch.Generator().manual_seed(5)
    change = torch.randn(192, 4, generator=generator) @ torch.randn(4, 128, generator=generator)
    w = weights[key].float()
    return weights | {key: (w + change / change.norm() * w.norm() / 20).to(torch.bfloat16)}


def merge(weights):
    other = network(seed=9, layers=4)
    return {key: torch.lerp(w.float(), other[key].float(), 0.05).to(w.dtype) for key, w in weights.items()}


OTHERS = {
    "1 %": partial(fine_tune, share=0.01),
    "3 %": partial(fine_tune, share=0.03),
    "attention alone, 3 %": partial(fine_tune, share=0.03, only="attn.qkv"),
    "LoRA baked in": lora,
    "merge": merge,
}


def found(paths, library, measure="cosine"):
    return compare(paths, measure, None, library, Job())


@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float16])
def test_a_quantised_file_is_its_original_in_another_precision(tmp_path, library, weights, scheme, dtype):
    original = write(tmp_path, "original", "", {key: w.to(dtype) for key, w in weights.items()})
    told = found([original, write(tmp_path, "small", scheme, weights)], library)
    (rounding,) = told.roundings
    assert (rounding.coarse.removesuffix(".gguf"), rounding.fine, rounding.whole) == ("small", "original", True)
    assert 0.001 < rounding.off < grain(rounding.precision)
    assert rounding.off == pytest.approx(told.matrix.apart["unet"][0, 1], rel=0.05)
    assert rounding.fact == f"same weights in another precision, off by {100 * rounding.off:.2g} %"
    (relative,) = relatives(told, {}, "original")
    assert relative.verdict.text == f"the {rounding.fact}"


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("scheme", KINDS)
def test_what_was_trained_or_merged_and_then_quantised_is_never_the_same(tmp_path, library, weights, scheme, other):
    original = write(tmp_path, "original", "", weights)
    small = write(tmp_path, "small", scheme, OTHERS[other](weights))
    told = found([original, small], library)
    assert told.roundings == []
    (relative,) = relatives(told, {}, "original")
    assert "same" not in relative.verdict.text or relative.verdict.text.startswith("related: the same base")
    assert "no difference" not in relative.verdict.text


@pytest.mark.parametrize("scheme", ["NF4", "int8 SDNQ", "fp8 scaled"])
def test_among_several_the_original_is_found(tmp_path, library, weights, scheme):
    paths = [write(tmp_path, "original", "", weights), write(tmp_path, "small", scheme, weights)]
    for i, share in enumerate((0.01, 0.02, 0.05)):
        paths.append(write(tmp_path, f"tune{i}", "", fine_tune(weights, share)))
    for measure in ("cosine", "l2", None):
        index = read_index(paths, library, Job())
        told = compare_by_choice(index, measure, None, library, Job())
        assert [(one.coarse, one.fine) for one in told.roundings] == [("small", "original")]
    told = compare_by_choice(read_index(paths, library, Job()), None, "original", library, Job())
    (why,) = [reason.reason for reason in told.reasons if reason.a == "small"]
    assert why.startswith("same weights in another precision, off by ")
    assert why.endswith(", as original: there is no change to compare")


def test_another_text_encoder_is_said(tmp_path, library, shared):
    from safetensors.torch import load_file

    file = shared / "cases" / "weights" / "c34_integer" / "float-base.safetensors"
    base = load_file(file)
    stem = "text_encoders.qwen3_4b.transformer.model.layers.0.mlp"
    te = {f"{stem}.{part}_proj.weight": torch.randn(8, 8) for part in ("up", "down")}
    for name in ("quanto-int8", "sdnq-int8"):
        small = load_file(file.with_name(f"{name}-base.safetensors"))
        save_file(small, tmp_path / "small.safetensors")
        save_file(base | te, tmp_path / "whole.safetensors")
        (rounding,) = found([tmp_path / "small.safetensors", tmp_path / "whole.safetensors"], library).roundings
        assert not rounding.whole
        assert "same UNet in another precision" in rounding.fact


@pytest.mark.parametrize("pair", [("NF4", "NF4"), ("NF4", "int8"), ("int8 SDNQ", "int8"), ("nvfp4", "FP4")])
@pytest.mark.parametrize("tuned", [False, True])
def test_of_two_quantised_files_it_is_said_that_rounding_hides_what_parts_them(tmp_path, library, weights, pair, tuned):
    other = fine_tune(weights, 0.01) if tuned else fine_tune(weights, 1e-9)
    first = write(tmp_path, "first", pair[0], weights)
    told = found([first, write(tmp_path, "second", pair[1], other)], library)
    assert told.roundings == []
    (relative,) = relatives(told, {}, "first")
    if tuned or pair not in (("NF4", "NF4"), ("int8 SDNQ", "int8")):  # those hold the same numbers
        assert relative.verdict.text == "no verdict"
        assert "quantised" in relative.verdict.why


def test_what_lies_below_the_rounding_of_a_quantised_file_has_no_verdict(tmp_path, library, weights):
    original = write(tmp_path, "original", "", weights)
    told = found([original, write(tmp_path, "small", "NF4", fine_tune(weights, 0.02))], library)
    (relative,) = relatives(told, {}, "original")
    assert relative.verdict.text == "no verdict"
    assert "not the same weights" in relative.verdict.why


def test_a_direction_of_quantised_weights_has_no_verdict(tmp_path, library, weights):
    paths = [write(tmp_path, "original", "", weights)]
    tuned = fine_tune(weights, 0.03)
    paths.append(write(tmp_path, "tune", "", tuned))
    paths.append(write(tmp_path, "small", "NF4", fine_tune(tuned, 0.005)))
    told = compare(paths, "delta-cosine", "original", library, Job())
    assert told.matrix.overall[1, 2] < 0.5
    (relative,) = relatives(told, {}, "tune")
    assert relative.verdict.text == "no verdict"


def test_strangers_stay_strangers(tmp_path, library, weights):
    paths = [write(tmp_path, "a", "", weights), write(tmp_path, "b", "NF4", network(seed=3, layers=4))]
    (relative,) = relatives(found(paths, library), {}, "a")
    assert relative.verdict.text == "unrelated"


def test_one_number_outside_its_cell_is_enough(tmp_path, library, weights):
    original = write(tmp_path, "original", "", weights)
    tensors = quantised("int8 SDNQ", weights)
    codes = tensors["blocks.3.mlp.fc.weight"]
    codes[100, 77] += 3 if codes[100, 77] < 0 else -3
    save_file(tensors, tmp_path / "small.safetensors")
    assert found([original, tmp_path / "small.safetensors"], library).roundings == []


def test_the_answer_is_remembered(tmp_path, library, weights, monkeypatch):
    paths = [write(tmp_path, "original", "", weights), write(tmp_path, "small", "NF4", weights)]
    first = found(paths, library).roundings

    def read(*arguments):
        raise AssertionError("the weights were read again")

    monkeypatch.setattr("lib_modelsim.checkpoints.source.FileSource.read_into", read)
    assert found(paths, library).roundings == first
    assert np.isfinite(first[0].off)
