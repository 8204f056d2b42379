"""CLIP as the encoder: a small model of real architecture, loaded from a real file; nothing is ever downloaded."""

import gc
import sys

import numpy as np
import pytest
import torch

from lib_modelsim.job import Job
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.encoders.encoder import TextEncoder
from lib_modelsim.pictures.encoders.open_clip import open_clip_encoder
from lib_modelsim.pictures.encoders.published_weights import EncoderError, open_clip, published

from .scenes import scene
from .small_clip import NAME, add_architecture, write_small_clip


@pytest.fixture(scope="module")
def package():
    return pytest.importorskip("open_clip")


@pytest.fixture(scope="module")
def weights(package, tmp_path_factory):
    """A file of weights for the architecture `NAME`."""
    return write_small_clip(package, tmp_path_factory.mktemp("clip"))


def encode(architecture, weights):
    return open_clip_encoder(architecture, weights).encode([scene(1)])


def test_pictures_and_texts_share_a_space_of_unit_vectors(weights):
    encoder = open_clip_encoder(NAME, weights)
    assert isinstance(encoder, TextEncoder)
    pictures = encoder.encode([scene(number) for number in range(20)])
    texts = encoder.encode_text(["a cat", "a long, long tale " * 40])
    assert pictures.shape == (20, 16)
    assert texts.shape == (2, 16)
    assert np.linalg.norm(np.concatenate([pictures, texts]), axis=1) == pytest.approx(1, abs=1e-4)


def test_the_file_s_weights_count(package, weights, tmp_path):
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other.safetensors"
    save_file({key: value + 0.1 * torch.randn_like(value) for key, value in load_file(weights).items()}, other)
    a, b = open_clip_encoder(NAME, weights), open_clip_encoder(NAME, other)
    assert np.abs(a.encode([scene(1)]) - b.encode([scene(1)])).max() > 1e-3
    assert a.identity != b.identity


def models_in_memory(package):
    gc.collect()
    return sum(type(each) is package.CLIP for each in gc.get_objects())


def test_its_model_is_in_memory_from_the_first_use_to_the_end_and_loads_again(package, weights):
    before = models_in_memory(package)
    encoder = open_clip_encoder(NAME, weights)
    assert models_in_memory(package) == before
    first = encoder.encode([scene(1)])
    assert models_in_memory(package) == before + 1
    encoder.unload()
    assert models_in_memory(package) == before
    assert np.array_equal(encoder.encode([scene(1)]), first)


def test_without_room_on_the_gpu_it_goes_on_without_it(weights, monkeypatch, caplog):
    encoder = open_clip_encoder(NAME, weights)
    forward, refused = encoder._forward, iter([True])

    def full_once(kind, batch):
        if next(refused, False):
            raise torch.cuda.OutOfMemoryError("no room")
        return forward(kind, batch)

    monkeypatch.setattr(encoder, "_forward", full_once)
    assert encoder.encode([scene(1), scene(2)]).shape == (2, 16)
    assert "using the CPU" in caplog.text


def test_an_architecture_whose_words_are_elsewhere_sees_pictures_alone(package, weights, tmp_path):
    add_architecture(package, tmp_path, "modelsim-wordless", {"hf_tokenizer_name": "somebody/words"})
    encoder = open_clip_encoder("modelsim-wordless", weights)
    assert not isinstance(encoder, TextEncoder)
    assert encoder.encode([scene(1)]).shape == (1, 16)


def test_an_architecture_that_would_download_its_language_model_is_refused(package, weights):
    with pytest.raises(EncoderError, match="second download"):
        open_clip_encoder("roberta-ViT-B-32", weights)


def test_files_of_another_kind_are_refused(package, weights, tmp_path):
    pickle = tmp_path / "clip.pt"
    torch.save({"a": torch.zeros(1)}, pickle)
    with pytest.raises(EncoderError, match="not a safetensors file"):
        encode(NAME, pickle)
    with pytest.raises(EncoderError, match="does not have the architecture"):
        encode("ViT-B-32", weights)
    with pytest.raises(EncoderError, match="no such architecture"):
        encode("no such thing", weights)
    with pytest.raises(EncoderError, match="no such file"):
        encode(NAME, tmp_path / "none.safetensors")


def test_weights_that_are_not_here_are_asked_for_and_not_fetched(package, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    there = published("ViT-B-32", "laion2b_s34b_b79k")
    with pytest.raises(EncoderError, match=r"download ViT-B-32 laion2b_s34b_b79k from laion/.*, about 0\.6 GB"):
        open_clip_encoder("ViT-B-32", there)
    assert not any(tmp_path.iterdir())


def test_weights_once_fetched_are_found(package, weights, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(
        "lib_modelsim.pictures.encoders.published_weights.fetch", lambda url, target, *_: urls.append(url)
    )
    urls, there = [], published("ViT-B-32", "laion2b_s34b_b79k")
    where = there.download(Job())
    assert urls[0].endswith("/laion/CLIP-ViT-B-32-laion2B-s34B-b79K/resolve/main/open_clip_model.safetensors")
    where.parent.mkdir(parents=True)
    where.write_bytes(weights.read_bytes())
    assert there.file == where


@pytest.mark.parametrize("names", [("no such thing", "openai"), ("ViT-B-32", "no such tag")])
def test_unknown_names_are_told(package, names):
    with pytest.raises(EncoderError, match="no such"):
        published(*names)


def test_without_the_package_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(EncoderError, match=r"installing\.py\" open_clip_torch"):
        open_clip()
    assert not isinstance(DescriptorEncoder(), TextEncoder)
