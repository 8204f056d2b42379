"""The WebUI's interrogators are asked only where nothing would be downloaded, and leave a running job alone."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError
from lib_modelsim.hosts import interrogators as asked
from lib_modelsim.hosts.interrogators import Clip, Deepbooru, interrogators
from lib_modelsim.pictures.interrogator import OWN_RECORD, interrogate
from lib_modelsim.pictures.records.form import PictureRecord
from lib_modelsim.pictures.records.reading import Records

from .fakes import A1111, module

PICTURE = Image.new("RGB", (8, 8))


class Interrogator:
    """A1111's: begins and ends a job of its own, and answers "<error>" where something failed."""

    blip_model = clip_model = None

    def __init__(self, state, content_dir):
        self.state, self.content_dir, self.answer = state, str(content_dir), "a lighthouse, by nobody"

    def interrogate(self, pil_image):
        self.state.begin(job="interrogate")
        self.state.end()
        return self.answer


class DeepDanbooru:
    """A1111's: without its file it takes the first of an empty list."""

    model = None

    def tag(self, pil_image):
        files = []
        return files[0]


@pytest.fixture
def webui(tmp_path, monkeypatch):
    host = A1111(tmp_path).install(monkeypatch)
    shared = host.modules["modules.shared"]
    shared.interrogator = Interrogator(host.state, tmp_path / "interrogate")
    shared.cmd_opts = SimpleNamespace(clip_models_path=str(tmp_path / "clip"))
    host.modules["modules.paths"].models_path = str(tmp_path / "models")
    deepbooru = module("modules.deepbooru", model=DeepDanbooru())
    monkeypatch.setitem(sys.modules, "modules.deepbooru", deepbooru)
    monkeypatch.setattr(asked, "_in_hub_cache", lambda repository, file: True)
    return host


@pytest.fixture
def files(tmp_path):
    """All that both need."""
    for name in (
        "models/BLIP/caption.pth",
        "clip/ViT-L-14.pt",
        "models/torch_deepdanbooru/model.pt",
        "interrogate/x.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"weights")


def test_without_their_files_they_are_not_asked(webui):
    webui.modules["modules.shared"].interrogator.interrogate = None  # would raise
    assert interrogators() == []
    with pytest.raises(ModelsimError, match=r"BLIP, CLIP ViT-L/14, word lists"):
        Clip().interrogate(PICTURE)
    with pytest.raises(ModelsimError, match="deepbooru's model"):
        Deepbooru().interrogate(PICTURE)


def test_with_their_files_they_are(webui, files):
    assert [each.name for each in interrogators()] == [Clip.name, Deepbooru.name]
    assert Clip().interrogate(PICTURE) == "a lighthouse, by nobody"


def test_models_in_memory_need_no_files(webui):
    interrogator = webui.modules["modules.shared"].interrogator
    interrogator.blip_model = interrogator.clip_model = object()
    assert Clip().missing() == []


def test_a_running_job_keeps_its_counters_and_an_interrupt_is_heard(webui, files):
    webui.state.begin("drawing")
    webui.state.job_count, webui.state.sampling_step, webui.state.textinfo = 7, 3, "our line"
    Clip().interrogate(PICTURE)
    assert (webui.state.job, webui.state.job_count, webui.state.sampling_step) == ("drawing", 7, 3)
    assert webui.state.textinfo == "our line"
    assert not webui.state.interrupted
    webui.modules["modules.shared"].interrogator.interrogate = lambda picture: (webui.state.interrupt(), "a cat")[1]
    Clip().interrogate(PICTURE)
    assert webui.state.interrupted


@pytest.mark.parametrize("answer", ["<error>", "a caption<error>", ""])
def test_error_in_the_place_of_an_answer_is_an_error(webui, files, answer):
    webui.modules["modules.shared"].interrogator.answer = answer
    with pytest.raises(ModelsimError, match="could not interrogate the picture"):
        Clip().interrogate(PICTURE)


def test_what_deepbooru_raises_is_an_error_in_one_line(webui, files):
    with pytest.raises(ModelsimError, match="deepbooru could not"):
        Deepbooru().interrogate(PICTURE)


def test_outside_of_a_webui_there_are_none():
    assert interrogators() == []


def test_who_fails_costs_a_remark_and_the_next_one_answers(webui, files):
    prompt, failures = interrogate(PICTURE, Records(), [Deepbooru(), Clip()])
    assert (prompt.text, prompt.source) == ("a lighthouse, by nobody", Clip.name)
    assert len(failures) == 1
    assert interrogate(PICTURE, Records(), [Deepbooru()])[0] is None
    own = Records((PictureRecord("here", "WebUI", prompt="a cat"),))
    assert interrogate(PICTURE, own, [Clip()])[0].source == OWN_RECORD
