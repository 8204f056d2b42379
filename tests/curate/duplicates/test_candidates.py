"""Which pairs of pictures are worth a look, and what they are to each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lib_modelsim.curate.duplicates import candidates, pairs, places
from lib_modelsim.curate.duplicates.bits import counted_bits
from lib_modelsim.curate.duplicates.candidates import between, not_looked_for, within
from lib_modelsim.curate.duplicates.described import Described, describe
from lib_modelsim.curate.duplicates.pairs import HeldPictures, PairKind, confirmed_between, confirmed_within
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.copies import fingerprint, turned, turned_fingerprints
from lib_modelsim.pictures.features import FeatureStore
from lib_modelsim.pictures.opening import open_picture
from tests.pictures.scenes import scene

CHANGES = {
    "saved": lambda picture: picture.resize((150, 150)).resize((192, 192)),
    "mirrored": ImageOps.mirror,
    "turned": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "cut": lambda picture: picture.crop((9, 4, 190, 183)),
    "framed": lambda picture: ImageOps.expand(picture, 12, "white"),
}


def written(folder: Path, pictures: dict[str, Image.Image]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in pictures]


def described(folder: Path, pictures: dict[str, Image.Image]) -> Described:
    paths = written(folder, pictures)
    with FeatureStore(folder) as store:
        return describe(paths, store, Job())


def names(rows, one: Described, other: Described) -> set[frozenset[str]]:
    return {frozenset((one.paths[a].stem, other.paths[b].stem)) for a, b in rows.tolist()}


@pytest.fixture
def folder(tmp_path):
    pictures = {f"scene {i}": scene(i) for i in range(6)}
    return described(tmp_path, pictures | {name: change(scene(2)) for name, change in CHANGES.items()})


def test_altered_copies_are_candidates_of_one_folder(folder):
    found = names(within(folder, Job()), folder, folder)
    assert {frozenset(("scene 2", name)) for name in CHANGES} <= found
    assert all(len(pair) == 2 for pair in found), "no picture with itself"


def test_a_pair_is_told_once(folder):
    found = within(folder, Job())
    assert (found[:, 0] < found[:, 1]).all()
    assert len(np.unique(found, axis=0)) == len(found)


def test_candidates_between_two_folders_and_files_that_are_the_same_are_none(tmp_path):
    one = described(tmp_path / "a", {"scene 1": scene(1), "same": scene(4)})
    other = described(
        tmp_path / "b", {"same too": scene(4), **{name: change(scene(1)) for name, change in CHANGES.items()}}
    )
    found = names(between(one, other, Job()), one, other)
    assert {frozenset(("scene 1", name)) for name in CHANGES} <= found
    assert frozenset(("same", "same too")) not in found


def test_more_pictures_than_can_be_compared_by_parts_are_compared_as_they_are(folder, monkeypatch):
    monkeypatch.setattr(candidates, "ALL_PARTS", 5)
    found = names(within(folder, Job()), folder, folder)
    assert {frozenset(("scene 2", name)) for name in ("saved", "mirrored", "turned", "framed")} <= found


def test_without_parts_half_of_the_pairs_tell_all(folder, monkeypatch):
    monkeypatch.setattr(candidates, "ALL_PARTS", 5)
    monkeypatch.setattr(candidates, "_QUERIES", 3)
    whole = candidates._by_hashes(folder.fingerprints, folder.fingerprints.copy(), Job())
    half = candidates._by_hashes(folder.fingerprints, folder.fingerprints, Job())
    assert len(half) < len(whole)
    assert candidates._once(half).tolist() == candidates._once(whole).tolist()


def test_a_few_pictures_are_compared_by_parts_with_very_many(tmp_path, folder, monkeypatch):
    """It is the number of pairs that is bounded."""
    monkeypatch.setattr(candidates, "ALL_PARTS", 11)
    one = described(tmp_path / "one", {"cut": CHANGES["cut"](scene(2))})
    one, many = replace(one, keypoints=None), replace(folder, keypoints=None)
    assert frozenset(("scene 2", "cut")) in names(between(one, many, Job()), one, many)
    assert len(not_looked_for(one, many)) == 1
    assert len(not_looked_for(many)) == 2


def test_of_very_many_pictures_16_bytes_each_are_held_and_what_that_does_not_find_is_told(tmp_path, monkeypatch):
    pictures = {f"scene {i}": scene(i) for i in range(6)}
    pictures |= {name: change(scene(2)) for name, change in CHANGES.items()}
    monkeypatch.setattr("lib_modelsim.curate.duplicates.described.LARGE", 8)
    monkeypatch.setattr("lib_modelsim.curate.duplicates.described._ASKED", 4)
    many = described(tmp_path / "many", pictures)
    few = described(tmp_path / "few", {"mine": scene(2).resize((100, 100))})
    assert (many.fingerprints.nbytes, many.keypoints) == (16 * len(many), None)
    found = names(within(many, Job()), many, many)
    assert {frozenset(("scene 2", name)) for name in ("saved", "mirrored", "turned", "framed")} <= found
    for one, other in ((many, few), (few, many)):
        found = names(between(one, other, Job()), one, other)
        assert {frozenset(("mine", name)) for name in ("scene 2", "saved", "mirrored", "framed")} <= found
        details, parts = not_looked_for(one, other)
        assert "the details of 11 pictures are too many" in details
        assert "a copy that was cut is mostly not found" in parts


def test_a_file_thousands_of_times_is_held_once_among_very_many(tmp_path, monkeypatch):
    monkeypatch.setattr("lib_modelsim.curate.duplicates.described.LARGE", 3)
    paths = written(tmp_path, {name: scene(1) for name in "abcde"})
    with FeatureStore(tmp_path) as store:
        found = describe(paths, store, Job())
    assert (len(found), found.fingerprints.shape) == (1, (1, 2, 8))


def test_of_one_content_one_file_is_described_and_what_is_no_picture_is_told(tmp_path):
    paths = written(tmp_path, {"a": scene(1), "b": scene(1), "c": scene(2)})
    (tmp_path / "d.png").write_bytes(b"no picture")
    with FeatureStore(tmp_path) as store:
        found = describe([*paths, tmp_path / "d.png"], store, Job())
    assert [path.stem for path in found.paths] == ["a", "c"]
    assert list(found.unreadable) == [tmp_path / "d.png"]


def test_no_pictures_have_no_pairs(tmp_path, folder):
    nothing = described(tmp_path / "empty", {})
    assert (
        len(within(nothing, Job())) == len(between(nothing, folder, Job())) == len(between(folder, nothing, Job())) == 0
    )


def test_pairs_are_confirmed_with_what_was_done(folder):
    found = confirmed_within(within(folder, Job()), folder, Job())
    stems = {content: path.stem for content, path in zip(folder.contents, folder.paths, strict=True)}
    copies = {frozenset((stems[pair.a], stems[pair.b])): pair for pair in found if pair.kind.claimed}
    assert set(copies) == {frozenset(pair) for pair in combinations(("scene 2", *CHANGES), 2)}
    mirrored = copies[frozenset(("scene 2", "mirrored"))]
    assert (mirrored.kind, mirrored.match.told) == (PairKind.COPY, "mirrored")
    assert mirrored.similarity > 0.95


def test_pairs_of_two_folders_are_confirmed(tmp_path):
    one = described(tmp_path / "a", {"1": scene(1), "2": scene(2)})
    other = described(tmp_path / "b", {"2": ImageOps.mirror(scene(2)), "3": scene(3)})
    (pair,) = confirmed_between(np.array([[0, 0], [1, 0], [1, 1]]), one, other, Job())
    assert (pair.a, pair.b, pair.kind) == (one.contents[1], other.contents[0], PairKind.COPY)


def test_a_picture_that_went_away_makes_no_pair(folder):
    folder.paths[0].unlink()
    assert confirmed_within(np.array([[0, 1]]), folder, Job()) == []


def test_comparing_stops_within_a_pair(folder):
    seen = []
    job = Job(report=seen.append, cancelled=lambda: len(seen) > 2)
    with pytest.raises(Cancelled):
        confirmed_within(np.array([[0, 1]] * 200), folder, job)
    assert len(seen) < 12
    assert (seen[0].total, seen[0].unit) == (200, "pairs")


# how it is done


def test_fingerprints_are_turned_without_the_picture():
    for number in range(4):
        near = turned(fingerprint(scene(number)))
        exact = turned_fingerprints(scene(number))
        assert counted_bits((near ^ exact).view(np.uint64)).mean() <= 4


def test_bits_are_counted_with_every_numpy(monkeypatch):
    values = np.random.default_rng(0).integers(0, 2**63, (5, 3), dtype=np.uint64)
    expected = [[(value).bit_count() for value in row] for row in values.tolist()]
    assert counted_bits(values).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert counted_bits(values).tolist() == expected


def coded(seed: int, pictures: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (pictures, 48, 16), dtype=np.uint8)


def worn(codes: np.ndarray, bits: int) -> np.ndarray:
    """The same codes, each with so many other bits."""
    rng, flat = np.random.default_rng(1), np.unpackbits(codes.reshape(-1, 16), axis=1)
    for row in flat:
        row[rng.permutation(128)[:bits]] ^= 1
    return np.packbits(flat, axis=1).reshape(codes.shape)


def test_pictures_with_most_places_in_common_are_found_and_no_others():
    stored = coded(0, 300)
    query = worn(stored[[17, 200]], 12)
    found = places.shared_places(query, stored, Job(), 4)
    assert list(zip(found.one.tolist(), found.other.tolist(), strict=True)) == [(0, 17), (1, 200)]
    assert found.places.min() > 30


def test_places_are_found_a_few_codes_after_the_others(monkeypatch):
    codes = coded(2, 60)
    codes[40:50] = worn(codes[:10], 8)
    codes[:, :4] = codes[0, :4]
    whole = places.shared_places(codes, codes, Job(), 4)
    monkeypatch.setattr(places, "_BLOCK", 100)
    parts = places.shared_places(codes, codes, Job(), 4)
    for name in ("one", "other", "places", "weights"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()
    assert len(whole.one) >= 10


def test_places_of_the_mirrored_picture_are_found_within_a_set():
    codes = coded(2, 100)
    codes[40] = places._mirrored(worn(codes[7:8], 8))[0]
    found = places.shared_places(codes, codes, Job(), 4)
    assert list(zip(found.one.tolist(), found.other.tolist(), strict=True)) == [(7, 40)]


def test_what_thousands_of_pictures_have_costs_little():
    """A frame around all of them: each place is compared with a few of its like, and hardly one is left out."""
    codes = coded(3, 1000)
    codes[:, :20] = codes[0, :20]
    found = places.shared_places(codes, codes, Job(), 4)
    assert len(found.one) < 1000 * places._MOST * 14
    assert len(np.unique(np.concatenate([found.one, found.other]))) > 990


def test_pictures_are_held_ready_in_bounded_memory(tmp_path, monkeypatch):
    folder = described(tmp_path, {f"scene {i}": scene(i) for i in range(8)})
    opened = []
    monkeypatch.setattr(pairs, "open_picture", lambda path: opened.append(path) or open_picture(path))
    held = HeldPictures()
    every = np.array(list(combinations(range(8), 2)))
    confirmed_within(every, folder, Job(), held)
    assert sorted({*opened}) == sorted(folder.paths)
    opened.clear()
    confirmed_within(every, folder, Job(), held)
    assert opened == []
    monkeypatch.setattr(pairs, "_HELD", 3 * held.of(folder.paths[0]).bytes)
    few = HeldPictures()
    for path in folder.paths:
        few.of(path)
    opened.clear()
    few.of(folder.paths[0])
    few.of(folder.paths[-1])
    assert opened == [folder.paths[0]]


def test_what_was_not_looked_for_is_told(folder, monkeypatch):
    pytest.importorskip("cv2")
    assert not_looked_for(folder) == []
    (remark,) = not_looked_for(folder, replace(folder, keypoints=None))
    assert "opencv-python-headless" in remark
    monkeypatch.setattr(candidates, "ALL_PARTS", 5)
    (remark,) = not_looked_for(folder)
    assert remark.startswith("of 11 pictures only the whole ones were compared by hashes")


def test_a_place_that_many_pictures_have_counts_less():
    """Of two pictures with as many places in common, those with the rarer ones come first."""
    codes = coded(4, 60)
    codes[:, :6] = codes[0, :6]  # the letters of a window's title
    codes[50, 6:12] = codes[10, 6:12]
    found = places.shared_places(codes, codes, Job(), 3)
    of_ten = found.one == 10
    assert found.other[of_ten][found.weights[of_ten].argmax()] == 50
