"""Which models are called 'perhaps a merge': told from distances of vectors whose descent is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.families.merges import LEFT, named_merges, perhaps_merges

BLOCKS = 6


def squares(models):
    """‖a − b‖² per block, [n, n, b], of vectors of BLOCKS blocks."""
    rows = np.stack([model.reshape(BLOCKS, -1) for model in models])
    return ((rows[:, None] - rows[None, :]) ** 2).sum(axis=-1)


def found(models, base=None, comparable=None):
    names = list(models)
    known = np.ones((len(names),) * 2, dtype=bool) if comparable is None else comparable
    merges = named_merges(names, squares(list(models.values())), known, None if base is None else names.index(base))
    return {merge.model: set(merge.parents) for merge in merges}


def step(seed, size=1.0):
    return size * np.random.default_rng(seed).standard_normal(BLOCKS * 400)


@pytest.fixture
def family():
    """A base, a parent and its two children, and another fine-tune."""
    base = step(0, 20)
    parent = base + step(1)
    children = {"anna": parent + step(2, 0.5), "bert": parent + step(3, 0.5)}
    return {"base": base, "parent": parent, **children, "other": base + step(4)}


@pytest.mark.parametrize("base", [None, "base"])
def test_a_family_without_merges_has_none(family, base):
    """A parent with two children stands between them, too, but at a corner."""
    assert found(family, base) == {}


@given(st.floats(0.1, 3), st.floats(0.1, 3))
@settings(max_examples=30)
def test_a_parent_is_no_merge_whatever_the_steps_of_its_children(first, second):
    base = step(0, 20)
    parent = base + step(1)
    models = {"base": base, "parent": parent, "a": parent + step(2, first), "b": parent + step(3, second)}
    for named in (None, "base"):
        assert found(models, named) == {}


@pytest.mark.parametrize("base", [None, "base"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_a_weighted_sum_is_one_and_its_parents_are_not(family, base, share):
    merge = share * family["anna"] + (1 - share) * family["other"]
    assert found({**family, "merge": merge}, base) == {"merge": {"anna", "other"}}


def test_a_sum_by_block_is_one(family):
    shares = np.repeat([0, 0.2, 0.9, 1, 0.5, 0.3], 400)
    merge = shares * family["anna"] + (1 - shares) * family["other"]
    assert found({**family, "merge": merge}) == {"merge": {"anna", "other"}}


def test_an_add_difference_is_seen_from_the_base(family):
    added = family["anna"] + 0.8 * (family["other"] - family["base"])
    assert found({**family, "added": added}, "base") == {"added": {"anna", "other"}}
    assert found({**family, "added": added}) == {}


def test_a_merge_with_the_base_is_one_and_its_parent_is_not(family):
    light = 0.7 * family["base"] + 0.3 * family["other"]
    assert found({**family, "light": light}, "base") == {"light": {"base", "other"}}


def test_a_rounded_copy_is_none(family):
    rounded = family["anna"].astype(np.float16).astype(float)
    assert found({**family, "rounded": rounded}, "base") == {}


def test_of_a_parent_and_its_copies_the_shortest_name_is_told(family):
    merge = (family["anna"] + family["other"]) / 2
    assert found({"anna (1)": family["anna"], **family, "merge": merge}) == {"merge": {"anna", "other"}}


def test_of_models_with_the_base_s_weights_the_base_is_told(family):
    half = (family["anna"] + family["other"]) / 2
    assert found({"tea": family["anna"], "anna-base": family["anna"], "other": family["other"], "half": half}) == {
        "half": {"anna-base", "other"}
    }


def test_where_a_pair_cannot_be_compared_nothing_is_told(family):
    models = {name: family[name] for name in ("base", "anna", "other")}
    models["merge"] = (family["anna"] + family["other"]) / 2
    names = list(models)
    comparable = np.ones((len(names),) * 2, dtype=bool)
    for a, b in (("anna", "other"), ("merge", "anna")):
        hidden = comparable.copy()
        i, j = names.index(a), names.index(b)
        hidden[i, j] = hidden[j, i] = False
        assert found(models, comparable=hidden) == {}


def test_published_merges_are_found_and_epochs_of_one_training_are_not(shared):
    def called(table, base):
        document = json.loads((shared / "data" / "distances" / f"{table}.json").read_text("utf-8"))
        names = [name.split(".")[0] for name in document["models"]]
        apart = np.array(document["distances"]["unet"])[:, :, None] ** 2
        merges = named_merges(names, apart, np.ones(apart.shape[:2], dtype=bool), names.index(base))
        return {merge.model: set(merge.parents) for merge in merges}

    assert called("any3", "animefull-final-pruned") == {
        "Anything-V3": {"animefull-final-pruned", "momoko-e"},
        "ACertainThing": {"ACertainModel", "Anything-V3"},
    }
    assert called("aobp", "animefull-final-pruned") == {}


def test_the_bound_is_far_from_both_sides(family):
    models = [*family.values(), (family["anna"] + family["other"]) / 2]
    left = sorted(merge.left for merge in perhaps_merges(squares(models), np.ones((6, 6), dtype=bool), 0, np.inf))
    assert left[0] < 0.1 * LEFT
    assert left[1] > 1.2 * LEFT
