"""One change in other factors, ranks, sizes and spellings: the same answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_modelsim.adapters import products
from lib_modelsim.adapters.changes import Full, Hadamard, Kronecker, LowRank
from lib_modelsim.adapters.products import gram
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice

from . import building

MODULES = building.sd1_modules()
FACTORS = building.random_factors(MODULES, seed=1)
OTHER = building.random_factors(MODULES, seed=2)


def compared(folder, measure=None):
    library = Library(None)
    return compare_by_choice(read_index([folder], library, Job()), measure, None, library, Job())


def cosine(comparison, a, b):
    models = comparison.matrix.models
    return comparison.matrix.overall[models.index(a), models.index(b)]


def told(comparison, a, b):
    return [r.reason for r in comparison.reasons if {r.a, r.b} == {a, b}]


SPELLINGS = {
    "kohya": building.kohya,
    "peft": building.peft,
    "diffusers": building.diffusers,
    "processors": building.processors,
    "comfyui": lambda factors: building.peft(factors, "diffusion_model."),
    "onetrainer": lambda factors: building.kohya(factors, prefix="lora_unet."),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_numbers_in_two_spellings_are_the_same_change(spelling, tmp_path):
    building.write(tmp_path / "a.safetensors", building.kohya(FACTORS))
    building.write(tmp_path / "b.safetensors", SPELLINGS[spelling](FACTORS))
    building.write(tmp_path / "other.safetensors", building.kohya(OTHER))
    found = compared(tmp_path)
    assert {model.header.architecture for model in found.models} == {"SD 1.x LoRA"}
    assert cosine(found, "a", "b") == pytest.approx(1, abs=1e-9)
    assert told(found, "a", "b") == ["the same change"]
    assert abs(cosine(found, "a", "other")) < 0.05
    assert told(found, "a", "other") == []
    assert found.matrix.coverage[0, 1] == 1
    assert "IN01" in found.matrix.blocks
    assert "M00" in found.matrix.blocks


def rotated(factors, seed=5):
    rng = np.random.default_rng(seed)
    found = {}
    for name, (up, down) in factors.items():
        turn = rng.normal(size=(up.shape[1],) * 2) + 3 * np.eye(up.shape[1])
        found[name] = ((up @ turn).astype("f4"), (np.linalg.inv(turn) @ down).astype("f4"))
    return found


def test_other_factors_of_the_same_change_are_the_same_change(tmp_path):
    building.write(tmp_path / "a.safetensors", building.kohya(FACTORS))
    building.write(tmp_path / "b.safetensors", building.kohya(rotated(FACTORS)))
    found = compared(tmp_path)
    assert cosine(found, "a", "b") == pytest.approx(1, abs=1e-6)
    assert told(found, "a", "b") == ["the same change but for rounding"]


def test_alpha_counts(tmp_path):
    building.write(tmp_path / "whole.safetensors", building.kohya(FACTORS, alpha=4))
    building.write(tmp_path / "half.safetensors", building.kohya(FACTORS, alpha=2))
    building.write(tmp_path / "none.safetensors", building.kohya(FACTORS))
    found = compared(tmp_path, "relative-l2")
    assert cosine(found, "whole", "none") == 0
    assert cosine(found, "whole", "half") == pytest.approx(0.5 / 0.75)
    assert told(found, "half", "whole") == ["the same change, one at 50 % of the other's size"]


def test_a_resized_one_is_told_with_its_rank(tmp_path):
    small = {}
    for name, (up, down) in FACTORS.items():
        u, s, v = np.linalg.svd(up.astype(float) @ down, full_matrices=False)
        small[name] = ((u[:, :2] * s[:2]).astype("f4"), v[:2].astype("f4"))
    building.write(tmp_path / "big.safetensors", building.kohya(FACTORS))
    building.write(tmp_path / "small.safetensors", building.kohya(small))
    found = compared(tmp_path)
    value = cosine(found, "big", "small")
    assert 0.5 < value < 0.95
    resized = f"the same change resized to rank 2 ({value:.2f}), or merged into the other: small"
    assert told(found, "big", "small") == [resized]


def test_an_untrained_one_is_told_and_has_no_number(tmp_path):
    untrained = {name: (0 * up, down) for name, (up, down) in FACTORS.items()}
    building.write(tmp_path / "new.safetensors", building.kohya(untrained))
    building.write(tmp_path / "a.safetensors", building.kohya(FACTORS))
    found = compared(tmp_path)
    assert np.isnan(cosine(found, "new", "a"))
    assert told(found, "new", "new") == ["never trained: it changes nothing (all its changes are zero)"]


def test_one_seed_makes_no_kinship(tmp_path):
    rng = np.random.default_rng(9)
    apart = {n: (rng.normal(size=up.shape).astype("f4"), down) for n, (up, down) in FACTORS.items()}
    building.write(tmp_path / "a.safetensors", building.kohya(FACTORS))
    building.write(tmp_path / "b.safetensors", building.kohya(apart))
    assert abs(cosine(compared(tmp_path), "a", "b")) < 0.05


def test_a_mixture_of_two_has_a_part_of_each(tmp_path):
    mixed = {
        name: (np.hstack([up, OTHER[name][0]]), np.vstack([down, OTHER[name][1]]))
        for name, (up, down) in FACTORS.items()
    }
    for name, factors in (("a", FACTORS), ("b", OTHER), ("mixed", mixed)):
        building.write(tmp_path / f"{name}.safetensors", building.kohya(factors))
    found = compared(tmp_path)
    assert cosine(found, "a", "mixed") == pytest.approx(0.707, abs=0.03)
    assert cosine(found, "b", "mixed") == pytest.approx(0.707, abs=0.03)


@st.composite
def changes(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p, q, m, n = (draw(st.integers(1, 5)) for _ in range(4))
    rank = draw(st.integers(1, 4))

    def low():
        return LowRank(rng.normal(size=(p * q, rank)), rng.normal(size=(rank, m * n)))

    makers = (
        low,
        lambda: Hadamard(low(), low()),
        lambda: Kronecker(rng.normal(size=(p, m)), rng.normal(size=(q, n))),
        lambda: Full(rng.normal(size=(p * q, m * n))),
    )
    return [draw(st.sampled_from(makers))() for _ in range(draw(st.integers(1, 6)))]


@given(changes())
@settings(max_examples=60)
def test_inner_products_are_those_of_the_changes_themselves(found):
    whole = np.stack([change.rows(0, change.shape[0]).reshape(-1) for change in found])
    assert np.allclose(gram(found), whole @ whole.T, rtol=1e-9, atol=1e-9 * np.abs(whole @ whole.T).max())


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.1, 10))
@settings(max_examples=40)
def test_an_inner_product_does_not_depend_on_the_factors(seed, rank, size):
    rng = np.random.default_rng(seed)
    a, b = (LowRank(rng.normal(size=(30, rank)), rng.normal(size=(rank, 20))) for _ in "ab")
    turn = rng.normal(size=(rank, rank)) + rank * 2 * np.eye(rank)
    turned = LowRank(a.up @ turn, np.linalg.solve(turn, a.down))
    scaled = LowRank(a.up * size, a.down / size)
    doubled = LowRank(np.hstack([a.up / 2, a.up / 2]), np.vstack([a.down, a.down]))
    products = gram([a, b, turned, scaled, doubled])
    assert np.allclose(products[0, 1], products[2:, 1], rtol=1e-6, atol=1e-6 * np.abs(products).max())


def test_many_adapters_are_multiplied_in_tiles_with_the_same_answer(monkeypatch):
    rng = np.random.default_rng(4)
    found = [LowRank(rng.normal(size=(40, rank)), rng.normal(size=(rank, 30))) for rank in (3, 5, 4, 8, 2, 6)]
    found.append(LowRank(found[1].up * (1 + 1e-6), found[1].down))  # nearly the same as another
    exact = gram(found)
    monkeypatch.setattr(products, "_MOST_RANKS", 4)
    monkeypatch.setattr(products, "_TILE", 8)
    tiled = gram(found)
    assert np.allclose(tiled, exact, rtol=1e-5, atol=1e-5 * np.abs(exact).max())
    assert tiled[1, 6] == pytest.approx(exact[1, 6], rel=1e-12)
    apart = tiled[1, 1] + tiled[6, 6] - 2 * tiled[1, 6]
    assert apart == pytest.approx(1e-12 * exact[1, 1], rel=1e-2)


def test_a_change_a_million_times_smaller_has_its_direction(tmp_path):
    tiny = {name: (up * 1e-6, down) for name, (up, down) in FACTORS.items()}
    building.write(tmp_path / "a.safetensors", building.kohya(FACTORS))
    building.write(tmp_path / "tiny.safetensors", building.kohya(tiny))
    building.write(tmp_path / "other.safetensors", building.kohya(OTHER))
    found = compared(tmp_path)
    assert cosine(found, "a", "tiny") == pytest.approx(1, abs=1e-6)
    assert cosine(found, "other", "tiny") == pytest.approx(cosine(found, "other", "a"), abs=1e-6)
