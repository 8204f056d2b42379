"""Evidence says who, why and how sure, and never more than the record, the picture or the test bears."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.identify.calibration import SelfTest
from lib_modelsim.identify.evidence.form import CERTAINTY, Kind
from lib_modelsim.identify.evidence.records import of_records
from lib_modelsim.identify.evidence.regenerated import of_regenerated
from lib_modelsim.identify.evidence.style import modest
from lib_modelsim.identify.known_model import KnownModel
from lib_modelsim.pictures.confirming import CopyAnswer, CopyMatch, WindowShares
from lib_modelsim.pictures.records.form import TITLE, Named, PictureRecord, named
from lib_modelsim.pictures.records.reading import Records

ANNA = KnownModel("anna", Path("anna.safetensors"), "a1" * 32, "0123abcd", "c3" * 32)
BERT = KnownModel("bert_v7", Path("bert_v7.safetensors"), "b2" * 32, "4567abcd")
NEVER_HASHED = KnownModel("carl", Path("carl.ckpt"))
KNOWN = [ANNA, BERT, NEVER_HASHED]


def told(*named: Named, program: str = "WebUI", **fields: object) -> PictureRecord:
    return PictureRecord("PNG text “parameters”", program, named, **fields)


def evidence(*records: PictureRecord):
    found = of_records(Records(records), KNOWN)
    assert all(piece.kind is Kind.RECORD and piece.detail.isprintable() for piece in found)
    return found


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("a1" * 5, "short hash"),
        ("a1" * 32, "SHA-256"),
        ("c3" * 6, "AutoV3 hash"),
        ("c3" * 32, "AutoV3 hash"),
        ("0123abcd", "legacy hash"),
    ],
)
def test_every_hash_of_a_model_that_we_have_is_an_answer(digits, words):
    (piece,) = evidence(told(Named("anna", (digits,))))
    assert (piece.model, piece.key) == ("anna", ANNA.key)
    assert piece.certainty == CERTAINTY["legacy hash" if words == "legacy hash" else "hash"]
    assert piece.detail.startswith("made by anna: ")
    assert f"its {words} {digits}" in piece.detail


def test_a_renamed_file_is_still_the_model():
    (piece,) = evidence(told(Named("annas old name", ("a1" * 5,))))
    assert piece.model == "anna"
    assert "calls it annas old name" in piece.detail
    assert "disagree" not in piece.detail


def test_a_hash_and_another_model_s_name_disagree():
    (piece,) = evidence(told(Named("bert_v7", ("a1" * 5,))))
    assert piece.model == "anna"
    assert "name and hash disagree" in piece.detail


def test_two_files_with_one_legacy_hash_share_the_certainty():
    twin = KnownModel("twin", Path("twin.ckpt"), "d4" * 32, "0123abcd")
    found = of_records(Records((told(Named("", ("0123abcd",))),)), [*KNOWN, twin])
    assert {piece.model: piece.certainty for piece in found} == {"anna": 0.45, "twin": 0.45}
    (named,) = of_records(Records((told(Named("Twin", ("0123abcd",))),)), [*KNOWN, twin])
    assert (named.model, named.certainty) == ("twin", CERTAINTY["legacy hash"])
    assert "disagree" not in named.detail


def test_a_model_that_we_lack_is_named_with_its_hash_and_a_guess_is_called_one():
    foreign, guess = evidence(told(Named("bert_v8", ("ee" * 5,))))
    assert (foreign.model, foreign.key) == ("bert_v8", None)
    assert foreign.detail.startswith("made by bert_v8 [eeeeeeeeee]: its record")
    assert foreign.detail.endswith("not all of your files could be compared"), "one was never hashed"
    assert (guess.model, guess.certainty) == ("bert_v7", None)
    assert guess.detail.startswith("a guess: ")


def test_a_hash_alone_that_nobody_has():
    (piece,) = of_records(Records((told(Named("", ("925997e9",))),)), KNOWN[:1])
    assert "[925997e9], which you do not have" in piece.detail
    assert piece.certainty == CERTAINTY["legacy hash"]


def test_our_file_of_that_name_with_another_hash_is_told():
    (foreign,) = evidence(told(Named("anna", ("ee" * 5,))))
    assert foreign.key is None
    assert "your file of this name is a different one [a1a1a1a1a1]: name and hash disagree" in foreign.detail


def test_our_file_of_that_name_that_was_never_hashed_may_be_it():
    (piece,) = evidence(told(Named("carl", ("ee" * 5,))))
    assert (piece.key, piece.certainty) == (NEVER_HASHED.key, CERTAINTY["name"])
    assert "never hashed" in piece.detail


def test_a_name_without_a_hash_makes_half_sure():
    (piece,) = evidence(told(Named("Anna"), program="ComfyUI", networks=(Named("ink"),)))
    assert (piece.model, piece.certainty) == ("anna", CERTAINTY["name"])
    assert "generated with ink" in piece.detail


def test_records_that_disagree_are_told_and_neither_is_believed_for_more_than_half():
    found = evidence(told(Named("anna", ("a1" * 5,))), told(Named("bert_v7", ("b2" * 5,)), program="InvokeAI"))
    assert [piece.model for piece in found] == ["anna", "bert_v7", None]
    assert all(piece.certainty is None or piece.certainty <= CERTAINTY["disagreement"] for piece in found)
    assert "disagree" in found[-1].detail


def test_a_record_that_disagrees_with_itself_is_told():
    found = evidence(told(Named("zoe", ("ee" * 5, "ff" * 5))))
    assert any("several hashes" in piece.detail for piece in found)


def test_models_that_drew_a_part_are_told_with_the_one_that_drew_the_picture():
    also = (
        Named("bert_v7", ("b2" * 5,), "refiner"),
        Named("otherboat_v1", ("ee" * 5,), "hires checkpoint"),
        Named("faceboat_v2", (), "ADetailer checkpoint"),
    )
    (piece,) = evidence(told(Named("anna", ("a1" * 5,)), also=also))
    assert (piece.model, piece.certainty) == ("anna", CERTAINTY["hash"])
    assert piece.detail.endswith(
        f"; its refiner is bert_v7 [{'b2' * 5}], its hires checkpoint otherboat_v1 [{'ee' * 5}], "
        "its ADetailer checkpoint faceboat_v2"
    )
    (piece,) = evidence(told(also=also[1:2]))
    assert (piece.model, piece.certainty) == (None, None)
    assert piece.detail == (
        "its record (WebUI, PNG text “parameters”) does not name the model that made it; "
        f"its hires checkpoint is otherboat_v1 [{'ee' * 5}]"
    )


def test_a_record_with_very_many_networks_is_told_in_a_few_words():
    many = tuple(Named(f"ink{number}") for number in range(400))
    (piece,) = evidence(told(Named("anna", ("a1" * 5,)), networks=many))
    assert piece.detail.endswith("ink18, ink19, 380 more")
    long = named("x" * 5_000)
    assert len(long.name) == 255


def test_of_two_models_that_drew_it_each_tells_of_the_other():
    first, second = evidence(told(Named("anna", ("a1" * 5,)), Named("bert_v7", ("b2" * 5,))))
    assert (first.model, second.model) == ("anna", "bert_v7")
    assert first.detail.endswith(f"; it also names bert_v7 [{'b2' * 5}]")
    assert second.detail.endswith(f"; it also names anna [{'a1' * 5}]")


def test_two_records_of_one_model_do_not_disagree():
    found = evidence(told(Named("anna", ("a1" * 32,)), program="modelsim"), told(Named("anna", ("a1" * 5,))))
    assert {piece.model for piece in found} == {"anna"}
    assert evidence(told(Named("anna", ("0123abcd",))), told(Named("anna", ("a1" * 5,))))[-1].model is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Named("anna", ("a1" * 5,)), Named("anna", ("a1" * 32,))),
        (Named("anna", ("a1" * 5,)), Named("Anna renamed", ("c3" * 6,))),  # its short hash and its AutoV3 hash
        (Named("anna", ("ee" * 5,)), Named("ANNA", ("ff" * 6,))),  # hashes of two kinds
        (Named("bert_v7"), Named("Bert V7")),
        (Named("sdxl_bert_v7"), Named("bert_v7")),  # with its folder, as the WebUI once wrote it
        (Named("bert_v7", ("b2" * 5,)), named("EMS-14-EMS.safetensors")),
        (named("urn:air:sdxl:checkpoint:civitai:1@2"), Named("bert_v7", ("b2" * 5,))),
        (named("Bert", alias=TITLE, version="v7"), Named("bert_v7", ("b2" * 5,))),
        (named("Bert, the great", alias=TITLE, version="v7"), Named("bert_v7")),
    ],
)
def test_one_model_in_two_spellings_is_no_disagreement(first, second):
    known = [ANNA, KnownModel("bert_v7", Path("models/sdxl/bert_v7.safetensors"), "b2" * 32)]
    for pair in ((first, second), (second, first)):
        found = of_records(Records((told(pair[0]), told(pair[1], program="ComfyUI"))), known)
        assert not any("records disagree" in piece.detail for piece in found)


def test_what_a_service_calls_it_is_told_only_where_nothing_better_is():
    number = named("EMS-14-EMS")
    (piece,) = evidence(told(number, program="ComfyUI"), told(Named("bert_v7", ("b2" * 5,)), program="TensorArt"))
    assert (piece.model, piece.certainty) == ("bert_v7", CERTAINTY["hash"])
    assert "EMS" not in piece.detail
    (piece,) = evidence(told(number, program="ComfyUI"))
    assert (piece.model, piece.key, piece.certainty) == ("EMS-14-EMS", None, None)
    assert piece.detail == (
        "its record (ComfyUI, PNG text “parameters”) names its model only as EMS-14-EMS, TensorArt's own number: "
        "that cannot be compared with files"
    )


def test_a_title_at_civitai_and_its_version_choose_among_files():
    known = [
        KnownModel(f"dreamBoat_{last}", Path(f"{last}.ckpt"), digit * 64) for last, digit in (("v2", "2"), ("v3", "3"))
    ]
    title = named("Dream Boat", alias=TITLE, version="v3")
    (piece,) = of_records(Records((told(title, program="Civitai"),)), known)
    assert (piece.model, piece.certainty) == ("dreamBoat_v3", CERTAINTY["name"])
    foreign, guess = of_records(Records((told(title, program="Civitai"),)), known[:1])
    assert (foreign.model, foreign.key) == ("Dream Boat", None)
    assert foreign.detail == (
        "made by Dream Boat v3, a title at Civitai: its record (Civitai, PNG text “parameters”) says so without a "
        "hash, and no file of yours is called so"
    )
    assert guess.detail.startswith("a guess: of your models, the closest by name are dreamBoat_v2")
    (by_hash,) = of_records(Records((told(named("Dream Boat", "3" * 10, alias=TITLE, version="v3")),)), known)
    assert (by_hash.model, by_hash.certainty) == ("dreamBoat_v3", CERTAINTY["hash"])
    assert "calls it" not in by_hash.detail


names = st.builds(
    Named,
    st.sampled_from(["anna", "ANNA", "bert_v7", "carl", "zoe", ""]),
    st.lists(st.sampled_from(["a1" * 5, "a1" * 32, "0123abcd", "b2" * 5, "ee" * 6]), max_size=2).map(tuple),
)


@given(st.lists(st.lists(names, max_size=2), max_size=3))
def test_no_record_makes_surer_than_its_kind_allows(records):
    for piece in evidence(*(told(*each) for each in records)):
        assert piece.certainty is None or 0 < piece.certainty <= CERTAINTY["hash"]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9).filter(lambda each: sum(each) > 0), st.integers(1, 500))
def test_a_test_of_a_few_pictures_allows_no_great_certainty(values, rows):
    shares = [value / sum(values) for value in values]
    test = SelfTest(np.zeros((rows, len(shares))), np.zeros(rows, int), np.zeros(rows), np.zeros((2, 1)))
    likely = modest(shares, test)
    assert sum(likely) == pytest.approx(1)
    assert max(likely) <= 1 - (1 - 1 / len(shares)) / (rows + 2) + 1e-9


def test_only_full_settings_and_the_same_picture_are_proof():
    compared = WindowShares(0.99, 0.98, 0.0, 0.99, 0.99, 1.0, 9000)
    same = CopyMatch(CopyAnswer.COPY, compared, np.eye(3), 1.0, 1.0)
    sibling, edited = (
        CopyMatch(CopyAnswer.SAME_LAYOUT, replace(compared, same=0.87), np.eye(3), 1.0, 1.0),
        replace(same, edited=0.1),
    )
    assert of_regenerated("anna", "a", 0.99, same, True, 0, 3).certainty == 0.99
    assert of_regenerated("anna", "a", 0.99, same, True, 1, 3).certainty == 0.495
    for match, full in ((same, False), (sibling, True), (edited, True), (replace(same, of_stored=0.8), True)):
        piece = of_regenerated("anna", "a", 0.995, match, full, 0, 3)
        assert piece.certainty is None
        assert "proof" not in piece.detail
    assert "no model generated the same picture" in of_regenerated("anna", "a", 0.995, sibling, True, 0, 3).detail
    assert "proves nothing" in of_regenerated("anna", "a", 0.99, same, False, 0, 3).detail


# one model, told once


def test_several_hashes_and_records_of_one_model_are_one_piece():
    (piece,) = evidence(
        told(Named("anna", ("a1" * 5, "c3" * 6))),
        told(Named("anna", ("a1" * 32,)), program="modelsim"),
        told(Named("anna"), program="ComfyUI"),
    )
    assert (piece.key, piece.certainty) == (ANNA.key, CERTAINTY["hash"])
    assert piece.detail.startswith("made by anna: its record (WebUI, ")
    assert f"names its short hash {'a1' * 5} and its AutoV3 hash {'c3' * 6}; " in piece.detail
    assert f"its record (modelsim, PNG text “parameters”) names its SHA-256 {'a1' * 32}; " in piece.detail
    assert piece.detail.endswith("its record (ComfyUI, PNG text “parameters”) gives its name without a hash")


def test_copies_of_a_file_are_one_model_that_is_sure_by_its_hash_and_by_its_name():
    copy = KnownModel("other/anna", Path("other/anna.safetensors"), ANNA.sha256, ANNA.legacy_hash, ANNA.autov3)
    old = KnownModel("backup", Path("backup.safetensors"), ANNA.sha256, ANNA.legacy_hash, ANNA.autov3)
    known = [ANNA, copy, old, BERT]
    (piece,) = of_records(Records((told(Named("", ("a1" * 5,))),)), known)
    assert piece.certainty == CERTAINTY["hash"]
    assert "which backup and other/anna have, too: the same file" in piece.detail
    (piece,) = of_records(Records((told(Named("anna")),)), known)
    assert piece.certainty == CERTAINTY["name"]


def test_a_model_that_we_lack_is_told_once_for_two_records():
    (piece,) = evidence(told(Named("zoe", ("ee" * 5,))), told(Named("zoe", ("ee" * 32,)), program="modelsim"))
    assert piece.certainty == CERTAINTY["hash"]
    assert piece.detail.startswith(f"made by zoe [{'ee' * 5}]: its record (WebUI, ")
    assert piece.detail.endswith(f"its record (modelsim, PNG text “parameters”) says zoe [{'ee' * 32}]")


def test_what_you_do_not_have_is_said_only_where_every_file_was_compared():
    hashed, never = KnownModel("anna", Path("anna.ckpt"), "a1" * 32, "0123abcd"), KnownModel("bert", Path("bert.ckpt"))
    records = Records((told(Named("zoe", ("ee" * 5,))),))
    (piece,) = of_records(records, [hashed])
    assert piece.detail.startswith(f"made by zoe [{'ee' * 5}], which you do not have: its record")
    (piece,) = of_records(records, [hashed, never])
    assert piece.detail.startswith(f"made by zoe [{'ee' * 5}]: its record")
    assert piece.detail.endswith("says so; not all of your files could be compared")
    (piece,) = of_records(Records((told(Named("zoe")),)), [hashed])
    assert piece.detail.endswith("says so without a hash, and no file of yours is called so")


def test_hashes_of_different_kinds_are_never_compared():
    anna = KnownModel("anna", Path("anna.ckpt"), "a1" * 32, autov3="b2" * 32, other_hashes=("blake3:" + "c3" * 32,))
    for hash in ("a1" * 32, "autov3:" + "b2" * 32, "blake3:" + "c3" * 32, "uncertain:" + "a1" * 32):
        (piece,) = of_records(Records((told(Named("anna", (hash,))),)), [anna])
        assert piece.certainty == CERTAINTY["hash"], hash
    for hash in ("blake3:" + "a1" * 32, "a1" * 31 + "b2", "autov3:" + "a1" * 32):
        (piece,) = of_records(Records((told(Named("anna", (hash,))),)), [anna])
        assert "name and hash disagree" in piece.detail
    for hash in ("md5:" + "a1" * 16, "uncertain:" + "ee" * 32):
        (piece,) = of_records(Records((told(Named("anna", (hash,))),)), [anna])
        assert (piece.certainty, piece.key) == (CERTAINTY["name"], anna.key)
    first, second = told(Named("anna", ("blake3:" + "c3" * 32,))), told(Named("anna", ("a1" * 32,)), program="modelsim")
    assert all("disagree" not in piece.detail for piece in of_records(Records((first, second)), [anna]))
