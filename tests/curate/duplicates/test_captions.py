"""Captions of one picture's copies: what they say together, and which does not fit the others."""

from __future__ import annotations

import pytest

from lib_modelsim.curate.duplicates.captions import Fit, Rarity, caption_of, fits, merged
from lib_modelsim.errors import ModelsimError

FOLDER = ["a cat sitting", "a bird on a branch", "a tree on a hill", "portrait of an old man", "a dancer"] * 3
RARITY = Rarity(FOLDER)


def test_a_caption_that_more_than_half_contradict_does_not_fit():
    told = fits(["a cat sitting", "a cat sitting, 4k", "a tree on a hill"], RARITY)
    assert told == [Fit.FITS, Fit.FITS, Fit.MISFIT]


def test_of_two_that_contradict_each_other_none_is_called_wrong():
    assert fits(["a cat sitting", "a tree on a hill"], RARITY) == [Fit.UNDECIDED] * 2
    assert fits(["a cat", "the cat!", "a dancer", "dancer"], RARITY) == [Fit.UNDECIDED] * 4


def test_one_caption_has_nothing_to_fit():
    assert fits(["a cat"], RARITY) == [Fit.ALONE]


def test_words_that_all_captions_share_say_nothing():
    rarity = Rarity([f"masterpiece, best quality, {each}" for each in FOLDER])
    assert not rarity.fit("masterpiece, best quality, a cat sitting", "masterpiece, best quality, a dancer")
    assert rarity.fit("masterpiece, best quality, a dancer", "dancer, masterpiece")


def test_captions_without_words_fit_where_they_are_the_same():
    assert RARITY.fit("♥", " ♥")
    assert not RARITY.fit("♥", "♣")


def test_other_alphabets_are_words():
    rarity = Rarity(["кошка сидит", "дерево на холме", "女の子", "猫"])
    assert rarity.fit("кошка сидит", "Кошка сидит, 4k")
    assert not rarity.fit("кошка сидит", "дерево на холме")
    assert not rarity.fit("女の子", "猫")


def test_tags_are_merged_each_once_in_the_order_of_the_first():
    assert merged(["1girl, red_hair", "red hair, smile", "1Girl"]) == "1girl, red_hair, smile"
    assert merged([]) == merged([""]) == ""


def test_of_longer_texts_the_longest_stands_for_all():
    long = "A woman with red hair sits on a bench in a park, smiling."
    assert merged(["A woman sits on a bench in the park.", long]) == long


def test_a_caption_is_the_text_beside_the_picture(tmp_path):
    picture = tmp_path / "anna.v1.png"
    assert caption_of(picture) is None
    (tmp_path / "anna.v1.caption").write_text("second")
    assert caption_of(picture).text == "second"
    (tmp_path / "anna.v1.txt").write_bytes("\ufeffa cat\r\nsitting\n".encode())
    assert caption_of(picture).text == "a cat sitting"
    (tmp_path / "anna.v1.txt").write_text("  \n")
    assert caption_of(picture) is None


@pytest.mark.parametrize("data", [b"\xff\xfe\x00caption", b"word " * 20_000])
def test_what_is_no_caption_is_told(tmp_path, data):
    (tmp_path / "anna.txt").write_bytes(data)
    with pytest.raises(ModelsimError, match="caption"):
        caption_of(tmp_path / "anna.png")
