"""A LoRA baked in: its rank, and no rank where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.lineage.rest.key_rest import KeyRest
from lib_modelsim.lineage.rest.low_rank import low_rank, spectrum_of
from lib_modelsim.lineage.rest.remainder import remainder
from lib_modelsim.lineage.unmixed.unmixed import unmixed
from lib_modelsim.lineage.values import rounding_sizes

from ..arrays import drawn, evidence_of, mixed, moved


def with_lora(model, rank, strength=1.0, only="B", kernels=False, seed=9, dtype="f2"):
    """W + strength · up · down on the matrices whose key begins so, as merge scripts do it: float32, then stored."""
    rng, made = np.random.default_rng(seed), dict(model)
    for key, w in model.items():
        if key.startswith(only) and w.ndim > 1 and (w.ndim == 2 or kernels):
            up, down = rng.normal(size=(len(w), rank)), rng.normal(size=(rank, w[0].size))
            change = (up @ down).astype("f4").reshape(w.shape) / np.float32(np.sqrt(rank))
            made[key] = (w.astype("f4") + strength * 0.05 * w.astype("f4").std() * change).astype(dtype)
    return made


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 16), st.floats(0.3, 2), st.booleans(), st.integers(0, 99))
def test_rank_is_told(rank, strength, kernels, seed):
    a = drawn(seed)
    target = with_lora(a, rank, strength, kernels=kernels, seed=seed + 1)
    found = unmixed(evidence_of(target, {"base": moved(a, 500), "a": a}, "base"))
    assert (found.kind, [p.model for p in found.parents]) == ("lora", ["a"])
    assert found.method.parameters == {"rank": rank}
    assert found.lora[0].rank == rank
    assert found.sure


@pytest.mark.parametrize("only", ["", "B"])
def test_whether_the_text_encoder_has_it_is_said(only):
    a = drawn(3)
    target = with_lora(a, 4, only=only)
    target |= {key: a[key] for key in a if key.startswith("vae.")}
    found = unmixed(evidence_of(target, {"a": a}))
    assert ("; text encoder too" in found.method.why) == (only == "")
    assert found.components["te"].kind == ("changed" if only == "" else "same")


def test_a_rank_near_the_full_one_is_not_claimed():
    a = drawn(4)
    found = unmixed(evidence_of(with_lora(a, 23), {"a": a}))
    assert (found.kind, found.lora, found.sure) == ("adjust", (), False)


def test_a_training_is_no_lora_however_small():
    a = drawn(5)
    for by in (0.1, 0.01, 0.002, 0.001, 0.0005):
        target = moved(a, 8, by, only="B")
        target |= {key: a[key] for key in a if "norm" in key}
        found = unmixed(evidence_of(target, {"a": a}))
        assert found is None or not found.sure, by


def test_bfloat16_hides_more_and_makes_nothing_up():
    def to_bf16(w):
        bits = w.astype("f4").view("u4")
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype("u4").view("f4")

    a = {key: to_bf16(w) for key, w in drawn(6, size=32).items()}
    target = {key: to_bf16(w) for key, w in with_lora(a, 4, dtype="f4").items()}
    found = unmixed(evidence_of(target, {"a": a}, dtype="BF16"))
    assert (found.kind, found.lora[0].rank) == ("lora", 4)


def test_a_lora_on_a_merge_is_told_where_the_shares_are_known():
    base = drawn(7)
    models = {"base": base, "a": moved(base, 1), "b": moved(base, 2)}
    shares = {"a": 0.6, "b": 0.4}
    target = with_lora(mixed(shares, models, "f4"), 4)
    given_shares = {f"B{i:02d}": shares for i in range(4)}
    found = remainder(evidence_of({k: w.astype("f2") for k, w in target.items()}, models, "base"), given_shares)
    assert (found.kind, found.lora[0].rank, found.missing) == ("lora", 4, None)


def test_rounding_alone_has_no_rank():
    rng = np.random.default_rng(1)
    w = rng.normal(size=(40, 60))
    rest = w.astype("f2") - w
    assert spectrum_of(KeyRest("k", "unet", "B", rest, rounding_sizes(w.astype("f4"), "F16"))) is None


def test_a_changed_norm_is_no_lora():
    a = drawn(8)
    target = with_lora(a, 4)
    target["B01.norm.weight"] = (target["B01.norm.weight"].astype("f4") * 1.01).astype("f2")
    rests = [
        KeyRest(k, "unet", "B", target[k].astype("f8") - a[k], rounding_sizes(target[k].astype("f4"), "F16")) for k in a
    ]
    assert low_rank(rests) is None


def test_a_lora_on_a_merge_is_told_from_shares_that_it_moved():
    """What the fit hands over is a little off; the weights that the LoRA left alone tell the shares."""
    base = drawn(7)
    models = {"base": base, "a": moved(base, 1), "b": moved(base, 2)}
    target = {k: w.astype("f2") for k, w in with_lora(mixed({"a": 0.6, "b": 0.4}, models, "f4"), 4).items()}
    off = {f"B{i:02d}": {"a": 0.61 + 0.01 * i, "b": 0.43, "base": -0.04 - 0.01 * i} for i in range(4)}
    found = remainder(evidence_of(target, models, "base"), off)
    assert (found.kind, found.lora[0].rank) == ("lora", 4)
    assert found.stand_ins == ("base",)
    for row in found.shares.values():
        assert row == pytest.approx({"a": 0.6, "b": 0.4, "base": 0}, abs=2e-3)


def test_a_model_that_was_stored_twice_has_two_roundings():
    a = drawn(9)
    target = with_lora(with_lora(a, 4), 3, seed=10)
    found = unmixed(evidence_of(target, {"base": moved(a, 1), "a": a}, "base"))
    assert (found.kind, found.lora[0].rank) == ("lora", 7)
    assert any("ranks add up" in remark for remark in found.remarks)
