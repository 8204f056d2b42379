"""The sample: the same numbers whatever the file, every number as likely as any other, sums of the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from benchmarks import kin, sampled
from lib_modelsim import demo
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.similarity.device import CPU, Device
from lib_modelsim.similarity.parts import KeySums
from lib_modelsim.similarity.sampling import SAMPLE, Sample, batches, numbers
from lib_modelsim.similarity.weights import KeySummer

CONV = "model.diffusion_model.middle_block.0.in_layers.2.weight"
SMALL = Sample(share=0.04, least=64, shortest=8, longest=32)


def summed(models, sample=None, device=CPU, bytes_read=None) -> dict[str, KeySums]:
    tick = (lambda count: None) if bytes_read is None else bytes_read.append
    summer = KeySummer(models, device, tick, lambda broken: None, sample)
    return {sums.key: sums for sums in summer.sums(models[0].weights)}


@given(st.integers(0, 1 << 22), st.text(max_size=8))
def test_ranges_are_ascending_and_within_the_weight(count, key):
    for sample in (SAMPLE, SMALL):
        ranges = sample.ranges(key, count)
        flat = [edge for pair in ranges for edge in pair]
        assert [0, *flat, count] == sorted([0, *flat, count])
        wanted = max(sample.least, round(sample.share * count))
        assert numbers(ranges) == count if 2 * wanted >= count else 0.7 < numbers(ranges) / wanted < 1.3


def test_the_sample_never_changes_without_its_version():
    """What the library remembers of these numbers must not be mixed with that of others."""
    first = [(526, 1550), (3125, 3166), (5267, 6250), (7374, 8398)]  # the second runs over the end of its stretch
    assert SAMPLE.ranges(CONV, 50_000)[:4] == first
    first = [(49507, 52007), (62500, 63296), (123296, 125000), (125108, 127608)]
    assert SAMPLE.ranges(CONV, 1_000_000)[:4] == first


def test_every_number_is_as_likely_as_any_other():
    hits, draws = np.zeros(1000), 4000
    for seed in range(draws):
        for start, stop in Sample(share=0.1, least=0, chunks=4, shortest=1, seed=seed).ranges("key", 1000):
            hits[start:stop] += 1
    assert np.abs(hits / draws - 0.1).max() < 5 * np.sqrt(0.1 * 0.9 / draws)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=6), st.integers(1, 40))
def test_batches_hold_the_same_numbers_in_lots_that_fit(pairs, longest):
    ranges, start = [], 0
    for gap, length in pairs:
        ranges.append((start + gap, start + gap + length))
        start += gap + length
    lots = batches(ranges, longest)
    assert [i for lot in lots for pair in lot for i in range(*pair)] == [i for pair in ranges for i in range(*pair)]
    assert all(0 < numbers(lot) <= longest for lot in lots)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two models of 1 MB, and the same two as float32 with their keys in reverse order."""
    folder = tmp_path_factory.mktemp("pair")
    a = {k: v.astype(np.float16) for k, v in demo.draw(demo.sd1_shapes(4, 16, 1), seed=1).items()}
    b = {k: v.astype(np.float16) for k, v in demo.train(a, seed=2, size=0.1).items()}
    for name, weights in (("a", a), ("b", b)):
        save_file(weights, folder / f"{name}.safetensors")
        save_file({k: weights[k].astype(np.float32) for k in reversed(weights)}, folder / f"{name}32.safetensors")
    return folder


def test_the_sums_are_of_these_numbers_scaled_to_the_whole_key(pair):
    models = [open_checkpoint(pair / f"{name}.safetensors") for name in "ab"]
    found = summed(models, SMALL)[CONV]
    a, b = (np.frombuffer(model.read(CONV), np.float16).astype(np.float64) for model in models)
    read = np.concatenate([np.arange(*pair) for pair in SMALL.ranges(CONV, len(a))])
    assert len(read) < len(a) / 10
    assert found.squares[0, 1] == pytest.approx(((a - b)[read] ** 2).sum() * len(a) / len(read), rel=1e-5)
    assert found.norms[0] == pytest.approx((a[read] ** 2).sum() * len(a) / len(read), rel=1e-5)


def test_neither_precision_nor_order_changes_the_sample(pair):
    models = [open_checkpoint(pair / f"{name}.safetensors") for name in ("a", "b32")]
    others = [open_checkpoint(pair / f"{name}.safetensors") for name in ("a32", "b")]
    one, other = summed(models, SMALL), summed(others, SMALL)
    assert all(one[key].squares == pytest.approx(other[key].squares, rel=1e-6) for key in one)
    assert all(not (summed([a, b], SMALL)[CONV].squares).any() for a, b in [(models[0], others[0])])


def test_a_small_budget_gives_the_same_sums(pair):
    models = [open_checkpoint(pair / f"{name}.safetensors") for name in "ab"]
    tight = summed(models, SMALL, Device(torch.device("cpu"), 4000))
    for key, sums in summed(models, SMALL).items():
        assert tight[key].squares == pytest.approx(sums.squares, rel=1e-5)


def test_only_the_sample_is_read(pair):
    models, counts = [open_checkpoint(pair / f"{name}.safetensors") for name in "ab"], []
    summed(models, SMALL, bytes_read=counts)
    sampled = sum(numbers(SMALL.ranges(key, w.stored.count)) for key, w in models[0].weights.items())
    assert sum(counts) == 2 * 2 * sampled


def test_a_matrix_stored_the_other_way_round_has_the_same_sample(tmp_path):
    """As OpenCLIP's text projection is."""
    key, matrix = "text_model.encoder.layers.0.mlp.fc1.weight", np.arange(60_000, dtype=np.float32).reshape(200, 300)
    models = []
    for name, stored in (("as it is", matrix), ("turned", np.ascontiguousarray(matrix.T))):
        save_file({key: stored}, tmp_path / f"{name}.safetensors")
        models.append(open_checkpoint(tmp_path / f"{name}.safetensors"))
    (common,) = models[0].weights
    turned = models[1].weights[common]
    models[1].weights[common] = replace(turned, stored=turned.stored.transposed())
    assert models[1].weights[common].shape == models[0].weights[common].shape
    assert len(SMALL.ranges(common, matrix.size)) > 1
    assert not summed(models, SMALL)[common].squares.any()


def test_real_fine_tunes_are_right_to_a_hundredth(trained_family):
    """delta-cosine of a trained family and merges of it."""
    family = kin.trained_family(trained_family)
    names = [kin.BASE, *(n for n in family if n.startswith(("mini-", "ink")) and n not in (kin.BASE, "mini-words"))]
    models = kin.checkpoints({name: family[name] for name in names})
    exact = sampled.sums(models, None)
    assert sampled.errors(exact, sampled.sums(models, SAMPLE), len(models))[0] < 0.01
