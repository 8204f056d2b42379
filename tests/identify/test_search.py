"""Answers: probabilities that hold, 'none of these' for strangers, guessed prompts, libraries too small to test."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import null_space

from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.calibration import Calibration, pooled, self_test
from lib_modelsim.identify.examples import Examples
from lib_modelsim.identify.pseudo_prompt import PromptGuesser, PromptSpace
from lib_modelsim.identify.rankers import DEFAULT
from lib_modelsim.identify.search import Search

from .painters import styles


@pytest.fixture(scope="module")
def library():
    return styles(8, 20, apart=0.8)


@pytest.fixture(scope="module")
def search(library):
    return Search.of(library)


def unseen(apart=0.8):
    """Pictures that the library lacks, of its own eight models and of eight strangers, with their models."""
    everything = styles(16, 60, apart=apart, seed=5)
    lacking = everything.picture % 60 >= 20
    known = everything.model < 8
    own = everything.of_models(np.arange(16) < 8).only(~lacking[known])
    asked = lacking & known
    return own, everything.vectors[asked], everything.model[asked], everything.vectors[~known]


def test_the_self_test_foretells_how_often_unseen_pictures_are_found():
    examples, queries, right, _ = unseen()
    test = self_test(DEFAULT, examples)
    found = (DEFAULT.learn(examples).scores(queries).argmax(1) == right).mean()
    assert test.found(1) == pytest.approx(found, abs=0.12)
    assert test.found(1) <= test.found(4) <= test.found(8) == 1


def seeded(seeds, own):
    """Eight models' pictures of 12 prompts with these seeds, where each model has a manner of its own for each seed,
    so much of a picture's straying; their models and seeds are known."""
    generator = np.random.default_rng(3)
    models, prompts, length = 8, 12, 24
    style = 0.5 * generator.standard_normal((models, length))
    for_seed = own * generator.standard_normal((models, 20, length))
    rows = np.arange(models * prompts * len(seeds))
    model, prompt = rows // (prompts * len(seeds)), rows // len(seeds) % prompts
    seed = np.array(seeds)[rows % len(seeds)]
    vectors = style[model] + for_seed[model, seed] + generator.standard_normal((len(rows), length))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = tuple(f"model {i}" for i in range(models))
    return Examples(names, vectors.astype(np.float32), model, rows, tuple(f"prompt {i}" for i in prompt), None, seed)


def test_with_several_seeds_the_self_test_promises_what_another_seed_keeps():
    everything = seeded((0, 1, 2, 3, 4), own=1.0)
    learned, asked = everything.seeds < 4, everything.seeds == 4
    examples = everything.only(learned)
    found = (DEFAULT.learn(examples).scores(everything.vectors[asked]).argmax(1) == everything.model[asked]).mean()
    told = self_test(DEFAULT, examples)
    without = self_test(DEFAULT, replace(examples, seeds=None))
    assert without.found(1) > found + 0.1, "by prompts alone it promises too much"
    assert told.found(1) < found + 0.1
    assert "prompts and seeds" in told.sentence


def test_a_library_of_one_seed_says_that_others_were_not_tested():
    test = self_test(DEFAULT, seeded((3,), own=1.0))
    assert test.seeds == 1
    assert "which all have the same seed. With other seeds it was not tested" in test.sentence
    unknown = self_test(DEFAULT, replace(seeded((3,), own=1.0), seeds=None))
    assert "seed" not in unknown.sentence


def test_probabilities_are_as_large_as_answers_are_often_right():
    examples, queries, right, _ = unseen()
    calibration = Calibration.of(self_test(DEFAULT, examples))
    scores = DEFAULT.learn(examples).scores(queries)
    probabilities = np.array([calibration.probabilities(one) for one in scores])
    assert probabilities.sum(1) == pytest.approx(1)
    assert probabilities.max(1).mean() == pytest.approx((scores.argmax(1) == right).mean(), abs=0.12)


