"""Encoders are meant by name; whether one can be used is told without loading it; its memory is given back."""

from __future__ import annotations

import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.pictures.encoders.encoder import EncoderKind, Readiness
from lib_modelsim.pictures.encoders.open_clip import KIND
from lib_modelsim.pictures.encoders.registry import forget, register
from lib_modelsim.probes.parameters import Parameters
from lib_modelsim.workspace.finding.encoders import (
    BUILT_IN,
    CLIP,
    HOSTS,
    download,
    encoder_named,
    in_use,
    label_of,
    name_of,
    offered,
    readiness,
    takes_turn,
)
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.finding.index import GalleryIndex
from tests.probes.fake_engine import drawable

from .finding import MODELS, PROBES, Colours, draw_gallery, tinted

SUGGESTED = [f"{CLIP}{which}" for which in KIND.suggested]
OTHERS = ["", "clip", CLIP, f"{CLIP}ViT-B-32", f"{CLIP}/openai", f"{CLIP}no such/tag", HOSTS]


class WithClip(Folders):
    """A host that has a CLIP in memory."""

    def encoders(self):
        return [Colours("the WebUI's CLIP", "clip 1")]


class Held(Colours):
    """An encoder that holds a model while it is used."""

    unloaded = 0

    def unload(self):
        self.unloaded += 1


@pytest.fixture
def host(tmp_path):
    return Folders([], tmp_path, Settings())


def test_the_built_in_one_needs_nothing(host):
    assert encoder_named(BUILT_IN).name == "built-in descriptor"
    assert readiness(BUILT_IN, host).ready


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_refused_with_the_ones_there_are(name, host):
    with pytest.raises(ModelsimError) as caught:
        encoder_named(name)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.fix
    assert not readiness(name, host).ready


def test_a_file_that_is_not_there_is_refused(tmp_path, host):
    name = f"{CLIP}ViT-B-32/{tmp_path}/none.safetensors"
    with pytest.raises(ModelsimError):
        encoder_named(name)
    assert not readiness(name, host).ready


def test_the_host_s_clip_is_ready_while_it_is_in_memory(tmp_path, host):
    assert "no CLIP in memory" in readiness(HOSTS, host).words
    with pytest.raises(ModelsimError, match="Interrogate CLIP"):
        encoder_named(HOSTS, host=host)
    loaded = WithClip([], tmp_path, Settings())
    assert readiness(HOSTS, loaded).ready
    assert encoder_named(HOSTS, host=loaded).identity == "clip 1"


