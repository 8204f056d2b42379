"""'Perhaps a merge of these', on real files: wherever models are told of, and never where too little is compared."""

from __future__ import annotations

import pytest
from safetensors.torch import save_file

from benchmarks import kin
from benchmarks.merges import OF_TRAINED
from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.measures.bounds import APART, UNRELATED
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.relatives import PARENT, relatives

from ..command import run


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A base, two fine-tunes, their mean, and a child of one of them."""
    folder = tmp_path_factory.mktemp("mixed")
    base = demo.draw(demo.sd1_shapes(4, 16, 1), seed=1)
    anna, bert = (demo.train(base, seed=seed, size=0.1) for seed in (2, 3))
    mix = {key: ((anna[key] + bert[key]) / 2).astype(base[key].dtype) for key in base}
    models = {"base": base, "anna": anna, "bert": bert, "mix": mix, "child": demo.train(anna, seed=4, size=0.05)}
    for name, weights in models.items():
        demo.save(folder / f"{name}.safetensors", weights)
    return folder


@pytest.mark.parametrize("measure", ["sampled-delta-cosine", "cosine", "relative-l2"])
def test_any_measure_of_weights_tells_them(mixed, measure):
    found = run("compare", mixed, "--measure", measure, "--no-library", "--json").document["merges"]
    (merge,) = found
    assert merge["model"] == "mix"
    assert set(merge["parents"]) == {"anna", "bert"}
    assert merge["left"] < 0.1


def test_the_attention_score_knows_none(mixed):
    assert run("compare", mixed, "--measure", "asimilarity", "--no-library", "--json").document["merges"] == []


def test_people_are_told_with_perhaps(mixed, tmp_path):
    told = run("compare", mixed, "--no-library").out
    assert "mix: perhaps a merge of anna and bert" in told or "mix: perhaps a merge of bert and anna" in told
    assert "mix: perhaps a merge of" in run("classify", mixed, "--out", tmp_path, "--no-library").out
    report = (tmp_path / "report.html").read_text("utf-8")
    assert "Perhaps merges" in report


def test_all_merges_of_the_trained_family_and_no_other(trained_family, tmp_path):
    for name, tensors in kin.trained_family(trained_family).items():
        save_file({key: values.contiguous() for key, values in tensors.items()}, tmp_path / f"{name}.safetensors")
    with Library(None) as library:
        found = compare([tmp_path], "sampled-delta-cosine", kin.BASE, library, Job(), "cpu")
    assert {merge.model for merge in found.merges} == set(OF_TRAINED)


def test_the_smaller_parent_of_a_merge_is_no_stranger_and_strangers_still_are(tmp_path):
    base = demo.draw(demo.sd1_shapes(4, 16, 1), seed=1)
    anna, bert = (demo.train(base, seed=seed, size=0.1) for seed in (2, 3))
    stranger = demo.draw(demo.sd1_shapes(4, 16, 1), seed=9)
    models = {"base": base, "anna": anna, "bert": bert, "stranger": stranger}
    for name, other in (("light", bert), ("odd", stranger)):
        models[name] = {key: (0.9 * anna[key] + 0.1 * other[key]).astype(base[key].dtype) for key in base}
    for name, weights in models.items():
        demo.save(tmp_path / f"{name}.safetensors", weights)

    def verdicts(measure, chosen, base=None):
        found = compare([tmp_path], measure, base, library, Job(), "cpu")
        return {relative.name: relative.verdict for relative in relatives(found, {}, chosen)}

    with Library(None) as library:
        by_direction, by_angle = verdicts("sampled-delta-cosine", "light", "base"), verdicts("cosine", "odd")
        of_anna = verdicts("sampled-delta-cosine", "anna", "base")
    assert by_direction["bert"].text == PARENT
    assert "light is perhaps a merge of" in by_direction["bert"].why
    assert by_angle["stranger"].text == PARENT
    assert (by_direction["stranger"].text, by_angle["bert"].text != UNRELATED) == (UNRELATED, True)
    assert of_anna["bert"].text == APART
    assert "A merge that holds little of the other looks the same." in of_anna["bert"].why
