"""A picture goes in, and who drew it comes out with the reasons; nothing of it stays."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.host import Listed
from lib_modelsim.identify.evidence.form import Kind
from lib_modelsim.identify.known_model import KnownModel
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.library import Library
from lib_modelsim.pictures.confirming import CopyAnswer, CopyMatch
from lib_modelsim.pictures.degrading import as_jpeg
from lib_modelsim.pictures.feature_file import FILE
from lib_modelsim.pictures.keypoints import available
from lib_modelsim.pictures.opening import PictureError
from lib_modelsim.probes.gallery import Gallery, checkpoint_key
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.finding.find import find, not_this
from lib_modelsim.workspace.finding.index import GalleryIndex
from lib_modelsim.workspace.finding.models import known_models, scanned_models
from lib_modelsim.workspace.finding.reliability import reliability, table
from lib_modelsim.workspace.probing.gallery_import import import_pictures
from lib_modelsim.workspace.probing.holdings import holdings
from lib_modelsim.workspace.probing.import_plan import plan_import
from tests.probes.fake_engine import drawable
from tests.probes.galleries import fill, small_suite

from .finding import MODELS, PROBES, Colours, draw_gallery, learn, tinted


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    draw_gallery(folder)
    return folder


@pytest.fixture(scope="module")
def learned(gallery):
    return learn(gallery)


@pytest.fixture
def nothing(tmp_path):
    return learn(tmp_path / "no gallery")


def unseen(model: str) -> Image.Image:
    return tinted(drawable(model), Parameters(prompt="a lighthouse"))


def with_infotext(text: str, path: Path) -> Path:
    texts = PngInfo()
    texts.add_text("parameters", text)
    unseen("stranger").save(path, pnginfo=texts)
    return path


def kinds(found):
    return [piece.kind for piece in found.evidence]


# by features


@pytest.mark.parametrize("model", MODELS)
def test_a_new_picture_finds_its_model_by_its_style(learned, model):
    found = find([unseen(model)], learned, [])
    assert found.ranking[0].model == model
    assert kinds(found) == [Kind.FEATURES]
    assert found.evidence[0].model == model
    assert found.evidence[0].certainty < 1
    assert "this search puts the right one first" in found.evidence[0].detail
    assert sum(card.probability for card in found.ranking) == pytest.approx(1)
    assert all(f"/{model} [" in path.as_posix() for path in found.ranking[0].pictures)
    assert found.prompt.text in {f"a {probe}" for probe in PROBES}
    assert (found.encoder, found.reliability.n_models) == ("colours", 4)


def test_several_pictures_by_the_same_model_are_pooled(learned):
    queries = [tinted(drawable("carl"), Parameters(prompt=f"a {thing}")) for thing in ("ship", "mill", "lamp")]
    assert find(queries, learned, []).ranking[0].model == "carl"


def test_a_picture_far_from_all_is_none_of_these(learned):
    found = find([Image.linear_gradient("L").convert("RGB")], learned, [])
    assert found.none_of_these
    assert (found.evidence[0].model, found.evidence[0].kind) == (None, Kind.FEATURES)
    assert found.evidence[0].detail.startswith("none of these")


def test_models_of_the_library_get_their_names_files_and_titles(learned):
    anna = KnownModel("renamed", Path("renamed.safetensors"), drawable("anna").sha256, title="renamed [1]")
    card = find([unseen("anna")], learned, [anna]).ranking[0]
    assert (card.model, card.path, card.title, card.sha256) == ("anna", anna.path, "renamed [1]", anna.sha256)


def test_not_this_one_moves_on_and_the_search_learns_nothing(learned):
    found = find([unseen("bert")], learned, [])
    second = found.ranking[1].model
    moved = not_this(found, found.ranking[0].key)
    assert moved.ranking[0].model == second
    assert sum(card.probability for card in moved.ranking) == pytest.approx(1)
    assert all(piece.model != "bert" for piece in moved.evidence)
    assert moved.evidence[-1].detail.startswith("before bert was excluded: its style")
    assert find([unseen("bert")], learned, []) == found


# by pictures


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: as_jpeg(picture, 60),
        lambda picture: ImageOps.scale(picture, 1.7),
        lambda picture: picture.crop((4, 4, 94, 94)),
        lambda picture: ImageOps.expand(picture, (9, 15, 9, 9), (30, 30, 30)),
    ],
    ids=["recompressed", "scaled", "cropped", "framed"],
)
def test_a_picture_that_we_have_is_recognised_whatever_was_done_to_it(gallery, learned, change):
    path = next(gallery.glob("*/dora*/*.png"))
    with Image.open(path) as picture:
        changed = change(picture.convert("RGB"))
    changed.info.clear()  # nothing but its pixels
    found = find([changed], learned, [])
    assert found.evidence[0].kind is Kind.PICTURE
    assert found.evidence[0].model == found.ranking[0].model == "dora"
    assert path.name in found.evidence[0].detail
    features = found.evidence[-1]
    assert (features.kind, features.certainty) == (Kind.FEATURES, None)
    assert "was trained on" in features.detail
    assert not found.none_of_these


# the same seed by another model


def test_a_same_seed_picture_by_another_model_is_shown_and_not_claimed(shared, tmp_path):
    case = shared / "cases" / "pictures" / "same_seed_not_same_picture"
    import_pictures(plan_import(case / "gallery", []), tmp_path / "gallery", Job())
    learned = learn(tmp_path / "gallery")
    for name, sibling in (("query_ABPModel_203.jpg", "VBP2"), ("query_ABPModel_206.jpg", "ACertainDraft")):
        found = find([case / name], learned, [])
        assert all(piece.certainty is None for piece in found.evidence)
        assert all(card.probability is None for card in found.ranking)
        (told,) = (piece for piece in found.evidence if piece.kind is Kind.PICTURE)
        assert told.detail.startswith(f"it has the layout of a picture in the gallery, generated by {sibling}")
        assert "perhaps the same seed and prompt by another model" in told.detail
        assert found.prompt is None, "the prompt is that of another picture"


def test_a_picture_that_resembles_one_learned_from_bears_no_certainty_by_features(gallery, learned, monkeypatch):
    path = next(gallery.glob("*/dora*/*.png"))
    sibling = CopyMatch(CopyAnswer.SAME_LAYOUT)
    monkeypatch.setattr("lib_modelsim.workspace.finding.similar.confirm", lambda query, stored: sibling)
    with Image.open(path) as picture:
        bare = Image.fromarray(np.asarray(picture.convert("RGB")))  # without its record
    found = find([bare], learned, [])
    assert kinds(found)[0] is Kind.PICTURE
    assert all(piece.certainty is None for piece in found.evidence)
    assert found.prompt.source != "the same picture in the gallery"
    assert "a picture that resembles this one" in found.evidence[-1].detail


# by record


def test_a_record_outweighs_the_style(learned, tmp_path):
    anna = KnownModel("anna", Path("anna.safetensors"), drawable("anna").sha256)
    text = f"a lighthouse\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, Model hash: {anna.sha256[:10]}, Model: anna"
    found = find([with_infotext(text, tmp_path / "a.png")], learned, [anna])
    assert kinds(found)[0] is Kind.RECORD
    assert found.ranking[0].model == "anna"
    assert found.ranking[0].probability > 0.98
    assert found.prompt.text == "a lighthouse"
    assert found.ranking[0].evidence[0] == found.evidence[0]


def test_what_the_webui_pastes_is_the_record_as_it_stands_else_the_prompt(learned, nothing, tmp_path):
    text = "a cat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Model: anna"
    assert find([with_infotext(text, tmp_path / "cat.png")], nothing, []).infotext == text
    assert find([unseen("stranger")], nothing, []).infotext is None
    guessed = find([unseen("anna")], learned, [])
    assert guessed.infotext == guessed.prompt.text


def test_without_gallery_and_library_the_record_alone_speaks(nothing, tmp_path):
    text = "a cat\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, Model hash: 6ce0161689, Model: v1-5"
    found = find([with_infotext(text, tmp_path / "a.png")], nothing, [])
    assert "v1-5 [6ce0161689], which you do not have" in found.evidence[0].detail
    assert (found.ranking, found.reliability, found.none_of_these) == ((), None, False)
    silent = find([unseen("anna")], nothing, [])
    assert (silent.evidence, silent.ranking, silent.prompt) == ((), (), None)


def test_a_model_without_pictures_in_the_gallery_gets_a_card_from_its_hash(learned, tmp_path):
    zoe = KnownModel("zoe", Path("zoe.safetensors"), "ee" * 32)
    text = "a cat\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, Model hash: eeeeeeeeee, Model: zoe"
    card, *others = find([with_infotext(text, tmp_path / "a.png")], learned, [zoe]).ranking
    assert (card.model, card.score, card.pictures) == ("zoe", None, ())
    assert card.probability + sum(other.probability for other in others) == pytest.approx(1)


# what is no picture, and what stays


def test_what_is_no_picture_is_refused_alone_and_remarked_among_others(learned):
    with pytest.raises(PictureError):
        find([b"no picture"], learned, [])
    found = find([b"no picture", unseen("anna")], learned, [])
    assert found.ranking[0].model == "anna"
    assert len(found.remarks) == 1


def test_nothing_of_the_query_stays(gallery, learned, tmp_path):
    def snapshot() -> dict:
        return {path: path.read_bytes() for path in gallery.rglob("*") if path.is_file() and "-shm" not in path.name}

    before = snapshot()
    find([unseen("anna")], learned, [])
    assert snapshot() == before


# several pictures, and what is said beside the evidence


def test_of_several_pictures_each_is_told_by_its_own_record_and_its_own_copy(gallery, learned, tmp_path):
    copy = next(gallery.glob("*/dora*/*.png"))
    text = "a cat\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, Model hash: 6ce0161689, Model: v1-5"
    paths = [with_infotext(text, tmp_path / name) for name in ("one.png", "two.png")]
    with Image.open(copy) as picture:
        bare = picture.convert("RGB")
    found = find([*paths, as_jpeg(bare, 90)], learned, [])
    told = {piece.kind: piece.detail for piece in found.evidence}
    assert told[Kind.RECORD].startswith("one.png, two.png: made by v1-5")
    assert told[Kind.PICTURE].startswith("picture 3: it is a picture in the gallery, generated by dora")


def test_the_gallery_s_copy_tells_the_prompt(gallery, learned):
    path = next(gallery.glob("*/dora*/*.png"))
    with Image.open(path) as picture:
        found = find([as_jpeg(picture.convert("RGB"), 80)], learned, [])
    kept = next(picture for picture in learned.pictures if picture.path == path)
    assert (found.prompt.text, found.prompt.source) == (kept.prompt, "the same picture in the gallery")


def test_what_a_record_names_is_not_none_of_these(learned, tmp_path):
    anna = KnownModel("anna", Path("anna.safetensors"), drawable("anna").sha256)
    texts = PngInfo()
    texts.add_text("parameters", f"a cat\nSteps: 20, Sampler: Euler, Model hash: {anna.sha256[:10]}, Model: anna")
    far = Image.linear_gradient("L").convert("RGB")
    far.save(tmp_path / "far.png", pnginfo=texts)
    assert find([far], learned, [anna]).none_of_these
    assert not find([tmp_path / "far.png"], learned, [anna]).none_of_these


def test_a_file_that_was_never_hashed_may_be_the_one_that_seems_to_be_missing(nothing, tmp_path):
    text = "a cat\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, Model hash: 6ce0161689, Model: v1-5"
    path = with_infotext(text, tmp_path / "a.png")
    unhashed = KnownModel("renamed", Path("renamed.safetensors"))
    (remark,) = find([path], nothing, [unhashed]).remarks
    assert "1 of your checkpoints was never hashed" in remark
    assert find([path], nothing, [replace(unhashed, sha256="ab" * 32)]).remarks == ()


# the index


def test_pictures_are_encoded_once_and_the_search_learns_what_is_added(tmp_path):
    draw_gallery(tmp_path / "gallery", MODELS[:3])
    encoder = Colours()
    index = GalleryIndex(tmp_path / "gallery", encoder)
    first = index.learned(Job())
    assert encoder.encoded == 2 * 3 * len(PROBES)
    assert index.learned(Job()) is first
    again = GalleryIndex(tmp_path / "gallery", encoder).learned(Job())
    assert encoder.encoded == 2 * 3 * len(PROBES)
    assert find([unseen("anna")], again, []) == find([unseen("anna")], first, [])
    draw_gallery(tmp_path / "gallery", MODELS[3:])
    before = encoder.encoded
    grown = index.learned(Job())
    assert encoder.encoded == before + 2 * len(PROBES)
    assert grown.search.test.scores.shape[1] == 4
    assert find([unseen("dora")], grown, []).ranking[0].model == "dora"


def test_a_gallery_that_has_not_changed_is_not_listed_again(tmp_path):
    draw_gallery(tmp_path, MODELS[:3])
    for folder in filter(Path.is_dir, tmp_path.glob("*/*")):
        os.utime(folder, (1e9, 1e9))
    index = GalleryIndex(tmp_path, Colours())
    first = index.learned(Job())
    (tmp_path / FILE).write_bytes(b"no database, but long enough to be looked at" * 100)
    assert index.learned(Job()) is first
    assert not list(tmp_path.glob("*damaged*")), "nobody looks"
    os.utime(next(tmp_path.glob("*/anna*")), (1.1e9, 1.1e9))
    index.learned(Job())
    assert list(tmp_path.glob("*damaged*")), "now it is looked at"


def test_a_moved_gallery_keeps_its_vectors_and_a_lost_picture_is_forgotten(tmp_path):
    draw_gallery(tmp_path / "old")
    learn(tmp_path / "old")
    shutil.move(tmp_path / "old", tmp_path / "new")
    for path in (tmp_path / "new").glob("*/anna*/*.png"):
        path.unlink()
    encoder = Colours()
    learned = GalleryIndex(tmp_path / "new", encoder).learned(Job())
    assert encoder.encoded == 0
    assert set(learned.names.values()) == {"bert", "carl", "dora"}


def test_another_encoder_s_vectors_are_others(gallery):
    other = Colours(identity="colours 2")
    GalleryIndex(gallery, other).learned(Job())
    assert other.encoded == 2 * len(MODELS) * len(PROBES)


def test_the_search_learns_from_the_suites_it_is_told_and_knows_the_pictures_of_all(tmp_path):
    pets, own = small_suite(PROBES), replace(small_suite(("boat", "house")), name="anna's own")
    fill(tmp_path, pets, MODELS[:3], tinted)
    fill(tmp_path, own, ["anna"], tinted)
    encoder = Colours()
    learned = GalleryIndex(tmp_path, encoder, ["pets"]).learned(Job())
    assert encoder.encoded == 2 * len(learned.pictures) == 2 * 3 * len(PROBES)
    (boat,) = (picture.path for picture in learned.gallery if picture.prompt == "a boat")
    picture = Image.open(boat).convert("RGB")
    picture.info.clear()
    first, features = find([picture], learned, []).evidence
    assert (first.kind, first.model) == (Kind.PICTURE, "anna")
    assert "learned from" not in features.detail
    both = GalleryIndex(tmp_path, encoder, ["pets", own.name]).learned(Job())
    assert len(both.pictures) == 3 * len(PROBES) + 2
    assert len(GalleryIndex(tmp_path, encoder, [own.name]).learned(Job()).pictures) == 2 * len(PROBES) + 2


def test_stopping_keeps_what_was_encoded(tmp_path):
    draw_gallery(tmp_path, [f"model {i}" for i in range(6)])
    encoder = Colours()
    with pytest.raises(Cancelled):
        GalleryIndex(tmp_path, encoder).learned(Job(cancelled=lambda: encoder.encoded > 0))
    before = encoder.encoded
    assert 0 < before < 2 * 6 * len(PROBES)
    GalleryIndex(tmp_path, encoder).learned(Job())
    assert encoder.encoded == 2 * 6 * len(PROBES)


def test_a_self_test_is_remembered_as_it_was(gallery, learned, monkeypatch):
    test = learned.search.test
    assert test.found(1) > 0
    monkeypatch.setattr("lib_modelsim.workspace.finding.index.self_test", None)  # nobody tests again
    kept = learn(gallery).search.test
    assert np.array_equal(kept.scores, test.scores)
    assert np.array_equal(kept.ranks, test.ranks)


def test_a_damaged_memory_is_one_clear_line(tmp_path, caplog):
    draw_gallery(tmp_path, MODELS[:1])
    (tmp_path / FILE).write_bytes(b"no database, but long enough to be looked at" * 100)
    learn(tmp_path)
    assert "a new one is in its place" in caplog.messages[0]
    with sqlite3.connect(tmp_path / FILE) as db:
        kinds_kept = 4 if available() else 3  # fingerprint, keypoints, two views
        assert db.execute("SELECT count(*) FROM features").fetchone()[0] == kinds_kept * len(PROBES)


def test_one_model_ranks_and_two_give_no_probability(tmp_path):
    draw_gallery(tmp_path, MODELS[:2])
    found = find([unseen("bert")], learn(tmp_path), [])
    assert found.ranking[0].model == "bert"
    assert found.reliability is None
    assert all(card.probability is None for card in found.ranking)
    assert found.evidence[0].certainty is None


def test_the_self_test_is_told_model_by_model(learned, nothing):
    rows = table(learned)
    assert [row.model for row in rows] == list(MODELS)
    assert all(row.pictures == len(PROBES) and 0 <= row.top1 <= row.top4 <= 1 <= row.mean_rank for row in rows)
    whole = reliability(learned)
    assert whole.top1 == pytest.approx(sum(row.top1 for row in rows) / len(rows))
    with pytest.raises(ModelsimError, match="cannot be tested"):
        table(nothing)


# the library


def test_known_models_are_those_of_the_library_that_are_still_there(small_family, tmp_path):
    copy = shutil.copy(small_family / "anna.safetensors", tmp_path / "gone.safetensors")
    with Library(tmp_path / "library.sqlite") as library:
        scanned, unreadable = scanned_models([small_family, tmp_path / "gone.safetensors"], library, Job())
        assert not unreadable
        Path(copy).unlink()
        listed = Listed(small_family / "bert.safetensors", "bert [123]")
        known = {model.name: model for model in known_models(library, [listed])}
    assert set(known) == {"anna", "base", "bert", "carl", "stranger"}
    by_name = {model.name: model for model in scanned}
    assert known["anna"] == replace(by_name["anna"], path=known["anna"].path)
    assert known["bert"].title == "bert [123]"


def test_a_host_s_file_that_was_never_scanned_is_known_by_legacy_hash(small_family):
    with Library(None) as library:
        (scanned,), _ = scanned_models([small_family / "anna.safetensors"], library, Job())
    with Library(None) as library:
        (known,) = known_models(library, [Listed(small_family / "anna.safetensors", "anna", scanned.sha256.upper())])
    assert (known.legacy_hash, known.sha256) == (scanned.legacy_hash, scanned.sha256)
    assert known.name == "anna"


# one model, told once


def recorded(model: str, words: str, path: Path) -> Path:
    return with_infotext(f"a cat\nSteps: 20, Sampler: Euler, Seed: 5, Size: 96x96, {words}Model: {model}", path)


@pytest.fixture
def old_and_new(tmp_path):
    """A gallery whose "anna" drew and was imported before its hash was known, under two names, and drew after."""
    draw_gallery(tmp_path / "gallery", MODELS[:3])
    own, short = tmp_path / "own", drawable("anna").sha256[:10]
    for place, name in enumerate(["Anna", f"anna [{short}]"]):
        (own / name).mkdir(parents=True)
        for probe in ("ship", "mill"):
            tinted(drawable("anna"), Parameters(prompt=f"a {probe}", seed=place)).save(own / name / f"{probe}.png")
    import_pictures(plan_import(own, []), tmp_path / "gallery", Job())
    return tmp_path / "gallery"


def test_pictures_from_before_the_hash_was_known_are_the_same_model_s(old_and_new):
    learned = learn(old_and_new)
    assert learned.names == {drawable(name).sha256: name for name in MODELS[:3]}
    found = find([unseen("anna")], learned, [])
    assert [card.model for card in found.ranking].count("anna") == 1
    assert len(found.ranking) == 3
    assert [held.model for held in holdings(old_and_new)] == ["anna", "bert", "carl"]


def test_a_name_that_two_files_had_is_not_merged(tmp_path):
    draw_gallery(tmp_path, MODELS[:3])
    other = replace(drawable("anna"), sha256="ee" * 32)
    before = replace(drawable("anna"), sha256=None)
    with Gallery(tmp_path) as gallery:
        stored = gallery.pictures()[0]
        for number, checkpoint in enumerate((other, before)):
            record = replace(stored.record, checkpoint=checkpoint_key(checkpoint), checkpoint_name="anna", identity="x")
            path = gallery.path_for("pets", checkpoint, "more", number, "x")
            gallery.save(path, tinted(checkpoint, Parameters(seed=number)), "", record)
    assert set(learn(tmp_path).names) == {*(drawable(name).sha256 for name in MODELS[:3]), "ee" * 32, "name:anna"}


def test_a_file_that_was_never_hashed_is_the_model_of_its_name_that_has_pictures(learned, tmp_path):
    known = [KnownModel("anna", Path("anna.safetensors")), KnownModel("zoe", Path("zoe.safetensors"), "ee" * 32)]
    found = find([recorded("anna", "", tmp_path / "a.png")], learned, known)
    assert kinds(found) == [Kind.RECORD, Kind.FEATURES]
    assert found.evidence[0].certainty == 0.5
    (card,) = (card for card in found.ranking if card.model == "anna")
    assert (card.key, card.path) == (drawable("anna").sha256, known[0].path)
    assert f"anna was never hashed: it is taken for the anna [{card.key[:10]}] that has pictures here" in found.remarks


def test_a_model_whose_pictures_have_no_hash_is_left_out_whole(tmp_path):
    draw_gallery(tmp_path / "drawn", MODELS[:3])
    for path in (tmp_path / "drawn").glob("*/anna*/*.png"):
        target = tmp_path / "own" / "anna" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    import_pictures(plan_import(tmp_path / "own", []), tmp_path / "drawn", Job())
    learned = learn(tmp_path / "drawn")
    assert "name:anna" in learned.names
    anna = KnownModel("anna", Path("anna.safetensors"), "aa" * 32)
    picture = recorded("anna", f"Model hash: {'a' * 10}, ", tmp_path / "a.png")
    found = find([picture], learned, [anna])
    assert [card.key for card in found.ranking if card.model == "anna"] == ["aa" * 32]
    rest = not_this(found, "aa" * 32)
    assert not any(piece.kind is Kind.RECORD for piece in rest.evidence)
    assert all(card.model != "anna" for card in rest.ranking)


def test_records_of_several_pictures_that_name_one_model_are_one_piece(learned, tmp_path):
    digits = drawable("anna").sha256[:10]
    paths = [recorded("anna", f"Model hash: {digits}, TI: x{n}, ", tmp_path / f"{n}.png") for n in range(2)]
    paths.append(recorded("anna", "", tmp_path / "named.png"))
    found = find(paths, learned, [])
    (piece,) = (piece for piece in found.evidence if piece.kind is Kind.RECORD)
    assert piece.certainty == pytest.approx(0.99)
    assert all(path.name in piece.detail for path in paths)


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_file_scanned_by_way_of_a_link_and_listed_by_the_host_is_one_model(small_family, tmp_path):
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "anna.safetensors"
    link.symlink_to(small_family / "anna.safetensors")
    with Library(tmp_path / "library.sqlite") as library:
        ((scanned,), _) = scanned_models([link], library, Job())
        (known,) = known_models(library, [Listed(small_family / "anna.safetensors", "anna [1]")])
    assert (known.sha256, known.title) == (scanned.sha256, "anna [1]")


# pictures by two models


def test_pictures_whose_records_name_two_models_are_not_pooled_without_a_word(learned, tmp_path):
    anna, bert = (drawable(name).sha256[:10] for name in ("anna", "bert"))
    paths = [
        recorded("anna", f"Model hash: {anna}, ", tmp_path / "1.png"),
        recorded("renamed", f"Model hash: {anna}, ", tmp_path / "2.png"),
        recorded("bert", f"Model hash: {bert}, ", tmp_path / "3.png"),
        recorded("zoe", f"Model hash: {'e' * 10}, ", tmp_path / "4.png"),
    ]
    found = find([*paths, unseen("carl")], learned, [])
    assert [(group.model, group.pictures) for group in found.apart.groups] == [
        ("anna", ("1.png", "2.png")),
        ("bert", ("3.png",)),
        ("zoe", ("4.png",)),
    ]
    assert found.apart.sentence.startswith(
        "These look like three models by their records: 1.png and 2.png by anna; 3.png by bert; 4.png by zoe; no record"
        " tells whose picture 5 is."
    )
    assert all(card.probability is None for card in found.ranking)
    assert [card.model for card in found.ranking[:2]] == ["anna", "bert"]
    features = found.evidence[-1]
    assert (features.kind, features.certainty) == (Kind.FEATURES, None)
    assert features.detail.startswith("pooled, as if by one model: ")


def test_pictures_whose_styles_are_two_models_are_sorted_where_the_self_test_bears_it(learned, tmp_path):
    probes = (*PROBES, "house", "bowl", "sea", "bridge")
    fill(tmp_path, small_suite(probes), MODELS, tinted)
    larger = learn(tmp_path)
    asked = [unseen("anna"), unseen("dora")]
    found = find(asked, larger, [])
    assert {(group.model, group.pictures) for group in found.apart.groups} == {
        ("anna", ("picture 1",)),
        ("dora", ("picture 2",)),
    }
    assert "by their style" in found.apart.sentence
    assert "1 %" in found.apart.sentence
    assert all(card.probability is None for card in found.ranking)
    assert {card.model for card in found.ranking[:2]} == {"anna", "dora"}
    assert find([unseen("anna")] * 2, larger, []).apart is None
    small = find(asked, learned, [])
    assert small.apart is None, "its self-test is too small to tell"
    assert "All 2 pictures are taken as by one model." in small.remarks
    assert small.ranking[0].probability is not None


def test_one_picture_is_not_said_to_be_taken_as_one_model_s(learned):
    assert not any("taken as" in remark for remark in find([unseen("anna")], learned, []).remarks)
