"""The WebUI's own CLIP as an encoder: only while it is in memory, moved as the WebUI moves it, and put back.

The model is a small real one of torch; `modules.*` are fakes, held against the recorded hosts.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts.webui import WebUI
from lib_modelsim.hosts.webui_clip import NAME, encoders
from lib_modelsim.pictures.encoders.encoder import ReadsBeginnings, TextEncoder

from .fakes import A1111, Forge, ReForge, module

RECORDED = Path(__file__).parent / "recorded"
PICTURES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")] * 7


class SmallClip(torch.nn.Module):
    """What OpenAI's CLIP offers: pictures and texts to vectors that are not of length 1; it knows where it was sent."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.visual, self.words = torch.nn.Linear(3 * 4 * 4, 8), torch.nn.Embedding(128, 8)
        self.sent_to, self.batches = [], []

    def to(self, *where, **how):
        self.sent_to.extend(where)
        return super().to(*where, **how)

    def encode_image(self, pixels):
        self.batches.append(len(pixels))
        assert not torch.is_grad_enabled()
        return self.visual(pixels.flatten(1).to(self.visual.weight.dtype))

    def encode_text(self, tokens):
        return self.words(tokens).mean(1)


def preprocess(picture):
    return torch.tensor(np.asarray(picture.resize((4, 4)), np.float32) / 255).permute(2, 0, 1)


def tokenize(texts, context_length=77, truncate=False):
    texts = [texts] if isinstance(texts, str) else texts
    if not truncate and any(len(text) > context_length for text in texts):
        raise RuntimeError(f"Input {texts[0]} is too long for context length {context_length}")
    return torch.tensor([list(text.encode().ljust(context_length)[:context_length]) for text in texts])


class Manager:
    """The memory management of Forge and reForge."""

    def __init__(self):
        self.loaded = []

    def load_models_gpu(self, models):
        self.loaded += models


@pytest.fixture
def happened():
    return []


def install(kind, folder, monkeypatch, happened, **interrogator):
    """A WebUI with its interrogator as given."""
    host = kind(folder).install(monkeypatch)
    host.modules["modules.shared"].interrogator = SimpleNamespace(**interrogator)
    made = {
        "modules.devices": {
            "autocast": lambda disable=False: nullcontext(),
            "device_interrogate": torch.device("cpu", 0),
            "torch_gc": lambda: happened.append("collected"),
        },
        "modules.lowvram": {"send_everything_to_cpu": lambda: happened.append("made room")},
        "modules.interrogate": {},
        "clip": {"tokenize": tokenize},
    }
    for name, members in made.items():
        monkeypatch.setitem(sys.modules, name, module(name, **members))
        setattr(sys.modules["modules"], name.removeprefix("modules."), sys.modules[name])
    return host


@pytest.fixture
def webui(tmp_path, monkeypatch, happened):
    """A1111 that has interrogated a picture."""
    return install(A1111, tmp_path, monkeypatch, happened, clip_model=SmallClip(), clip_preprocess=preprocess)


@pytest.fixture(params=[(Forge, "memory_management"), (ReForge, "model_management")], ids=["Forge", "reForge"])
def forge(request, tmp_path, monkeypatch, happened):
    """Forge or reForge that have; its manager stands beside it."""
    kind, name = request.param
    clip = {"clip_model": SmallClip(), "clip_preprocess": preprocess, "clip_patcher": "the patcher"}
    host = install(kind, tmp_path, monkeypatch, happened, **clip, load_device=torch.device("cpu"))
    host.manager = Manager()
    setattr(sys.modules["modules.interrogate"], name, host.manager)
    return host


def interrogator(host):
    return host.modules["modules.shared"].interrogator


def test_in_memory_it_makes_unit_vectors_of_pictures_and_texts(webui):
    (encoder,) = WebUI().encoders()
    assert encoder.name == NAME
    assert isinstance(encoder, TextEncoder)
    vectors = np.concatenate([encoder.encode(PICTURES), encoder.encode_text(["a cat", "a long tale " * 40])])
    assert vectors.shape == (len(PICTURES) + 2, 8)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert max(interrogator(webui).clip_model.batches) <= 16
    assert encoder.encode([]).shape == (0, 0)


