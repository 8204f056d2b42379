"""The CLIP score is torchmetrics': on the same random weights the same numbers, to 1e-3."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.scorers.clip import NO_PROMPT, NO_WORDS, ClipScore
from lib_modelsim.curate.scorers.scorer import ScorerError
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.features import FeatureStore, Wanted
from tests.curate import twins
from tests.curate.make_clip_scores import FILE, pairs, torchmetrics_scores
from tests.pictures.scenes import scene

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    for number, size, _ in pairs():
        scene(number, *size).save(folder / f"{number}.png")
    return folder


def scored(folder, encoder, prompts, job=None):
    """The CLIP scores of the pictures of these names."""
    clip, job = ClipScore(encoder), job or Job()
    with FeatureStore(folder, folder.parent / f"{encoder.identity.replace(' ', '')}.sqlite") as store:
        paths = [folder / name for name in prompts]
        seen = store.look([Wanted(paths, [encoder], fingerprints=False, keypoints=False)], job)
        return clip.score([Collected(path, seen.contents[path], prompts[path.name]) for path in paths], store, job)


def of_pairs(folder, encoder):
    return scored(folder, encoder, {f"{number}.png": prompt for number, _, prompt in pairs()})


@pytest.fixture(scope="module")
def package():
    return pytest.importorskip("open_clip")


@pytest.fixture(scope="module")
def open_clip_s(package, tmp_path_factory):
    from lib_modelsim.pictures.encoders.open_clip import open_clip_encoder

    return open_clip_encoder(twins.NAME, twins.write_for_open_clip(package, tmp_path_factory.mktemp("twin")))


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    return twins.OfTransformers(tmp_path_factory.mktemp("bytes"))


def test_open_clip_s_are_torchmetrics_live(scenes, open_clip_s, package, tmp_path):
    pytest.importorskip("torchmetrics")
    processor = twins.processor(tmp_path, twins.merges_of(package))
    theirs = torchmetrics_scores(twins.of_transformers(twins.draw()), processor)
    assert of_pairs(scenes, open_clip_s).values == pytest.approx(theirs, abs=1e-3)


def test_open_clip_s_are_those_that_torchmetrics_gave(scenes, open_clip_s):
    assert of_pairs(scenes, open_clip_s).values == pytest.approx(json.loads(FILE.read_text())["words"], abs=1e-3)


def test_those_of_any_encoder_are_those_that_torchmetrics_gave(scenes, twin):
    theirs = json.loads(FILE.read_text())["bytes"]
    assert of_pairs(scenes, twin).values == pytest.approx(theirs, abs=1e-3)
    assert 0 < theirs.count(0) < len(theirs)  # below 0 it is 0


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(6):
        scene(i).save(folder / f"{i}.png")
    return folder


def named(*prompts):
    return {f"{i}.png": prompt for i, prompt in enumerate(prompts)}


def test_without_a_prompt_or_words_there_is_no_score(folder, twin):
    found = scored(folder, twin, named("a cat", "", "  ", "<lora:style:1>", "(:1.2)"))
    assert np.isnan(found.values).tolist() == [False, True, True, True, True]
    assert found.missing == {1: NO_PROMPT, 2: NO_PROMPT, 3: NO_WORDS, 4: NO_WORDS}


def test_weights_and_tags_do_not_count_and_are_told(folder, twin):
    for i in range(1, 4):
        (folder / f"{i}.png").write_bytes((folder / "0.png").read_bytes())
    found = scored(folder, twin, named("a red cat", "a (red:1.3) cat", "a [red] cat <lora:x:0.7>", "a ((red)) cat"))
    assert len(set(found.values.tolist())) == 1
    assert any("3 prompts were left out" in remark for remark in found.remarks)


def test_a_long_prompt_counts_by_its_beginning_which_is_told(folder, twin):
    (folder / "1.png").write_bytes((folder / "0.png").read_bytes())
    found = scored(folder, twin, named("x" * 75 + "a cat", "x" * 75 + "dogs in a house", "x" * 70))
    assert found.values[0] == found.values[1]
    assert any("2 prompts are longer than the 77 tokens" in remark for remark in found.remarks)
    assert not any("longer" in remark for remark in scored(folder, twin, named("x" * 75)).remarks)


def test_halves_of_characters_and_emoji_have_scores(folder, twin):
    found = scored(folder, twin, named("a cat \ud83d", "\udc80", "🐈" * 9, "\x00\x07", "\u202eabc"))
    assert not np.isnan(found.values).any()


def test_vectors_are_made_once(folder, twin, monkeypatch):
    prompts = named("a", "b", "c")
    first = scored(folder, twin, prompts)

    def never(_):
        raise AssertionError

    for name in ("encode", "encode_text", "too_long"):
        monkeypatch.setattr(twin, name, never)
    assert scored(folder, twin, prompts).values.tolist() == first.values.tolist()


def test_more_pictures_than_are_in_memory_at_once(folder, twin, monkeypatch):
    from lib_modelsim.curate.scorers import clip

    prompts = named("a", "", "c", "d", "", "f")
    whole = scored(folder, twin, prompts).values
    monkeypatch.setattr(clip, "_PICTURES", 2)
    monkeypatch.setattr(clip, "_PROMPTS", 2)
    assert np.array_equal(scored(folder, twin, prompts).values, whole, equal_nan=True)


def test_it_stops_when_asked_to(folder, twin):
    with pytest.raises(Cancelled):
        scored(folder, twin, named("never seen before"), Job(cancelled=lambda: True))


def test_an_encoder_without_words_is_refused():
    with pytest.raises(ScorerError, match="reads no prompts"):
        ClipScore(DescriptorEncoder())
