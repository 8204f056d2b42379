"""Rankers: the right hand comes first far oftener than by chance, and no order of models or pictures matters."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rankers import RANKERS, KernelMean, NearestMean, NearestPicture, ShrinkageLda
from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.discriminant import Discriminant
from lib_modelsim.identify.examples import UNKNOWN, Examples, held_out, holds_out_seeds
from lib_modelsim.identify.rankers import DEFAULT
from lib_modelsim.pictures.degrading import degraded
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder

from .painters import SUBJECTS, drawn, gallery, styles

PAINTERS = 5
by_name = pytest.mark.parametrize("ranker", RANKERS, ids=lambda ranker: ranker.name)


@pytest.fixture(scope="module", params=[1, 2], ids=["hub 1", "hub 2"])
def exam(request):
    """Examples of some painters, and degraded pictures of theirs that are not among them."""
    pairs = [(painter, subject) for painter in range(PAINTERS) for subject in range(0, len(SUBJECTS), 2)]
    queries = [degraded(drawn(painter, subject, 7, request.param)) for painter, subject in pairs]
    return gallery(PAINTERS, request.param), DescriptorEncoder().encode(queries), np.array(pairs)[:, 0]


def first(scores):
    return scores.argmax(1)


@by_name
def test_every_ranker_is_far_better_than_chance(exam, ranker):
    examples, queries, right = exam
    assert (first(ranker.learn(examples).scores(queries)) == right).mean() > 2.5 / PAINTERS


def test_the_default_knows_these_hands(exam):
    examples, queries, right = exam
    scores = DEFAULT.learn(examples).scores(queries)
    own = scores[np.arange(len(right)), right]
    assert (first(scores) == right).mean() > 0.75
    assert ((scores >= own[:, None]).sum(1) <= 2).mean() > 0.9


@by_name
@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False))
def test_neither_the_order_of_the_models_nor_of_the_pictures_matters(ranker, random):
    if isinstance(ranker, KernelMean) and ranker.points < 10:
        return  # its start is drawn among the pictures in their order
    examples, queries = styles(5, 8), styles(5, 2, seed=1).vectors
    models, rows = random.sample(range(5), 5), random.sample(range(40), 40)
    place = np.argsort(models)
    shuffled = Examples(
        tuple(examples.models[i] for i in models),
        examples.vectors[rows],
        place[examples.model[rows]],
        examples.picture[rows],
        tuple(examples.prompts[i] for i in rows),
    )
    scores = ranker.learn(examples).scores(queries)
    assert ranker.learn(shuffled).scores(queries) == pytest.approx(scores[:, models], rel=1e-3, abs=1e-3)


def test_a_picture_of_the_gallery_is_nearest_to_itself():
    examples = styles(4, 5)
    assert NearestPicture().learn(examples).scores(examples.vectors).max(1) == pytest.approx(1, abs=1e-5)


def test_an_embedding_s_score_is_minus_a_squared_distance():
    examples = styles(4, 5)
    for ranker in (KernelMean("weighted", weighted=True), KernelMean("plain", weighted=False), NearestMean()):
        assert (ranker.learn(examples).scores(examples.vectors) <= 1e-6).all()


def test_the_plain_embedding_s_score_is_the_published_formula():
    examples, query = styles(3, 4), styles(3, 4, seed=2).vectors[:1]
    ranking = KernelMean("plain", weighted=False).learn(examples)
    points = examples.vectors[examples.model == 1].astype(np.float64)
    kernel = np.exp(-ranking.gamma * ((points[:, None] - points) ** 2).sum(-1))
    towards = np.exp(-ranking.gamma * ((points - query) ** 2).sum(-1))
    assert ranking.scores(query)[0, 1] == pytest.approx(-(kernel.mean() - 2 * towards.mean() + 1), abs=1e-5)


def test_weights_follow_the_prompt_where_the_subject_decides_the_picture():
    """Two models swap styles between two subjects: only who knows the subject can tell them apart."""
    generator = np.random.default_rng(0)
    axes = np.eye(6)
    rows = [(m, s, 2 * axes[s] + axes[2 + (m ^ s)]) for m in (0, 1) for s in (0, 1) for _ in range(12)]
    vectors = np.array([vector for *_, vector in rows]) + 0.25 * generator.standard_normal((48, 6))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    model = np.array([m for m, *_ in rows])
    prompts = tuple(("a lonely lighthouse", "some green apples")[s] for _, s, _ in rows)
    examples = Examples(("a", "b"), vectors, model, np.arange(48), prompts)
    tested = np.arange(48) % 4 == 0
    ranking = KernelMean("weighted", weighted=True).learn(examples.only(~tested))
    assert (first(ranking.scores(vectors[tested])) == model[tested]).mean() > 0.8


def test_with_equally_many_pictures_uncertain_means_rank_as_plain_discriminants_do():
    examples, queries = styles(5, 8), styles(5, 4, seed=3).vectors
    a, b = DEFAULT.learn(examples).scores(queries), ShrinkageLda().learn(examples).scores(queries)
    assert (first(a) == first(b)).mean() >= 0.9


def test_in_the_discriminant_space_models_have_directions_fewer_than_there_are_models():
    space = Discriminant.of(styles(5, 8))
    assert space.means.shape == (5, 4)
    assert np.isfinite(space.whitening).all()


def test_distances_to_the_nearest_mean_are_those_of_the_whitened_space():
    examples, queries = styles(5, 8), styles(5, 4, seed=3).vectors
    space = Discriminant.of(examples)
    white, means = ((each - space.centre) @ space.whitening for each in (queries, examples.means))
    expected = np.linalg.norm(white[:, None] - means, axis=2).min(1)
    assert space.distances(queries) == pytest.approx(expected)


@pytest.mark.parametrize("examples", [styles(1, 3), styles(2, 1), styles(3, 1)], ids=["one model", "two", "three"])
@by_name
def test_the_smallest_libraries_are_ranked_too(ranker, examples):
    scores = ranker.learn(examples).scores(styles(2, 2, seed=4).vectors)
    assert scores.shape == (4, len(examples.models))
    assert np.isfinite(scores).all()


def test_pictures_of_one_prompt_are_held_out_together_and_no_model_is_emptied():
    examples = styles(3, 20)
    seen = np.zeros(60, int)
    for tested, learned in held_out(examples):
        seen += tested
        assert (learned == ~tested).all()
        assert set(examples.model[learned]) == {0, 1, 2}
        assert not prompts(examples, tested) & prompts(examples, learned)
    assert (seen == 1).all()


def prompts(examples, rows):
    return {prompt for prompt, kept in zip(examples.prompts, rows, strict=True) if kept}


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_where_there_are_several_seeds_what_is_tested_has_another_one_too(seeds):
    examples = styles(3, 4 * 5 * seeds)
    place = examples.picture % (20 * seeds)
    numbers = tuple(f"prompt {each % 20}" for each in place)
    examples = replace(examples, prompts=numbers, seeds=place // 20 + 7)
    assert examples.seed_count == seeds
    assert holds_out_seeds(examples)
    seen = np.zeros(len(place), int)
    for tested, learned in held_out(examples):
        seen += tested
        assert not (tested & learned).any()
        assert set(examples.model[learned]) == {0, 1, 2}
        assert not prompts(examples, tested) & prompts(examples, learned)
        assert not set(examples.seeds[tested]) & set(examples.seeds[learned])
    assert (seen == 1).all(), "each picture is tested once"


def test_seeds_are_not_held_out_where_a_prompt_has_its_own_or_somebody_s_is_unknown():
    examples = styles(3, 20)
    own = replace(examples, seeds=examples.picture % 20)
    assert own.seed_count == 20
    assert not holds_out_seeds(own), "held out with its prompt"
    unknown = replace(examples, seeds=np.where(examples.picture == 3, UNKNOWN, examples.picture % 2))
    assert unknown.seed_count is None
    assert not holds_out_seeds(unknown)
    assert not holds_out_seeds(replace(examples, seeds=np.full(60, 1)))
    alone = replace(examples, seeds=np.where(examples.model == 2, 1, examples.picture % 2))
    assert not holds_out_seeds(alone), "one model has one seed alone"


def test_a_model_without_pictures_is_told():
    with pytest.raises(ModelsimError, match="cannot be found: b"):
        Examples(("a", "b"), np.ones((1, 3), np.float32), np.zeros(1, int), np.zeros(1, int), ("",))
