"""Drawing it again: proof where the record has every setting, else a new order; and the engine as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lib_modelsim.errors import ModelsimError
from lib_modelsim.identify.evidence.form import Kind
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.probes.engine import CheckpointFailed, OutOfMemory
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.finding.verify import verify
from tests.probes.fake_engine import FakeEngine, drawable

from .finding import MODELS, Colours, draw_gallery, learn

SETTINGS = Parameters("a lighthouse", seed=77, width=128, height=64, steps=8)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    draw_gallery(folder)
    return learn(folder)


@pytest.fixture
def engine():
    engine = FakeEngine([drawable(name) for name in MODELS])
    engine.user = engine.loaded = drawable("the user's")
    return engine


def drawn_by(name: str, path: Path, change=lambda text: text) -> Path:
    """What this engine draws, enlarged, saved with its infotext."""
    with FakeEngine([]).session(Job()) as session:
        session.load(drawable(name))
        (drawn,) = session.draw([SETTINGS])
    texts = PngInfo()
    texts.add_text("parameters", change(drawn.infotext))
    enlarged(drawn.image).save(path, pnginfo=texts)
    return path


def enlarged(picture: Image.Image) -> Image.Image:
    return picture.resize((256, 256), Image.Resampling.NEAREST)


def test_with_the_record_s_settings_the_same_picture_is_proof(learned, engine, tmp_path):
    def without_model(text: str) -> str:
        start, end = text.index("Model hash"), text.index("Version")
        return text[:start] + text[end:]

    engine.mishap = lambda checkpoint, parameters, drawn: replace(drawn, image=enlarged(drawn.image))
    path = drawn_by("carl", tmp_path / "a.png", without_model)
    found = find([path], learned, [])
    assert Kind.RECORD not in [piece.kind for piece in found.evidence]
    verified = verify([path], found, learned.encoder, engine, Job())
    assert verified.exact
    assert [piece.kind for piece in verified.found.evidence][-1] is Kind.REGENERATED
    proof = verified.found.evidence[-1]
    assert (proof.model, proof.certainty) == ("carl", 0.99)
    assert proof.detail.startswith("proof: ")
    assert verified.found.ranking[0].model == verified.pictures[0].model == "carl"
    assert verified.found.ranking[0].probability > 0.98
    assert proof in verified.found.ranking[0].evidence
    assert verified.pictures[0].likeness > 0.99 > verified.pictures[1].likeness


def test_a_sibling_s_picture_is_no_proof_however_alike(learned, engine, tmp_path, shared):
    case = shared / "cases" / "pictures" / "same_seed_not_same_picture"
    with Image.open(next(case.glob("gallery/VBP2/*.jpg"))) as picture:
        sibling = picture.convert("RGB")
    path = drawn_by("carl", tmp_path / "a.png")
    with Image.open(path) as picture, Image.open(case / "query_ABPModel_203.jpg") as pixels:
        texts = PngInfo()
        texts.add_text("parameters", picture.info["parameters"])
        pixels.convert("RGB").save(path, pnginfo=texts)
    engine.mishap = lambda checkpoint, parameters, drawn: replace(drawn, image=sibling)
    verified = verify([path], find([path], learned, []), learned.encoder, engine, Job(), count=2)
    assert verified.exact
    assert verified.pictures[0].likeness > 0.98
    (told,) = (piece for piece in verified.found.evidence if piece.kind is Kind.REGENERATED)
    assert told.certainty is None
    assert "no model generated the same picture" in told.detail


@pytest.mark.parametrize("extra", ["Denoising strength: 0.5, ", 'Lora hashes: "ink: 0123456789ab", ', "Refiner: x, "])
def test_what_else_had_a_hand_in_the_picture_is_no_proof(learned, engine, tmp_path, extra):
    path = drawn_by("carl", tmp_path / "a.png", lambda text: text.replace("Version", f"{extra}Version"))
    verified = verify([path], find([path], learned, []), learned.encoder, engine, Job())
    assert not verified.exact
    assert verified.found.evidence[-1].certainty is None


def test_two_models_that_draw_the_same_share_the_proof(learned, engine, tmp_path):
    engine.mishap = lambda checkpoint, parameters, drawn: replace(drawn, image=same)
    path = drawn_by("carl", tmp_path / "a.png")
    with Image.open(path) as picture:
        same = picture.convert("RGB")
    verified = verify([path], find([path], learned, []), learned.encoder, engine, Job(), count=2)
    proofs = [piece for piece in verified.found.evidence if piece.kind is Kind.REGENERATED]
    assert [proof.certainty for proof in proofs] == [0.495, 0.495]
    assert "another model generated the same picture" in proofs[0].detail


def test_without_a_record_the_guessed_prompt_is_drawn_in_the_query_s_shape(learned, engine):
    asked = []
    engine.mishap = lambda checkpoint, parameters, drawn: (asked.append(parameters), drawn)[1]
    query = Image.radial_gradient("L").resize((300, 200)).convert("RGB")
    found = find([query], learned, [])
    verified = verify([query], found, learned.encoder, engine, Job(), count=3)
    assert {parameters.prompt for parameters in asked} == {found.prompt.text}
    assert {(parameters.width, parameters.height) for parameters in asked} == {(640, 448)}
    assert len(verified.pictures) == 3
    nearness = [each.nearness for each in verified.pictures]
    assert nearness == sorted(nearness, reverse=True)
    assert [card.model for card in verified.found.ranking[:3]] == [each.model for each in verified.pictures]
    assert len(verified.found.ranking) == len(MODELS)
    assert verified.found.evidence[-1].certainty is None


def test_the_engine_is_left_as_it_was_and_stops_within_one_picture(learned, engine, tmp_path):
    path = drawn_by("carl", tmp_path / "a.png")
    found = find([path], learned, [])
    with pytest.raises(Cancelled):
        verify([path], found, learned.encoder, engine, Job(cancelled=lambda: len(engine.drawn) == 1))
    assert len(engine.drawn) == 1
    assert engine.loaded == engine.user
    assert engine.options == {"s_churn": 7.0}
    assert not engine.in_session


def test_half_a_picture_counts_for_nothing(learned, engine, tmp_path):
    engine.mishap = lambda checkpoint, parameters, drawn: replace(drawn, finished=False)
    path = drawn_by("carl", tmp_path / "a.png")
    with pytest.raises(Cancelled):
        verify([path], find([path], learned, []), learned.encoder, engine, Job())


def test_who_cannot_draw_is_told_and_the_others_are_ranked(learned, engine, tmp_path):
    def mishap(checkpoint, parameters, drawn):
        if checkpoint.name == "anna":
            raise OutOfMemory("out of memory", "1024 × 1024", "use a smaller size")
        if checkpoint.name == "bert":
            return replace(drawn, checkpoint_hash="f" * 10)
        return drawn

    engine.mishap = mishap
    path = drawn_by("carl", tmp_path / "a.png")
    verified = verify([path], find([path], learned, []), learned.encoder, engine, Job())
    assert {each.model for each in verified.pictures} == {"carl", "dora"}
    assert len(verified.failures) == 2
    assert any("the engine used another checkpoint" in failure for failure in verified.failures)


def test_an_engine_without_these_models_and_one_that_can_load_none(learned, engine, tmp_path):
    path = drawn_by("carl", tmp_path / "a.png")
    found = find([path], learned, [])
    with pytest.raises(ModelsimError, match="has none of the 4 ranked models"):
        verify([path], found, learned.encoder, FakeEngine([drawable("zoe")]), Job())

    def broken(checkpoint):
        raise CheckpointFailed("cannot be loaded", checkpoint.name, "download it again")

    engine.loadable = broken
    with pytest.raises(ModelsimError, match="no model could generate it again"):
        verify([path], found, learned.encoder, engine, Job())


def test_the_quick_encoder_of_these_tests_is_an_encoder():
    (vector,) = Colours().encode([Image.radial_gradient("L").convert("RGB")])
    assert float(vector @ vector) == pytest.approx(1)
