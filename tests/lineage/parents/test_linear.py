"""Signed shares by block, the parents chosen, and the kinds that follow from them, on models made here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lib_modelsim.lineage.evidence import TargetEvidence
from lib_modelsim.lineage.making import make
from lib_modelsim.lineage.parents.candidates import candidates_of
from lib_modelsim.lineage.products import Distances, typical_rounding
from lib_modelsim.lineage.recipe import Recipe
from lib_modelsim.lineage.values import rounding

BLOCKS = [("BASE", "te"), *((f"IN{i:02d}", "unet") for i in range(6)), ("VAE", "vae")]
NUMBERS = 4000

Model = dict[str, np.ndarray]


def drawn(rng: np.random.Generator) -> Model:
    return {block: rng.standard_normal(NUMBERS).astype(np.float16) for block, _ in BLOCKS}


def tuned(model: Model, rng: np.random.Generator, size: float = 0.1) -> Model:
    return {k: (v + size * rng.standard_normal(NUMBERS)).astype(np.float16) for k, v in model.items()}


def merged(shares: dict[str, float] | dict[str, dict[str, float]], library: dict[str, Model]) -> Model:
    """Block by block where the shares are a table."""
    table = {b: shares.get(b, shares) for b, _ in BLOCKS}
    return {b: sum(s * library[m][b].astype(np.float32) for m, s in table[b].items()).astype(np.float16) for b in table}


def evidence(target: Model, library: dict[str, Model], base: str | None = "base", dtype: str = "F16") -> TargetEvidence:
    """As the pass over the files leaves it: NaN in a model's numbers takes it out of these."""
    names, rows = ("target", *library), []
    for block, component in BLOCKS:
        held = [n for n in names if n == "target" or block in library[n]]
        values = np.stack([(target if n == "target" else library[n])[block].astype(np.float64) for n in held])
        squares = ((values[:, None] - values[None]) ** 2).sum(-1)
        norms = (values**2).sum(-1)
        size = typical_rounding(norms[0], NUMBERS, dtype)
        rows.append(Distances(block, component, block, tuple(held), squares, norms, NUMBERS, size))
    precisions = {n: {c: dtype if n == "target" else "F16" for _, c in BLOCKS} for n in names}
    nothing = lambda names: []  # noqa: E731
    origin = base if base in library else None
    return TargetEvidence("target", "SD 1.x", rows, nothing, nothing, origin, 1.0, tuple(library), precisions)


@pytest.fixture
def library() -> dict[str, Model]:
    rng = np.random.default_rng(5)
    base = drawn(rng)
    found = {"base": base} | {f"m{i}": tuned(base, rng) for i in range(12)}
    found["kin"] = tuned(found["m0"], rng, 0.03)
    return found


def told(found: Recipe) -> dict[str, float | None]:
    return {parent.model: parent.share for parent in found.parents}


