"""Targets that nothing was mixed for: copies, casts, components put together, Adjust, a LoRA in one model."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.lineage.unmixed.unmixed import unmixed

from ..arrays import drawn, evidence_of, mixed, moved


@pytest.fixture(scope="module")
def models():
    base = drawn(0)
    a, b = moved(base, 1), moved(base, 2)
    a |= {key: base[key] for key in a if key.startswith("vae.")}
    return {"base": base, "a": a, "b": b}


def part(model, donor, prefix):
    return {key: donor[key] if key.startswith(prefix) else w for key, w in model.items()}


def test_a_copy_names_all_that_have_its_numbers(models):
    found = unmixed(evidence_of(models["a"], {**models, "again": models["a"]}, "base"))
    assert (found.kind, found.sure) == ("copy", True)
    assert [(p.model, p.share, p.same_as) for p in found.parents] == [("a", 1.0, ("again",))]
    assert {c.kind for c in found.components.values()} == {"same"}
    assert set(found.blocks) == {"B00", "B01", "B02", "B03", "BASE", "VAE"}


def test_the_same_numbers_in_a_wider_format_are_a_cast(models):
    wide = {key: w.astype("f4") for key, w in models["a"].items()}
    found = unmixed(evidence_of(wide, models, dtype="F32", precisions=dict.fromkeys(models, "F16")))
    assert found.kind == "cast"
    assert "F16 → F32" in found.method.why


def test_a_cast_is_proven_by_the_library_and_not_by_a_small_distance(models):
    near = {key: (w.astype("f4") * (1 + 1e-3)).astype("f2") for key, w in models["a"].items()}
    as_bf16 = {"target": "BF16", "base": "F16", "a": "F16", "b": "F16"}
    for proven in (True, False):
        said = dict.fromkeys(("unet", "te", "vae"), proven)
        given = evidence_of(near, models, dtype="BF16", precisions=as_bf16, rounded=lambda name, said=said: said)
        found = unmixed(given)
        assert (found is not None and found.kind == "cast") == proven


@pytest.mark.parametrize(("prefix", "component"), [("vae.", "vae"), ("te.", "te")])
def test_a_component_of_another_is_told_apart_from_the_model(models, prefix, component):
    found = unmixed(evidence_of(part(models["a"], models["b"], prefix), models, "base"))
    assert found.kind == "component swap"
    assert [(p.model, p.share) for p in found.parents] == [("a", 1.0), ("b", None)]
    assert {name: c.source for name, c in found.components.items() if name != component} == dict.fromkeys(
        {"unet", "te", "vae"} - {component}, "a"
    )
    assert found.components[component].source == "b"


def test_a_vae_that_all_share_is_no_swap(models):
    alike = {name: part(model, models["base"], "vae.") for name, model in models.items()}
    found = unmixed(evidence_of(alike["b"], alike, "base"))
    assert (found.kind, [p.model for p in found.parents]) == ("copy", ["b"])


def test_a_merge_with_a_vae_of_a_third_is_no_swap(models):
    merge = part(mixed({"a": 0.6, "b": 0.4}, models), models["base"], "vae.")
    assert unmixed(evidence_of(merge, models, "base")) is None


def test_adjust_is_found_with_its_settings(models):
    places = {"input_blocks.0.0": (24, 4, 3, 3), "out.0": (24,), "out.2": (4, 24, 3, 3)}
    rng = np.random.default_rng(5)

    def with_ends(model, change=lambda key, w: w):
        ends = {f"B00.{n}.weight": rng.normal(size=s).astype("f2") for n, s in places.items()}
        ends |= {f"B00.{n}.bias": rng.normal(size=s[0]).astype("f2") for n, s in places.items()}
        return model | ends

    a = with_ends(models["a"])
    target = dict(a)
    for key, factor in (("input_blocks.0.0.weight", 0.97), ("input_blocks.0.0.bias", 1.06), ("out.2.weight", 1.02)):
        target[f"B00.{key}"] = (a[f"B00.{key}"].astype("f4") * np.float32(factor)).astype("f2")
    shift = np.array([5, *(2 * np.array([-1, 1 / 3, 2 / 3]))], "f4") / 50
    target["B00.out.2.bias"] = (a["B00.out.2.bias"] + shift).astype("f2")
    known = {"base": with_ends(models["base"]), "a": a, "again": dict(a)}
    found = unmixed(evidence_of(target, known, "base"))
    assert (found.kind, [(p.model, p.same_as) for p in found.parents]) == ("adjust", [("a", ("again",))])
    assert found.sure
    settings = found.method.parameters
    assert settings["detail 1"] == pytest.approx(3, abs=0.02)
    assert settings["detail 3"] == pytest.approx(-2, abs=0.02)
    assert settings["contrast"] == pytest.approx(5, abs=0.1)
    assert found.method.residual_in_roundings < 2
    assert len(found.keys) == 4
    twin = {key: a[key] if not key.startswith("vae.") else w[::-1] for key, w in a.items()}
    found = unmixed(evidence_of(target, {"twin": twin, **known}, "base"))
    assert [p.model for p in found.parents] == ["a"], "the VAE tells twins apart"
    other = target | {"B00.out.0.weight": (target["B00.out.0.weight"].astype("f4") + rng.normal(size=24)).astype("f2")}
    found = unmixed(evidence_of(other, known, "base"))
    assert (found.kind, found.sure, found.method.parameters) == ("adjust", False, {})
    assert found.method.why.startswith("5 weights in B00 differ from a, by no formula")
    assert len(found.keys) == 5
