"""Models against the others on the same prompts and seeds."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from lib_modelsim.curate.by_model import compare_models
from lib_modelsim.curate.categories import categories_of
from lib_modelsim.curate.collection import UNKNOWN
from lib_modelsim.curate.scored_pictures import ScoredPictures
from tests.curate.galleries import PROMPTS, pictures, sample_of, subject_of, vectors_of

SOME = pictures(models=4, seeds=2)
SUBJECT = np.array([subject_of(each.prompt) for each in SOME])
MODEL = np.array([each.key for each in SOME])


def compared(some, scores):
    sample = sample_of(some, scores)
    return compare_models(sample, categories_of(sample))


def noise(seed: int, count: int = len(SOME)) -> np.ndarray:
    return 25 + 2 * np.random.default_rng(seed).normal(size=count)


def test_a_model_that_is_better_everywhere_is_told_with_its_interval():
    result = compared(SOME, noise(0) + 6 * (MODEL == "m2"))
    first = result.models[0]
    assert (first.model, first.n, first.whole.verdict, first.whole.prompts, first.whole.pictures) == (
        "model 2",
        24,
        "better",
        12,
        24,
    )
    assert first.whole.low < 6 < first.whole.high
    assert [each.whole.verdict for each in result.models[1:]].count("better") == 0


def test_easier_prompts_make_no_better_model():
    easy = np.array([each.prompt in PROMPTS[:6] for each in SOME])
    kept = ((MODEL == "m0") & easy) | ((MODEL == "m1") & ~easy) | (MODEL == "m2")
    some = [each for each, here in zip(SOME, kept, strict=True) if here]
    result = compared(some, (noise(1) + 15 * easy)[kept])
    means = {each.model: each.mean for each in result.models}
    assert means["model 0"] > means["model 1"] + 10
    assert all(each.whole.verdict == "no difference shown" for each in result.models)


def test_a_model_that_fails_in_one_category_is_told_there():
    result = compared(SOME, noise(2) - 14 * ((MODEL == "m1") & (SUBJECT == 3)))
    failing = next(each for each in result.models if each.model == "model 1")
    verdicts = {each.category: each.verdict for each in failing.categories}
    worse = [name for name, verdict in verdicts.items() if verdict == "worse"]
    assert worse, verdicts
    assert all("cat" in name for name in worse)


def test_noise_makes_no_model_better_or_worse():
    wrong = 0
    for seed in range(30):
        result = compared(SOME, noise(100 + seed))
        verdicts = {each.verdict for row in result.models for each in (row.whole, *row.categories)}
        wrong += bool(verdicts & {"better", "worse"})
    assert wrong <= 5  # 1.5 are expected at most


def test_fewer_than_three_prompts_tell_nothing():
    some = pictures(models=2, seeds=6, prompts=PROMPTS[:2])
    result = compared(some, np.where([each.key == "m0" for each in some], 90.0, 10.0) + noise(3, len(some)))
    assert {each.whole.verdict for each in result.models} == {"cannot be told"}
    assert result.models[0].whole.difference > 50
    assert math.isnan(result.models[0].whole.low)


def test_models_are_compared_by_prompt_where_seeds_differ_and_it_is_said():
    some = [dataclasses.replace(each, seed=each.seed + 10 * int(each.key[1])) for each in SOME]
    result = compared(some, noise(4) + 6 * (MODEL == "m2"))
    assert result.models[0].whole.verdict == "better"
    assert "no two models have pictures of the same prompt and seed: models are compared by prompt alone" in (
        result.remarks
    )
    unknown = [dataclasses.replace(each, seed=UNKNOWN) for each in SOME]
    assert compared(unknown, noise(4)).models[0].whole.prompts == 12


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "", "key": ""}, "no models: no picture tells which model made it"),
        ({"model": "a", "key": "a"}, "all pictures are of one model: there is no other to compare it with"),
    ],
)
def test_one_model_or_none_has_a_sentence(change, sentence):
    some = [dataclasses.replace(each, **change) for each in SOME]
    assert compared(some, noise(0)).remarks[0] == sentence


def test_models_without_a_common_prompt_have_a_sentence():
    kept = [i for i, each in enumerate(SOME) if int(each.key[1]) == PROMPTS.index(each.prompt) % 4]
    result = compared([SOME[i] for i in kept], noise(0)[kept])
    assert "no two models have pictures of the same prompt" in result.remarks[0]
    assert {each.whole.verdict for each in result.models} == {"cannot be told"}
    assert "no prompt has pictures of all models: their ranges of styles cannot be compared" in result.remarks


def test_a_model_whose_pictures_are_all_alike_has_a_narrow_range():
    vectors = vectors_of(SOME)
    middle = vectors[MODEL == "m0"].mean(0)
    narrow = np.where((MODEL == "m0")[:, None], 0.2 * vectors + middle, vectors)
    narrow /= np.linalg.norm(narrow, axis=1, keepdims=True)
    sample = ScoredPictures.of(SOME, noise(0), [narrow.astype(np.float32)])
    by_name = {each.model: each for each in compare_models(sample, categories_of(sample)).models}
    assert by_name["model 0"].over_prompts < 0.5 * by_name["model 1"].over_prompts
    assert by_name["model 0"].over_seeds < 0.5 * by_name["model 1"].over_seeds
    assert by_name["model 1"].over_seeds < by_name["model 1"].over_prompts
    assert by_name["model 1"].shared == 12


def test_the_range_over_seeds_is_not_known_of_one_seed():
    some = pictures(models=2, seeds=1)
    result = compared(some, noise(0, len(some)))
    assert all(math.isnan(each.over_seeds) and each.over_prompts > 0 for each in result.models)


def test_a_number_added_to_all_scores_changes_no_difference():
    one, other = compared(SOME, noise(5)), compared(SOME, noise(5) + 40)
    for a, b in zip(one.models, other.models, strict=True):
        assert (a.key, a.whole.difference, a.whole.low) == (
            b.key,
            pytest.approx(b.whole.difference),
            pytest.approx(b.whole.low),
        )
