"""The best pictures of each category, and the best prompts."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_modelsim.curate.best_prompts import best_prompts
from lib_modelsim.curate.categories import categories_of
from lib_modelsim.curate.choosing import best_of, standings
from lib_modelsim.curate.naming import name_of, told_apart
from lib_modelsim.curate.scored_pictures import ScoredPictures
from tests.curate.galleries import PROMPTS, SUBJECTS, pictures, sample_of, subject_of, vectors_of

SOME = pictures(models=4, seeds=3)
SUBJECT = np.array([subject_of(each.prompt) for each in SOME])


def noise(seed: int, count: int = len(SOME)) -> np.ndarray:
    return 25 + 2 * np.random.default_rng(seed).normal(size=count)


def test_categories_are_subjects_with_their_words():
    found = categories_of(sample_of(SOME, noise(0)))
    prompts = [{subject_of(sample_of(SOME, noise(0)).pictures[i].prompt) for i in each.members} for each in found]
    assert all(len(each) == 1 for each in prompts)
    assert {each.name.split(" ")[0] for each in found} >= {"portrait"}
    assert sum(len(each.members) for each in found) == len(SOME)


def test_portraits_do_not_crowd_out_the_others():
    sample = sample_of(SOME, noise(1) + 12 * (SUBJECT == 0) - 6 * (SUBJECT == 3))
    best = best_of(sample, categories_of(sample), 12)
    assert {subject_of(each.prompt) for each in best.plain} == {0}
    counts = np.bincount([subject_of(each.picture.prompt) for each in best.chosen], minlength=len(SUBJECTS))
    assert counts.min() >= 2
    assert best.in_both <= 5
    assert best.rank_correlation < 0.8


def test_where_categories_score_alike_both_orders_have_the_same_first_picture():
    scores = noise(2)
    scores[17] = 60.0
    best = best_of(sample_of(SOME, scores), categories_of(sample_of(SOME, scores)), 8)
    assert best.plain[0] == SOME[17]
    assert best.rank_correlation > 0.7
    (first,) = [each for each in best.chosen if each.picture == SOME[17]]
    assert (first.place, first.score) == (1, 60.0)
    assert first.standing == max(each.standing for each in best.chosen)


def test_each_category_offers_its_best_before_any_offers_its_second():
    sample = sample_of(SOME, noise(3))
    found = categories_of(sample)
    best = best_of(sample, found, 3 * len(found))
    names = [each.category for each in best.chosen]
    assert names[: len(found)] == [each.name for each in found]
    for category in found:
        mine = [each.standing for each in best.chosen if each.category == category.name]
        assert mine == sorted(mine, reverse=True)


def test_nearly_the_same_picture_is_offered_once():
    copies = [dataclasses.replace(SOME[5], path=SOME[5].path.with_name(f"again {i}.png")) for i in range(4)]
    vectors = vectors_of(SOME)
    scores = noise(4)
    scores[5] = 50
    sample = ScoredPictures.of(
        [*SOME, *copies],
        np.concatenate([scores, np.full(4, 50.0)]),
        [np.concatenate([vectors, np.repeat(vectors[5:6], 4, 0)])],
    )
    best = best_of(sample, categories_of(sample), 30)
    assert [each.picture.content for each in best.chosen].count(SOME[5].content) == 1
    assert [each.content for each in best.plain].count(SOME[5].content) == 1


def test_a_picture_saved_again_is_nearly_the_same_by_its_fingerprint_and_vector():
    vectors = vectors_of(SOME)
    rng = np.random.default_rng(0)
    prints = rng.integers(0, 256, (len(SOME), 3, 8), dtype=np.uint8)
    prints[7] = prints[6]
    prints[7, -1, 0] ^= 1
    again = vectors.copy()
    again[7] = vectors[6]
    assert ScoredPictures.of(SOME, noise(0), [again]).same[6] != ScoredPictures.of(SOME, noise(0), [again]).same[7]
    same = ScoredPictures.of(SOME, noise(0), [again], prints).same
    assert len(set(same)) == len(SOME) - 1
    other = ScoredPictures.of(SOME, noise(0), [vectors], prints).same  # like fingerprints, other pictures
    assert len(set(other)) == len(SOME)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.permutations(range(len(SOME))), st.floats(-100, 100))
def test_neither_order_nor_a_number_added_to_all_changes_the_choice(order, number):
    scores = noise(5) + 5 * (SUBJECT == 1)
    one = sample_of(SOME, scores)
    vectors, mixed = vectors_of(SOME), list(order)
    other = ScoredPictures.of([SOME[i] for i in mixed], (scores + number)[mixed], [vectors[mixed]])
    first, second = (best_of(each, categories_of(each), 10) for each in (one, other))
    assert [each.picture for each in first.chosen] == [each.picture for each in second.chosen]
    assert first.plain == second.plain
    assert first.rank_correlation == pytest.approx(second.rank_correlation)


def test_standings_are_the_same_in_every_category():
    categories = np.repeat([0, 1], 8)
    scores = np.concatenate([[1.0, 2, 3, 4, 5, 6, 7, 8], [101.0, 102, 103, 104, 105, 106, 107, 108]])
    here = standings(scores, categories, np.full(16, -1))
    expected = (np.arange(8) - 3.5) / math.sqrt(5.25)
    assert here == pytest.approx(np.concatenate([expected, expected]))


def test_a_prompt_is_held_against_its_own_pictures():
    """Two prompts of one category, 10 apart: within a prompt a score of 1 more is a better picture."""
    prompts = np.repeat([0, 1], 6)
    scores = np.concatenate([np.arange(6.0), 10 + np.arange(6.0)])
    here = standings(scores, np.zeros(12, np.int64), prompts)
    assert abs(here[5] - here[11]) < 0.2 * (here[5] - here[0])
    alone = standings(np.array([1.0, 2, 3, 9]), np.zeros(4, np.int64), np.arange(4))
    assert alone.argmax() == 3, "a prompt with one picture is not held against itself"


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ([np.nan] * 12, "no best pictures: no picture has a score"),
        ([4.0] * 12, "all scores are equal: the order of the best pictures says nothing"),
    ],
)
def test_where_scores_say_nothing_one_sentence_says_so(scores, sentence):
    sample = sample_of(SOME[:12], scores)
    best = best_of(sample, categories_of(sample), 5)
    assert best.remarks[0] == sentence
    assert math.isnan(best.rank_correlation)


def test_three_pictures_of_one_prompt_are_chosen_among_all():
    some = pictures(models=1, seeds=3, prompts=PROMPTS[:1])
    sample = sample_of(some, [1.0, 3.0, 2.0])
    best = best_of(sample, categories_of(sample), 5)
    assert [each.score for each in best.chosen] == [3.0, 2.0, 1.0]
    assert best.remarks == (
        "there are 3 different pictures with a score, fewer than the 5 asked for",
        "all pictures have one prompt: categories are of pictures that look alike",
        "too few pictures for categories: the best are chosen among all of them",
    )


# prompts


def test_a_single_lucky_picture_is_not_the_best_prompt():
    some = [*pictures(models=6, seeds=2), *pictures(models=1, seeds=1, prompts=("a lucky one",))]
    some[-1] = dataclasses.replace(some[-1], content="lucky")
    rng = np.random.default_rng(0)
    good = np.array([each.prompt == PROMPTS[4] for each in some])
    scores = 25 + 3 * rng.normal(size=len(some)) + 6 * good
    scores[-1] = 32.5
    result = best_prompts(sample_of(some, scores))
    assert max(result.prompts, key=lambda each: each.mean).prompt == "a lucky one"
    first = result.prompts[0]
    assert (first.prompt, first.n, first.models) == (PROMPTS[4], 12, 6)
    lucky = next(each for each in result.prompts if each.prompt == "a lucky one")
    assert lucky.expected < lucky.mean - 1
    assert lucky.high - lucky.low > 1.5 * (first.high - first.low)


def test_the_interval_of_a_prompt_holds_its_true_mean_19_of_20_times():
    some = pictures(models=1, seeds=4, prompts=[f"prompt {i}" for i in range(30)])
    place = np.array([int(each.prompt.split()[1]) for each in some])
    held = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = 25 + 2 * rng.normal(size=30)
        result = best_prompts(sample_of(some, truth[place] + 3 * rng.normal(size=len(some))))
        held += [each.low <= truth[int(each.prompt.split()[1])] <= each.high for each in result.prompts]
    assert 0.92 <= np.mean(held) <= 0.98


def test_with_one_picture_of_each_prompt_luck_cannot_be_told_apart():
    result = best_prompts(sample_of(pictures(models=1, seeds=1), np.arange(12.0)))
    assert [each.mean for each in result.prompts] == sorted(range(12), reverse=True)
    assert all(math.isnan(each.expected) and math.isnan(each.low) for each in result.prompts)
    assert "whether a prompt is good or its picture lucky cannot be told" in result.remarks[0]


def test_one_prompt_has_nothing_to_be_compared_with():
    result = best_prompts(sample_of(pictures(models=1, seeds=3, prompts=PROMPTS[:1]), [1.0, 2.0, 3.0]))
    assert (result.prompts[0].mean, result.prompts[0].n) == (2.0, 3)
    assert result.remarks == ("there is one prompt: nothing to compare it with",)


@pytest.mark.parametrize(
    ("prompt", "score", "sentence"),
    [("", 1.0, "no picture tells its prompt"), ("a", np.nan, "no picture with a prompt has a score")],
)
def test_without_prompts_or_scores_there_is_a_sentence(prompt, score, sentence):
    some = [dataclasses.replace(each, prompt=prompt) for each in SOME[:9]]
    result = best_prompts(ScoredPictures.of(some, np.full(9, score), [vectors_of(SOME[:9])]))
    assert (result.prompts, result.remarks) == ((), (f"no prompts: {sentence}",))


def test_prompts_with_other_models_are_said():
    some = [each for each in SOME if each.key != "m0" or each.prompt == PROMPTS[0]]
    remarks = best_prompts(sample_of(some, noise(0, len(some)))).remarks
    assert "not every prompt has pictures of the same models: a prompt may stand where its models put it" in remarks


def test_equal_scores_make_no_prompt_better():
    result = best_prompts(sample_of(SOME, np.full(len(SOME), 7.0)))
    assert {each.expected for each in result.prompts} == {7.0}
    assert any("prompts differ no more" in each for each in result.remarks)


# names


def collected(*prompts: str, model: str = ""):
    return [dataclasses.replace(SOME[0], prompt=prompt, model=model, key=model) for prompt in prompts]


def test_a_name_has_the_words_that_others_have_not():
    inside = collected("masterpiece, 1girl, red hair, beach", "masterpiece, 1girl, beach, sunset", "beach, masterpiece")
    outside = collected("masterpiece, castle", "masterpiece, 1girl, forest", "masterpiece, car")
    assert name_of(inside, outside) == "girl beach"
    assert name_of(collected("a red cat"), outside) == "a red cat"
    assert name_of(collected("x"), collected("x")) == ""
    assert name_of(collected("a", "b", model="m1"), collected("a", "b", model="m2")) == "m1"
    assert name_of([], []) == ""


def test_names_that_several_have_get_a_number():
    assert told_apart(["cat", "", "cat", "dog", ""]) == [
        "cat (1)",
        "pictures alike (1)",
        "cat (2)",
        "dog",
        "pictures alike (2)",
    ]
