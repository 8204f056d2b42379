"""What is left after the shares: a training, a parent that is not here, a method that is not known, a stranger."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.lineage.rest.remainder import remainder

from ..arrays import drawn, evidence_of, mixed, moved

BLOCKS = 12


@pytest.fixture(scope="module")
def models():
    base = drawn(0, BLOCKS)
    return {"base": base, "a": moved(base, 1), "b": moved(base, 2), "near": moved(moved(base, 1), 3, 0.05)}


def given(shares):
    return {f"B{i:02d}": shares for i in range(BLOCKS)}


def fitted(target, models, names):
    """Shares by block by least squares over these models, sum 1: what the fit before hands over."""
    found = {}
    for i in range(BLOCKS):
        keys = [key for key in target if key.startswith(f"B{i:02d}")]
        held = [target, *(models[name] for name in names)]
        flat = [np.concatenate([model[key].astype("f8").ravel() for key in keys]) for model in held]
        steps = np.array(flat[2:]) - flat[1]
        shares = np.linalg.lstsq(steps.T, flat[0] - flat[1], rcond=None)[0]
        found[f"B{i:02d}"] = dict(zip(names, [1 - shares.sum(), *shares], strict=True))
    return found


def test_shares_that_explain_all_leave_nothing(models):
    shares = {"a": 0.3, "b": 0.7}
    found = remainder(evidence_of(mixed(shares, models), models, "base"), given(shares))
    assert found.in_roundings < 2
    assert (found.kind, found.missing, found.trained_after, found.lora) == (None, None, None, ())


@pytest.mark.parametrize("by", [0.003, 0.02, 0.1])
@pytest.mark.parametrize("shares", [{"a": 1.0}, {"near": 1.0}, {"a": 0.4, "b": 0.6}])
def test_a_training_after_is_no_missing_parent(models, shares, by):
    target = moved(mixed(shares, models), 9, by)
    found = remainder(evidence_of(target, models, "base"), given(shares))
    assert found.kind == ("fine-tune" if len(shares) == 1 else "fine-tune of a merge")
    assert (found.missing, found.sure) == (None, len(shares) == 1)  # of a merge: or by a method not known here
    assert found.trained_after == pytest.approx(by, rel=0.2)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_missing_parent_leaves_the_base_in_its_place(models, share):
    all_of_them = {**models, "lost": moved(models["base"], 7)}
    target = mixed({"a": 1 - share, "lost": share}, all_of_them)
    shares = fitted(target, models, ["a", "base"])
    found = remainder(evidence_of(target, models, "base"), shares)
    assert found.missing is not None
    assert found.stand_ins == ("base",)
    assert not found.sure
    assert "not here" in found.missing.why
    assert 0 < found.missing.unexplained <= 1


def test_without_a_base_it_is_said_that_the_two_cannot_be_told_apart(models):
    known = {name: model for name, model in models.items() if name != "base"}
    for target, shares in (
        (mixed({"a": 0.6, "lost": 0.4}, {**models, "lost": moved(models["base"], 7)}), {"a": 1.0}),
        (moved(models["a"], 9, 0.03), {"a": 1.0}),
    ):
        found = remainder(evidence_of(target, known), given(shares))
        assert (found.missing, found.sure) == (None, False)
        assert any("cannot be told" in remark for remark in found.remarks)


def test_a_small_share_of_the_base_beside_a_large_change_is_no_parent(models):
    """A training that undoes a little of what came before: the model that would explain it would lie too far away."""
    back = mixed({"a": 0.99, "base": 0.01}, models)
    target = moved(back, 9, 0.08)
    found = remainder(evidence_of(target, models, "base"), given({"a": 1.0}))
    assert (found.kind, found.missing) == ("fine-tune", None)


def test_an_add_difference_whose_c_is_not_here(models):
    lost = moved(models["base"], 7)
    rng, child = np.random.default_rng(4), {}
    for key, w in lost.items():  # its change has another size in each block
        child[key] = (w + rng.uniform(0.05, 0.15) * w.astype("f4").std() * rng.normal(size=w.shape)).astype("f2")
    known = {**models, "child": child}
    target = mixed({"a": 1, "child": 0.8, "lost": -0.8}, {**known, "lost": lost})
    found = remainder(evidence_of(target, known, "base"), fitted(target, known, ["a", "child", "base"]))
    assert found.kind == "add-difference"
    assert found.missing is not None
    assert found.stand_ins == ("base",)


def test_an_add_difference_that_was_trained_on_misses_nothing(models):
    shares = {"a": 1.0, "b": 0.7, "base": -0.7}
    target = moved(mixed(shares, models), 9, 0.02)
    found = remainder(evidence_of(target, models, "base"), given(shares))
    assert (found.kind, found.missing) == ("fine-tune of a merge", None)


def test_a_method_that_is_not_known_is_no_training(models):
    rng = np.random.default_rng(3)
    target = {
        key: np.where(rng.random(w.shape) < 0.5, w, models["b"][key]).astype("f2") for key, w in models["a"].items()
    }
    found = remainder(evidence_of(target, models, "base"), given({"a": 0.5, "b": 0.5}))
    assert (found.kind, found.missing, found.sure) == ("unknown", None, False)


def test_a_stranger_is_unrelated(models):
    target = drawn(77, BLOCKS)
    found = remainder(evidence_of(target, models, "base"), fitted(target, models, ["base", "a"]))
    assert (found.kind, found.missing) == ("unrelated", None)


def test_a_fine_tune_of_the_base_may_be_a_merge_of_what_is_not_here(models):
    found = remainder(evidence_of(moved(models["base"], 9), models, "base"), given({"base": 1.0}))
    assert (found.kind, found.sure) == ("fine-tune", False)
    assert any("all not here" in remark for remark in found.remarks)
