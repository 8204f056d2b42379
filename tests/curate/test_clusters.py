"""Clusters that score worse or better than the whole, held against chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_modelsim.curate.clusters import SURE, default_drop, find_clusters
from lib_modelsim.curate.scored_pictures import ScoredPictures
from tests.curate.galleries import pictures, sample_of, subject_of, vectors_of

SOME = pictures(models=6, seeds=2)
SUBJECT = np.array([subject_of(each.prompt) for each in SOME])
MODEL = np.array([each.key for each in SOME])
PROMPT = np.array([each.prompt for each in SOME])


def noise(seed: int, spread: float = 3.0) -> np.ndarray:
    return 25 + spread * np.random.default_rng(seed).normal(size=len(SOME))


def paths(cluster) -> set:
    return {each.path for each in cluster.members}


def of(chosen: np.ndarray) -> set:
    return {each.path for each, here in zip(SOME, chosen, strict=True) if here}


BASE = sample_of(SOME, noise(0))


def with_scores(scores: np.ndarray) -> ScoredPictures:
    """The same pictures with other scores [n], in the order of SOME, which is that of their contents."""
    sample = dataclasses.replace(BASE, scores=scores)
    for name in ("prompts", "prompt", "firsts", "unit_prompts", "view_trees", "word_tree", "tree", "categories"):
        sample.__dict__[name] = getattr(BASE, name)  # nothing of this depends on scores
    return sample


def test_pure_noise_tells_a_cluster_in_one_of_twenty_folders_at_most():
    told = sum(bool(find_clusters(with_scores(noise(seed)), 4.5).told) for seed in range(60))
    found = sum(bool(find_clusters(with_scores(noise(seed)), 4.5).folded) for seed in range(20))
    assert found > 10, "what the published call would tell"
    assert told <= 7  # of 60 folders 3 are expected; more than 7 has a probability of 0.01


def test_prompts_that_differ_by_themselves_make_no_cluster_of_several_prompts():
    names = sorted(set(PROMPT))
    place = np.array([names.index(each) for each in PROMPT])
    told = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = 25 + 3 * rng.normal(size=len(names))[place] + rng.normal(size=len(SOME))
        told += any(each.prompts > 1 for each in find_clusters(with_scores(scores), 3.0).told)
    assert told <= 5  # 2 are expected


def test_a_model_that_fails_is_found_and_named():
    result = find_clusters(with_scores(noise(1) - 7 * (MODEL == "m3")), 4.5)
    first = result.told[0]
    assert paths(first) == of(MODEL == "m3")
    assert (first.name, first.prompts, first.support) == ("model 3", 12, 24)
    assert first.drop == pytest.approx(7 * 5 / 6, abs=1.5)
    assert first.models == (("model 3", 24),)
    assert first.chance <= SURE
    assert first.remark == ""


def test_a_subject_that_fails_is_found_with_its_word():
    result = find_clusters(with_scores(noise(2) - 9 * (SUBJECT == 1)), 4.5)
    first = result.told[0]
    assert paths(first) == of(SUBJECT == 1)
    assert first.name == "boat"
    assert len(first.models) == 6


def test_one_prompt_that_fails_is_told_as_one_prompt():
    failing = PROMPT == "a black cat in the snow"
    (first,) = find_clusters(with_scores(noise(3) - 9 * failing), 4.5).told
    assert paths(first) == of(failing)
    assert first.name == "a black cat in the snow"
    assert first.remark == "one prompt: others like it may do otherwise"


def test_what_is_better_has_a_negative_drop():
    (first,) = find_clusters(with_scores(noise(4) + 9 * (SUBJECT == 0)), 4.5).told
    assert first.drop < -4.5
    assert first.mean > 25
    assert first.name == "portrait"


def test_the_order_is_by_drop_times_support():
    scores = noise(5, 1.5) - 8 * (MODEL == "m1") + 14 * (PROMPT == "a cat with a hat")
    told = find_clusters(with_scores(scores), 4.5).told
    weights = [abs(each.drop) * each.support for each in told]
    assert weights == sorted(weights, reverse=True)


def test_a_cluster_is_told_once_and_not_with_its_parts():
    told = find_clusters(with_scores(noise(6, 1.0) - 12 * (SUBJECT == 2)), 4.5).told
    for i, one in enumerate(told):
        for other in told[:i]:
            if one.drop * other.drop > 0:
                assert len(paths(one) & paths(other)) < min(len(one.members), len(other.members)) / 2


def test_one_bad_picture_and_its_copies_are_no_cluster():
    copies = [dataclasses.replace(SOME[0], path=SOME[0].path.with_name(f"copy {i}.png")) for i in range(6)]
    some = [*SOME, *copies]
    scores = np.concatenate([noise(7, 1.0), np.full(6, 5.0)])
    scores[0] = 5.0
    vectors = vectors_of(SOME)
    sample = ScoredPictures.of(some, scores, [np.concatenate([vectors, np.repeat(vectors[:1], 6, 0)])])
    assert find_clusters(sample, 4.5).told == ()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.permutations(range(len(SOME))), st.integers(0, 3))
def test_the_order_of_the_pictures_changes_nothing(order, seed):
    scores = noise(seed) - 7 * (MODEL == "m2")
    vectors = vectors_of(SOME)
    one = find_clusters(ScoredPictures.of(SOME, scores, [vectors]), 4.5)
    mixed = list(order)
    other = find_clusters(ScoredPictures.of([SOME[i] for i in mixed], scores[mixed], [vectors[mixed]]), 4.5)
    assert one == other


@settings(max_examples=8, deadline=None)
@given(st.floats(-1000, 1000), st.integers(0, 3))
def test_a_number_added_to_all_scores_changes_no_cluster(number, seed):
    scores = noise(seed) - 7 * (MODEL == "m2")
    one, other = (find_clusters(with_scores(each), 4.5) for each in (scores, scores + number))
    for these, those in ((one.told, other.told), (one.folded, other.folded)):
        assert [paths(each) for each in these] == [paths(each) for each in those]
        assert [each.chance for each in these] == pytest.approx([each.chance for each in those], abs=0.002)
        assert [each.drop for each in these] == pytest.approx([each.drop for each in those])


@pytest.mark.parametrize(
    ("scores", "count", "sentence"),
    [
        ([np.nan] * 20, 20, "no clusters: no picture has a score"),
        ([3.0] * 20, 20, "no clusters: all scores are equal"),
        ([1.0, 2.0, 9.0], 3, "no clusters: 3 different pictures with a score are too few for any"),
        ([], 0, "no clusters: there are no pictures"),
    ],
)
def test_where_nothing_can_be_told_one_sentence_says_why(scores, count, sentence):
    result = find_clusters(sample_of(SOME[:count], scores) if count else ScoredPictures.of([], np.zeros(0), []), 4.5)
    assert (result.told, result.folded, result.remarks) == ((), (), (sentence,))


def test_pictures_without_prompts_are_clustered_by_what_they_look_like():
    bare = [dataclasses.replace(each, prompt="", model="", key="") for each in SOME]
    result = find_clusters(ScoredPictures.of(bare, noise(8) - 9 * (SUBJECT == 3), [vectors_of(SOME)]), 4.5)
    assert paths(result.told[0]) == of(SUBJECT == 3)
    assert result.told[0].name == "pictures alike (1)"
    assert "no picture tells its prompt" in result.remarks[0]


def test_one_prompt_alone_is_said():
    some = pictures(models=1, seeds=40, prompts=("a cat on a sofa",))
    result = find_clusters(sample_of(some, noise(9)[:40]), 4.5)
    assert "all pictures have one prompt: clusters are of pictures that look alike" in result.remarks


def test_pictures_without_a_score_are_counted_and_in_no_cluster():
    scores = noise(10) - 9 * (SUBJECT == 1)
    scores[:12] = np.nan
    result = find_clusters(with_scores(scores), 4.5)
    assert "12 pictures without a score are in no cluster" in result.remarks
    assert not paths(result.told[0]) & {each.path for each in SOME[:12]}


def test_clip_score_has_the_published_drop_and_others_one_standard_deviation():
    assert default_drop("clip", noise(0)) == 4.5
    assert default_drop("sharpness", np.array([1.0, 3.0, np.nan])) == 1.0
