"""Suites say what is drawn; an identity changes with all that matters to the pixels and with nothing else."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.errors import ModelsimError
from lib_modelsim.pictures.records.infotext import parse
from lib_modelsim.pictures.records.reading import read_records
from lib_modelsim.probes.importing import probe_of_infotext, suite_of_text
from lib_modelsim.probes.naming import file_name
from lib_modelsim.probes.parameters import OPTION_LABELS, OPTIONS, Parameters
from lib_modelsim.probes.recording import infotext, parameters_of
from lib_modelsim.probes.suite import SHIPPED, Probe, Suite, from_document, read_suite, to_document, to_json
from tests.command import ROOT
from tests.probes.fake_engine import drawable

ANNA = drawable("anna")


def shipped(name: str) -> Suite:
    return read_suite(SHIPPED / f"{name}.json")


# the suites that are shipped


def test_cfg1_is_as_published_to_the_character(shared):
    (picture,) = (shared / "data" / "cfg1").glob("*.png")
    published = parse(read_records(picture).drawable.infotext)
    (probe,) = shipped("cfg1").probes
    (parameters,) = probe.pictures("SD 1.x")
    ours = parse(infotext(parameters, replace(ANNA, sha256="925997e9" * 8), "v1.10.1"))
    assert (ours.prompt, ours.negative_prompt) == (published.prompt, published.negative_prompt)
    assert ours.settings["Model hash"].startswith(published.settings["Model hash"])
    told = {label: value for label, value in published.settings.items() if label != "Model hash"}
    assert {label: ours.settings[label] for label in told} == told


def test_prior_is_told_nothing_twenty_times():
    (probe,) = shipped("prior").probes
    pictures = probe.pictures("SD 1.x")
    assert [parameters.seed for parameters in pictures] == list(range(1, 21))
    assert {(p.prompt, p.negative_prompt, p.sampler, p.steps) for p in pictures} == {("", "", "DDIM", 1000)}
    xl = probe.pictures("SDXL")[0]
    assert (xl.sampler, xl.steps, xl.cfg_scale, xl.width, xl.height) == ("Euler", 48, 3, 1024, 1024)


def test_standard_has_24_prompts_over_all_categories():
    suite = shipped("standard")
    categories = Counter(probe.category for probe in suite.probes)
    assert set(categories) == {
        *("portrait", "full figure", "hands", "group", "animal", "landscape", "architecture", "interior"),
        *("object", "food", "vehicle", "text", "illustration", "abstract"),
    }
    assert len({probe.parameters.prompt for probe in suite.probes}) == 24


@pytest.mark.parametrize("name", ["cfg1", "cfg1-fast", "prior", "standard"])
def test_every_shipped_suite_has_its_size_per_architecture(name):
    sizes = {"SD 1.x": 512, "SD 2.x": 768, "SDXL": 1024, "SD3": 1024, "Flux": 1024, None: 512}
    for probe in shipped(name).probes:
        for architecture, size in sizes.items():
            assert {(p.width, p.height) for p in probe.pictures(architecture)} == {(size, size)}


def test_identities_of_shipped_probes_stay_what_they_are():
    """Galleries of years hang on these; a change of a default, or of how identities are made, would orphan them."""
    first = {name: shipped(name).probes[0].pictures("SD 1.x")[0] for name in ("cfg1", "prior", "standard")}
    assert {name: parameters.identity("A1111")[:16] for name, parameters in first.items()} == {
        "cfg1": "e83fc5ae2d8bd0d9",
        "prior": "623bb24c19075b46",
        "standard": "20677af8b12de5ba",
    }


# identities

CHANGES = {
    "prompt": "x",
    "negative_prompt": "x",
    "sampler": "DDIM",
    "scheduler": "Karras",
    "steps": 21,
    "cfg_scale": 7.5,
    "seed": 2,
    "width": 520,
    "height": 520,
    "clip_skip": 2,
    "noise": "NV",
    "vae": "x.pt",
    "options": {"eta_noise_seed_delta": 31337},
    "batch": (1, 2),
    "modules": ("t5.safetensors",),
}


def test_everything_that_matters_changes_the_identity():
    base = Parameters()
    changed = [replace(base, **{name: value}) for name, value in CHANGES.items()]
    options = [replace(base, options={name: _other(default)}) for name, default in OPTIONS.items()]
    identities = [parameters.identity("A1111") for parameters in (base, *changed, *options)]
    identities.append(base.identity("diffusers"))
    assert set(CHANGES) == set(Parameters.__dataclass_fields__)
    repeated = Counter(identities).most_common(1)[0][1]
    assert repeated == 2, "the option in CHANGES and that of its own, and no other"


def _other(default: str | int | float | bool) -> str | int | float | bool:
    if isinstance(default, bool):
        return not default
    return (
        default + "x" if isinstance(default, str) else (31337 if default == 0 and type(default) is int else default + 1)
    )


def test_how_a_value_is_written_does_not():
    assert Parameters(cfg_scale=7).identity("A1111") == Parameters(cfg_scale=7.0).identity("A1111")
    said = Parameters(options=OPTIONS | {"s_churn": 0})
    assert said == Parameters()
    assert said.identity("A1111") == Parameters().identity("A1111")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"steps": 0}, {"steps": "20"}, {"width": 500}, {"width": 100_000}, {"noise": "TPU"}, {"seed": -1}),
        *({"options": {"no_such": 1}}, {"options": {"s_churn": "much"}}, {"prompt": None}, {"clip_skip": True}),
    ],
)
def test_values_that_no_picture_has_are_refused_in_one_line(wrong):
    with pytest.raises(ModelsimError) as refused:
        Parameters(**wrong)
    assert "\n" not in str(refused.value)
    assert "Fix: " in str(refused.value)


# infotexts

texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30)
some_parameters = st.builds(
    Parameters,
    prompt=texts,
    negative_prompt=texts,
    sampler=st.sampled_from(["Euler", "Euler a", "DPM++ 2M", "DDIM"]),
    scheduler=st.sampled_from(["Automatic", "Karras", "SGM Uniform"]),
    steps=st.integers(1, 1000),
    cfg_scale=st.floats(1, 30),
    seed=st.integers(0, 2**32),
    width=st.integers(8, 256).map(lambda side: side * 8),
    clip_skip=st.integers(1, 12),
    noise=st.sampled_from(["GPU", "CPU", "NV"]),
    vae=st.sampled_from(["own", "vae-ft-mse-840000-ema-pruned.safetensors"]),
    options=st.fixed_dictionaries({}, optional={name: st.just(_other(OPTIONS[name])) for name in OPTION_LABELS}),
)


@given(some_parameters)
def test_an_infotext_tells_all_of_its_parameters(parameters):
    assert parameters_of(infotext(parameters, ANNA, "fake 1.0")) == parameters


def test_older_infotexts_name_the_scheduler_with_the_sampler():
    parameters = parameters_of("a cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 5, Size: 512x768")
    assert (parameters.sampler, parameters.scheduler) == ("DPM++ 2M", "Karras")
    assert (parameters.seed, parameters.width, parameters.height) == (5, 512, 768)


@pytest.mark.parametrize("text", ["", "a cat", "a cat\nSteps: many, Sampler: Euler, Seed: 1"])
def test_what_is_no_infotext_is_refused(text):
    with pytest.raises(ModelsimError):
        probe_of_infotext(text)


# suites of one's own


def test_a_suite_s_file_says_all_of_it():
    for name in ("cfg1", "cfg1-fast", "prior", "standard"):
        suite = shipped(name)
        assert from_document(json.loads(to_json(suite))) == suite
    mixed = Suite(
        "mixed",
        (
            Probe("a", Parameters(prompt="a", options={"s_churn": 1.0}), (1, 2), "animal"),
            Probe("b", Parameters(prompt="b"), (3,), forms={"SDXL": {"width": 1024, "options": {"s_churn": 2.0}}}),
        ),
    )
    assert from_document(to_document(mixed)) == mixed
    assert mixed.probes[1].pictures("SDXL")[0].options == {"s_churn": 2.0}


def test_prompts_one_a_line_become_a_suite_drawn_as_the_standard_one():
    suite = suite_of_text("a cat\n\n  a dog  \na cat\n", "pets", shipped("standard"))
    assert [probe.parameters.prompt for probe in suite.probes] == ["a cat", "a dog"]
    assert [probe.name for probe in suite.probes] == ["1 a cat", "2 a dog"]
    standard = shipped("standard").probes[0]
    assert suite.probes[0].parameters == replace(standard.parameters, prompt="a cat")
    assert suite.probes[0].forms == standard.forms


def test_a_pasted_infotext_becomes_a_probe():
    text = "a cat,\nasleep\nNegative prompt: dog\nSteps: 30, Sampler: Euler a, CFG scale: 5.5, Seed: 77, Size: 640x512"
    (probe,) = suite_of_text(text, "pasted", shipped("standard")).probes
    assert probe.name == "a cat, asleep"
    (parameters,) = probe.pictures("SDXL")
    assert parameters == Parameters("a cat,\nasleep", "dog", "Euler a", steps=30, cfg_scale=5.5, seed=77, width=640)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "a suite must be a table"),
        ({"name": "x", "probes": []}, "a suite needs probes"),
        ({"probes": [{"name": "a"}]}, "a suite needs a name"),
        ({"name": "x", "probes": [{"prompt": "a"}]}, "a probe needs a name"),
        ({"name": "x", "probes": [{"name": "a", "stpes": 3}]}, "has no 'stpes'"),
        ({"name": "x", "probes": [{"name": "a", "steps": "3"}]}, "steps must be a whole number: 3"),
        ({"name": "x", "probes": [{"name": "a", "seeds": []}]}, "needs seeds"),
        ({"name": "x", "probes": [{"name": "a", "seeds": ["1"]}]}, "seed must be a whole number"),
        ({"name": "x", "probes": [{"name": "a", "forms": {"SDXL": {"width": 3}}}]}, "width out of range: 3"),
        ({"name": "x", "probes": [{"name": "A:"}, {"name": "a?"}]}, "two probes have the same file name: A:, a?"),
    ],
)
def test_a_suite_s_file_that_is_wrong_says_what_is(document, said):
    with pytest.raises(ModelsimError) as wrong:
        from_document(document)
    assert said in str(wrong.value)


def test_the_suite_in_the_documentation_is_one():
    text = (ROOT / "docs" / "probes.md").read_text("utf-8")
    suite = from_document(json.loads(text.partition("```json")[2].partition("```")[0]))
    assert [len(probe.seeds) for probe in suite.probes] == [2, 1]
    assert suite.probes[1].pictures("SDXL")[0].options == {"s_churn": 2.0}


# names

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789")}


@given(
    st.text(max_size=300)
    | st.text("模型a", min_size=40)
    | st.sampled_from(["CON", "nul.txt", "com1", "LPT9.a.b", "aux ", "..", ".", "", "a/../b"])
)
def test_names_fit_every_system(name):
    fit = file_name(name)
    assert 0 < len(fit) <= 81
    assert len(os.fsencode(fit)) <= 151
    assert not set(fit) & set('<>:"/\\|?*\0')
    assert all(ord(character) >= 32 for character in fit)
    assert fit[0] not in " ."
    assert fit[-1] not in " ."
    assert fit.split(".")[0].strip().lower() not in RESERVED
    assert file_name(fit) == fit


@pytest.mark.parametrize("name", ["sd_xl_base_1.0", "Ünïcödé 模型", "a (b) [c], d"])
def test_names_that_fit_stay_as_they_are(name):
    assert file_name(name) == name
