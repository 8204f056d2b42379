"""Where the encoder reads texts, prompts are compared in its space, and the picture's own place in it tells them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.rankers import KernelMean
from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.examples import Examples
from lib_modelsim.identify.pseudo_prompt import PromptGuesser
from lib_modelsim.identify.search import Search

from .painters import styles

SUBJECTS = np.eye(3, 8, dtype=np.float32)  # where texts and pictures of a boat, a house and a cat lie
PROMPTS = ("a boat", "a house", "a cat")


def pictures_of(models: int, each: int = 4) -> Examples:
    """Every model draws every subject; its own style is in the other five directions."""
    generator = np.random.default_rng(0)
    style = np.repeat(generator.standard_normal((models, 8)) * [0, 0, 0, 1, 1, 1, 1, 1], 3 * each, 0)
    subject = np.tile(np.arange(3), models * each)
    vectors = SUBJECTS[subject] + 0.5 * style + 0.05 * generator.standard_normal((len(subject), 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    rows = np.arange(len(subject))
    names = tuple(f"model {i}" for i in range(models))
    return Examples(names, vectors, rows // (3 * each), rows, tuple(PROMPTS[i] for i in subject), SUBJECTS[subject])


def test_the_prompt_is_the_one_next_to_the_picture_though_its_pictures_are_elsewhere():
    examples = pictures_of(3)
    far = replace(examples, vectors=np.roll(examples.vectors, 1, axis=0))  # pictures stand beside others' prompts
    query = SUBJECTS[1] + 0.1
    (first, share), *_ = PromptGuesser.of(far).guesses(query, far.vectors @ query)
    assert first == "a house"
    assert share == pytest.approx(1, abs=1e-3)


def test_the_pseudo_prompt_is_in_the_space_of_the_texts():
    interrogator = PromptGuesser.of(pictures_of(3))
    assert np.allclose(interrogator.pseudo_prompts(SUBJECTS), SUBJECTS, atol=1e-3)


def test_it_weighs_the_points_of_a_specification():
    examples = pictures_of(3)
    learned = KernelMean("weighted RKME", weighted=True).learn(examples)
    weights = learned._weights(SUBJECTS[:1])[0]
    assert weights.shape == (3, 12)
    boats = np.array(examples.prompts).reshape(3, 12) == "a boat"
    assert weights[boats] == pytest.approx(1 / boats[0].sum())
    assert weights[~boats] == pytest.approx(0, abs=1e-6)
    assert learned.scores(examples.vectors).argmax(1).tolist() == examples.model.tolist()


def test_pictures_without_a_prompt_weigh_nothing_and_are_nobody_s_guess():
    examples = pictures_of(2)
    without = np.array([prompt == "a cat" for prompt in examples.prompts])
    prompts = tuple("" if gone else prompt for gone, prompt in zip(without, examples.prompts, strict=True))
    texts = np.where(without[:, None], 0, examples.texts)
    guesses = PromptGuesser.of(replace(examples, prompts=prompts, texts=texts)).guesses(SUBJECTS[0], np.ones(24))
    assert guesses[0][0] == "a boat"
    assert dict(guesses)[""] < 1e-6


def test_parts_of_the_examples_keep_their_texts():
    examples = pictures_of(3)
    rows = examples.picture % 2 == 0
    assert np.array_equal(examples.only(rows).texts, examples.texts[rows])
    models = np.array([True, False, True])
    assert np.array_equal(examples.of_models(models).texts, examples.texts[examples.model != 1])
    with pytest.raises(ModelsimError, match="for each row"):
        replace(examples, texts=SUBJECTS)


def test_a_search_with_texts_answers_as_one_without():
    plain = styles(5, 6, length=8)
    texts = np.random.default_rng(1).standard_normal((len(plain.prompts), 8)).astype(np.float32)
    answer = Search.of(replace(plain, texts=texts)).answer(plain.vectors[:2])
    without = Search.of(plain).answer(plain.vectors[:2])
    assert [match.model for match in answer.matches] == [match.model for match in without.matches]
    assert len(answer.prompts) == 3
