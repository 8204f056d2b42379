"""What is said of a picture that is in the gallery, or looks like one that is."""

from pathlib import Path

import numpy as np

from lib_modelsim.identify.evidence.form import CERTAINTY
from lib_modelsim.identify.evidence.pictures import SimilarPicture, of_pictures
from lib_modelsim.pictures.confirming import CopyAnswer, CopyMatch, WindowShares

MIRRORED = np.array([[-1.0, 0, 99], [0, 1, 0], [0, 0, 1]])


def similar(
    key: str, model: str, answer: CopyAnswer, same: float = 1.0, typical: float = 1.0, **fields
) -> SimilarPicture:
    compared = WindowShares(same, same, 0.0, typical, 0.99, 1.0, 9000)
    match = CopyMatch(answer, compared, **{"where": np.eye(3), "of_query": 1.0, "of_stored": 1.0, **fields})
    return SimilarPicture(key, model, Path("cat 1.png"), match)


def test_a_picture_that_several_models_drew_alike_is_shared_among_them():
    same = [similar("a", "anna", CopyAnswer.COPY), similar("b", "bert", CopyAnswer.COPY, 0.98, 0.99)]
    first, second = of_pictures([*reversed(same), same[0]])
    assert (first.model, second.model) == ("anna", "bert")
    assert first.certainty == second.certainty == CERTAINTY["picture"] / 2
    assert "another model generated the same picture" in first.detail
    assert of_pictures([]) == []


def test_a_picture_of_one_layout_is_shown_and_never_claimed():
    same, layout = of_pictures(
        [similar("b", "bert", CopyAnswer.SAME_LAYOUT, 0.87, 0.96), similar("a", "anna", CopyAnswer.COPY)]
    )
    assert (same.model, same.certainty) == ("anna", CERTAINTY["picture"])
    assert "generated the same" not in same.detail
    assert (layout.model, layout.key, layout.certainty) == ("bert", "b", None)
    assert "87 % of it is the same: perhaps the same seed and prompt by another model" in layout.detail


def test_beside_the_picture_itself_a_near_copy_is_no_second_one():
    told = of_pictures([similar("a", "anna", CopyAnswer.COPY), similar("b", "bert", CopyAnswer.COPY, 0.96, 0.95)])
    assert [(piece.model, piece.certainty) for piece in told] == [("anna", CERTAINTY["picture"])]


def test_what_was_done_to_a_copy_is_told():
    (piece,) = of_pictures([similar("a", "anna", CopyAnswer.COPY, where=MIRRORED, of_stored=0.74)])
    assert "(mirrored, cut to 74 % of its area; compared in detail, 100 % of it is the same)" in piece.detail


def test_an_edited_part_is_told_and_makes_less_sure():
    (piece,) = of_pictures([similar("a", "anna", CopyAnswer.COPY, 0.92, edited=0.06)])
    assert piece.certainty == CERTAINTY["edited picture"] < CERTAINTY["picture"]
    assert "with an edited part" in piece.detail
    assert "6 % of it edited" in piece.detail


def test_pictures_that_show_too_little_are_one_sentence_and_no_claim():
    (piece,) = of_pictures([similar(key, key, CopyAnswer.TOO_LITTLE) for key in ("anna", "bert", "carl")])
    assert piece.certainty is None
    assert "anna and 2 other models" in piece.detail
    assert "too little to tell" in piece.detail