def told(calibration, ranking, queries):
    """Whether each is none of these, and the probability that its model is known."""
    pairs = list(zip(ranking.scores(queries), ranking.nearness(queries), strict=True))
    return [calibration.is_none(*pair) for pair in pairs], [calibration.known(*pair) for pair in pairs]


def test_strangers_are_told_oftener_than_the_library_s_own_models():
    examples, queries, _, strangers = unseen(apart=2.0)
    calibration, ranking = Calibration.of(self_test(DEFAULT, examples)), DEFAULT.learn(examples)
    own, own_known = told(calibration, ranking, queries)
    strange, strange_known = told(calibration, ranking, strangers)
    assert np.mean(own) < 0.15
    assert np.mean(strange) > 0.7
    assert np.mean(own_known) > 0.5 > np.mean(strange_known)


def test_a_picture_unlike_all_that_the_library_has_seen_is_none_of_these_even_beside_a_model():
    examples, *_ = unseen()
    calibration, ranking = Calibration.of(self_test(DEFAULT, examples)), DEFAULT.learn(examples)
    outside = null_space((ranking.space.whitening @ ranking.space.directions).T)[:, 0]
    foreign = examples.means[:1] + 5 * outside
    ((none, *_), (known, *_)) = told(calibration, ranking, foreign)
    assert ranking.scores(foreign)[0].max() > calibration.least
    assert none
    assert known < 0.5


def test_an_answer_ranks_every_model_and_shows_its_nearest_pictures(search, library):
    answer = search.answer(library.vectors[45:46])
    assert answer.matches[0].model == "model 2"
    assert {match.model for match in answer.matches} == set(library.models)
    assert sum(match.probability for match in answer.matches) == pytest.approx(1)
    assert [match.score for match in answer.matches] == sorted((m.score for m in answer.matches), reverse=True)
    assert answer.matches[0].pictures[0] == 45
    assert all(library.models[library.model[row]] == match.model for match in answer.matches for row in match.pictures)


def test_several_pictures_of_one_model_say_more_than_one():
    examples, queries, right, _ = unseen(apart=0.4)
    single = DEFAULT.learn(examples).scores(queries)
    assert pooled(single[:3]) == pytest.approx(single[:3].mean(0))
    together = [pooled(single[i : i + 5]).argmax() == right[i] for i in range(0, len(right), 5)]
    assert np.mean(together) > (single.argmax(1) == right).mean() + 0.1


def test_the_sentence_says_how_far_to_trust_the_search(search):
    assert search.test.sentence.startswith("With your 8 models, this search puts the right one first ")
    assert "among the first four" in search.test.sentence


def test_a_library_too_small_for_a_self_test_ranks_without_probabilities():
    small = styles(2, 2)
    with pytest.raises(ModelsimError, match=r"cannot be tested.*2 models"):
        self_test(DEFAULT, small)
    answer = Search.of(small).answer(small.vectors[:1])
    assert answer.matches[0].model == "model 0"
    assert answer.matches[0].probability is None
    assert answer.known is None
    assert not answer.none_of_these


def test_a_prompt_is_guessed_from_the_pictures_around():
    vectors = np.repeat(np.eye(2, dtype=np.float32), 12, 0)
    prompts = ("a red boat",) * 12 + ("old houses",) * 12
    examples = Examples(("a",), vectors, np.zeros(24, int), np.arange(24), prompts)
    interrogator = PromptGuesser.of(examples)
    assert interrogator.guesses(vectors[0], vectors @ vectors[0])[0] == ("a red boat", pytest.approx(1))
    assert interrogator.pseudo_prompts(vectors[-1:])[0] @ interrogator.prompts[-1] == pytest.approx(1)


def test_rare_words_tell_more_than_those_of_every_prompt():
    space = PromptSpace.of(["a cat, masterpiece", "a dog, masterpiece", "masterpiece"])
    cat, plain, other = space.vectors(["cat masterpiece", "masterpiece", "nothing known"])
    assert cat[space.words.index("cat")] > cat[space.words.index("masterpiece")]
    assert np.linalg.norm(plain) == pytest.approx(1)
    assert not other.any()