def test_it_tells_which_texts_it_reads_the_beginning_alone_of(webui):
    (encoder,) = encoders()
    assert isinstance(encoder, ReadsBeginnings)
    assert encoder.too_long(["a cat", "a long tale " * 40]) == [False, True]


@pytest.mark.parametrize("without", ["clip_model", "clip_preprocess"])
def test_what_is_not_in_memory_is_not_loaded(webui, without):
    (encoder,) = encoders()
    setattr(interrogator(webui), without, None)
    assert encoders() == []
    with pytest.raises(ModelsimError, match=r"no longer in memory.*Interrogate CLIP"):
        encoder.encode(PICTURES)


def test_outside_of_a_webui_and_in_one_without_there_is_none(tmp_path, monkeypatch):
    assert encoders() == []
    A1111(tmp_path).install(monkeypatch)
    assert encoders() == []


def test_the_model_is_computed_with_where_the_webui_does_and_is_put_back(webui, happened):
    (encoder,) = encoders()
    encoder.encode(PICTURES)
    assert interrogator(webui).clip_model.sent_to == [torch.device("cpu", 0), torch.device("cpu")]
    assert happened == ["made room", "collected"]


def test_a_failure_puts_it_back_too(webui, happened, monkeypatch):
    (encoder,) = encoders()

    def no_room(pixels):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GB.")

    monkeypatch.setattr(interrogator(webui).clip_model, "encode_image", no_room)
    with pytest.raises(ModelsimError, match="no room for the WebUI's CLIP") as caught:
        encoder.encode(PICTURES)
    assert len(str(caught.value).splitlines()) == 1
    assert interrogator(webui).clip_model.sent_to[-1] == torch.device("cpu")


def test_it_stays_in_half_precision(webui):
    model = interrogator(webui).clip_model.half()
    try:
        encoders()[0].encode(PICTURES)
    except RuntimeError as error:
        if "not implemented for 'Half'" not in str(error):
            raise
        pytest.skip("this torch multiplies halves on the GPU alone")
    assert model.visual.weight.dtype == torch.float16


def test_a_running_job_keeps_its_state(webui):
    webui.state.begin("drawing")
    webui.state.job_count, webui.state.textinfo = 7, "our line"
    encoders()[0].encode(PICTURES)
    assert (webui.state.job, webui.state.job_count, webui.state.textinfo) == ("drawing", 7, "our line")


def test_its_place_is_left_to_a_memory_management(forge, happened):
    encoders()[0].encode(PICTURES)
    assert forge.manager.loaded == ["the patcher"]
    assert interrogator(forge).clip_model.sent_to == []
    assert happened == []


def test_the_same_weights_have_one_identity_in_either_precision_and_others_another(webui):
    (first,) = encoders()
    half = {name: weight.half().float() for name, weight in SmallClip().state_dict().items()}
    interrogator(webui).clip_model = SmallClip(1)
    interrogator(webui).clip_model.load_state_dict(half)
    assert encoders()[0].identity == first.identity
    interrogator(webui).clip_model.half()
    assert encoders()[0].identity == first.identity
    interrogator(webui).clip_model = SmallClip(1)
    assert encoders()[0].identity != first.identity
    with pytest.raises(ModelsimError, match="no longer in memory"):
        first.encode(PICTURES)


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_the_hosts_have_what_is_asked_of_them(file):
    recorded = json.loads(file.read_text())
    if recorded["host"] == "neo":  # it has no interrogator, and no encoder of its own is offered
        assert recorded["modules"]["modules.shared"]["interrogator"] is None
        return
    own = recorded["modules"]["modules.interrogate"]["InterrogateModels"]["class"]["attributes"]
    assert {"clip_model", "clip_preprocess"} <= set(own)
    assert ("clip_patcher" in own) == ("load_device" in own) == (recorded["host"] != "a1111")
    assert recorded["modules"]["modules.devices"]["autocast"] == {"function": "(disable=False)"}
    assert recorded["modules"]["modules.devices"]["device_interrogate"] is not None
    assert recorded["modules"]["modules.devices"]["torch_gc"] == {"function": "()"}
    assert recorded["modules"]["modules.lowvram"]["send_everything_to_cpu"] == {"function": "()"}