@pytest.mark.parametrize("seed", range(8))
def test_random_sums_of_random_models_give_their_shares_back(library: dict[str, Model], seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = rng.choice(list(library)[1:], rng.integers(2, 6), replace=False).tolist()
    shares = rng.uniform(0.1, 1, len(names))
    shares[0] *= rng.choice([1, -1])
    wanted = dict(zip(names, shares / shares.sum(), strict=True))
    found = make(evidence(merged(wanted, library), library))
    assert told(found) == pytest.approx(wanted, abs=1e-3)
    assert all(p.low <= wanted[p.model] <= p.high for p in found.parents)
    assert found.sure
    assert found.method.residual_in_roundings < 2


def test_a_share_of_three_percent_is_found_and_kin_does_not_stand_in(library: dict[str, Model]) -> None:
    found = make(evidence(merged({"m0": 0.97, "m5": 0.03}, library), library))
    assert told(found) == pytest.approx({"m0": 0.97, "m5": 0.03}, abs=1e-3)
    assert found.kind == "weighted sum"


def test_a_parent_of_one_block_alone_is_found(library: dict[str, Model]) -> None:
    shares = {b: {"m1": 0.6, "m2": 0.4} for b, _ in BLOCKS} | {"IN03": {"m1": 0.5, "m2": 0.2, "m7": 0.3}}
    found = make(evidence(merged(shares, library), library))
    assert found.kind == "block-weighted"
    assert found.blocks["IN03"] == pytest.approx({"m1": 0.5, "m2": 0.2, "m7": 0.3}, abs=1e-3)
    assert found.blocks["IN02"] == pytest.approx({"m1": 0.6, "m2": 0.4, "m7": 0.0}, abs=1e-3)


def test_an_added_difference_has_a_negative_share(library: dict[str, Model]) -> None:
    found = make(evidence(merged({"m1": 1.0, "m2": 0.7, "base": -0.7}, library), library))
    assert found.kind == "add-difference"
    assert told(found) == pytest.approx({"m1": 1.0, "m2": 0.7, "base": -0.7}, abs=1e-3)


def test_without_a_base_a_linear_merge_is_found_as_well(library: dict[str, Model]) -> None:
    target = merged({"m1": 0.5, "m2": 0.3, "m3": 0.2}, library)
    del library["base"]
    found = make(evidence(target, library, None))
    assert found.kind == "triple sum"
    assert told(found) == pytest.approx({"m1": 0.5, "m2": 0.3, "m3": 0.2}, abs=1e-3)


def test_a_copy_is_one_parent_and_the_other_copies_are_told(library: dict[str, Model]) -> None:
    library["again"] = library["m3"]
    found = make(evidence(library["m3"], library))
    assert (found.kind, told(found)) == ("copy", {"m3": 1.0})
    assert found.parents[0].same_as == ("again",)


def test_another_vae_is_a_swap(library: dict[str, Model]) -> None:
    library["m4"]["VAE"] = np.random.default_rng(1).standard_normal(NUMBERS).astype(np.float16)
    found = make(evidence(library["m1"] | {"VAE": library["m4"]["VAE"]}, library))
    assert found.kind == "component swap"
    assert told(found) == {"m1": 1.0, "m4": None}
    assert found.components["vae"].source == "m4"


def test_a_merge_with_the_vae_of_another(library: dict[str, Model]) -> None:
    target = merged({"m1": 0.6, "m2": 0.4}, library) | {"VAE": library["m9"]["VAE"]}
    found = make(evidence(target, library))
    assert found.kind == "weighted sum"
    assert told(found) == {"m1": pytest.approx(0.6, abs=1e-3), "m2": pytest.approx(0.4, abs=1e-3), "m9": None}


def test_a_model_that_lacks_a_component_is_a_parent_of_the_others(library: dict[str, Model]) -> None:
    target = merged({"m1": 0.6, "m2": 0.4}, library) | {"VAE": library["m1"]["VAE"]}
    del library["m2"]["VAE"]
    found = make(evidence(target, library))
    assert told(found) == pytest.approx({"m1": 0.6, "m2": 0.4}, abs=1e-3)
    assert found.sure


def test_weights_that_a_parent_lacks_are_not_told(library: dict[str, Model]) -> None:
    found = evidence(merged({"m1": 0.6, "m2": 0.4}, library), library)
    row = next(row for row in found.blocks if row.name == "IN02")
    whole, part = row.of(list(library)), row.of([name for name in library if name != "m2"])
    few = replace(part, squares=part.squares / 20, norms=part.norms / 20, count=NUMBERS // 20)
    told = make(replace(found, blocks=[*(r for r in found.blocks if r is not row), whole, few]))
    assert {p.model: p.share for p in told.parents} == pytest.approx({"m1": 0.6, "m2": 0.4}, abs=1e-3)
    assert not told.sure
    assert told.coverage < 1
    assert "nothing is told" in told.remarks[0]


def test_kin_that_differ_by_a_few_digits_have_one_share(library: dict[str, Model]) -> None:
    """The nearer of two that differ by one digit takes all, by another part in each block."""
    rng = np.random.default_rng(2)
    library["near"] = {
        block: (numbers + 10 ** rng.uniform(-2.8, -2) * rng.standard_normal(NUMBERS)).astype(np.float16)
        for block, numbers in library["m0"].items()
    }
    wanted = {"m0": 0.51, "near": 0.49}
    found = make(evidence(merged(wanted, library), library))
    assert found.kind == "weighted sum"
    assert all(p.low <= wanted[p.model] <= p.high for p in found.parents)


def test_of_a_hundred_the_two_that_explain_it() -> None:
    rng = np.random.default_rng(0)
    base = drawn(rng)
    many = {"base": base} | {f"m{i:02d}": tuned(base, rng) for i in range(60)}
    many |= {f"kin{i:02d}": tuned(many["m00"], rng, 0.02) for i in range(39)}
    found = make(evidence(merged({"m00": 0.7, "m33": 0.3}, many), many))
    assert told(found) == pytest.approx({"m00": 0.7, "m33": 0.3}, abs=1e-3)


def test_no_candidates_and_one_alone(library: dict[str, Model]) -> None:
    alone = make(evidence(library["m1"], {}))
    assert (alone.kind, alone.parents, alone.sure) == ("unknown", (), False)
    one = make(evidence(library["m1"], {"base": library["base"]}))
    assert not one.sure


def test_a_twin_with_another_vae_is_no_parent_where_the_shares_fit_the_other(library: dict[str, Model]) -> None:
    for name in ("m1", "m2"):
        library[name]["VAE"] = library["base"]["VAE"]
    library = {"twin": library["m2"] | {"VAE": library["m5"]["VAE"]}} | library
    found = candidates_of(evidence(merged({"m1": 0.6, "m2": 0.4}, library), library))
    assert set(found.chosen) == {"m1", "m2"}


@pytest.mark.parametrize("dtype", ["F16", "F32"])
def test_what_rounding_makes_is_known_without_a_look(dtype: str) -> None:
    for size in (0.013, 0.02, 0.03, 1.0):
        values = (size * np.random.default_rng(0).standard_normal(50000)).astype(np.float32)
        expected = rounding(values, dtype)
        assert typical_rounding(float((values**2).sum()), values.size, dtype) == pytest.approx(expected, rel=0.2)