def test_without_the_package_it_says_how_to_install_it(host, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    found = readiness(SUGGESTED[0], host)
    assert not found.ready
    assert "installing.py" in found.words
    assert found.download is None


def test_the_tab_asks_without_importing_torch():
    code = "import sys, lib_modelsim.workspace.finding.encoders; assert not {'torch', 'open_clip'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_weights_that_are_not_here_are_a_question_and_fetched_by_no_other_way(host, monkeypatch, tmp_path):
    pytest.importorskip("open_clip")
    fetched = []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("lib_modelsim.pictures.encoders.published_weights.fetch", lambda *given: fetched.append(given))
    found = readiness(SUGGESTED[0], host)
    assert not found.ready
    assert (
        found.download == "download ViT-B-32 laion2b_s34b_b79k from laion/CLIP-ViT-B-32-laion2B-s34B-b79K, about 0.6 GB"
    )
    with pytest.raises(ModelsimError, match="not on this machine"):
        encoder_named(SUGGESTED[0])
    assert not fetched
    download(SUGGESTED[0], Job())
    assert len(fetched) == 1


@pytest.mark.parametrize("name", [BUILT_IN, HOSTS, f"{CLIP}ViT-B-32/mine.safetensors"])
def test_what_needs_no_download_downloads_nothing(name):
    download(name, Job())


def test_suggestions_have_weights_on_a_hub():
    package = pytest.importorskip("open_clip")
    from lib_modelsim.pictures.encoders.published_weights import published

    for name in SUGGESTED:
        assert published(*name.removeprefix(CLIP).split("/")).repository
    assert len(package.list_models()) > 10


def test_memory_is_given_back_after_use_unless_it_is_kept():
    held, light = Held(), Colours()
    with in_use(held, keep=True), in_use(light, keep=False):
        pass
    assert held.unloaded == 0
    with pytest.raises(ZeroDivisionError), in_use(held, keep=False):
        _ = 1 / 0
    assert held.unloaded == 1


class Inverted(Colours):
    """The same vectors the other way round: mixed up with the others they would tell nonsense."""

    def encode(self, pictures):
        return -super().encode(pictures)


def test_vectors_of_different_encoders_are_kept_apart(tmp_path):
    draw_gallery(tmp_path)
    pictures = 2 * len(MODELS) * len(PROBES)
    one, other = Colours(), Inverted("inverted", "inverted 1")
    first = GalleryIndex(tmp_path, one).learned(Job()).search.examples.vectors
    second = GalleryIndex(tmp_path, other).learned(Job()).search.examples.vectors
    assert np.array_equal(first, -second)
    again = GalleryIndex(tmp_path, one).learned(Job()).search.examples.vectors
    assert np.array_equal(first, again)
    assert (one.encoded, other.encoded) == (pictures, pictures), "each picture and its degraded copy once an encoder"


@pytest.fixture
def registered():
    """A kind from outside, of which there are several."""
    kind = EncoderKind(
        "colours",
        "mean colours",
        make=lambda which, device: Colours(f"colours {which}", f"colours {which}"),
        readiness=lambda which: Readiness(True, f"{which} is ready"),
        takes="NUMBER",
        suggested=("7",),
        takes_turn=False,
    )
    register(kind)
    yield kind
    forget(kind.name)


def test_an_encoder_from_outside_is_offered_typed_and_used_as_the_shipped_ones_are(registered, host, tmp_path):
    assert "colours:7" in offered(host)
    assert label_of("colours:7") == name_of("colours:7") == name_of(" colours:7 ") == "colours:7"
    assert readiness("colours:7", host).words == "7 is ready"
    assert not takes_turn("colours:7")
    assert takes_turn(SUGGESTED[0])
    download("colours:7", Job())
    draw_gallery(tmp_path)
    learned = GalleryIndex(tmp_path, encoder_named("colours:7")).learned(Job())
    assert find([tinted(drawable("anna"), Parameters(prompt="a boat"))], learned, []).encoder == "colours 7"
    with pytest.raises(ModelsimError, match="colours:NUMBER"):
        encoder_named("colours")
    with pytest.raises(ValueError, match="of this name"):
        register(registered)
    forget("colours")
    with pytest.raises(ModelsimError, match="no such encoder"):
        encoder_named("colours:7")
    register(registered)


class Reading(Colours):
    """Reads texts, too: "red" lies where red pictures do; counts what it reads."""

    def __init__(self):
        super().__init__("reading", "reading 1")
        self.read = []

    def encode_text(self, texts):
        self.read += texts
        colours = [Image.new("RGB", (8, 8), f"hsl({zlib.crc32(text.encode()) % 360}, 80%, 50%)") for text in texts]
        return Colours().encode(colours)


def test_prompts_are_read_once_by_an_encoder_that_reads(tmp_path):
    draw_gallery(tmp_path)
    encoder = Reading()
    examples = GalleryIndex(tmp_path, encoder).learned(Job()).search.examples
    assert sorted(encoder.read) == sorted({*examples.prompts})
    assert np.allclose(examples.texts, encoder.encode_text(examples.prompts))
    again = Reading()
    assert np.array_equal(GalleryIndex(tmp_path, again).learned(Job()).search.examples.texts, examples.texts)
    assert not again.read
    assert GalleryIndex(tmp_path, Colours()).learned(Job()).search.examples.texts is None


def test_the_answer_says_whether_pictures_or_prompts_told_the_prompt(tmp_path):
    draw_gallery(tmp_path)
    query = tinted(drawable("stranger"), Parameters(prompt="a lighthouse"))
    for encoder, told_by in ((Reading(), "closest prompts"), (Colours(), "closest pictures")):
        prompt = find([query], GalleryIndex(tmp_path, encoder).learned(Job()), []).prompt
        assert told_by in prompt.source
        assert prompt.text
