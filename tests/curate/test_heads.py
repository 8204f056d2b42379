"""Aesthetic heads: files as they were published, with random weights; what is another file or another CLIP is told."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from lib_modelsim.curate.collection import Collected
from lib_modelsim.curate.scorers.registry import scorer_named
from lib_modelsim.curate.scorers.scorer import Tools
from lib_modelsim.errors import ModelsimError
from lib_modelsim.job import Job
from lib_modelsim.pictures.features import FeatureStore, Wanted
from lib_modelsim.workspace.finding.weights import read_tensors
from tests.pictures.scenes import scene


def predictor(width=768):
    """improved-aesthetic-predictor's MLP, layer by layer as in its simple_inference.py; its activations are commented
    out there."""
    torch.manual_seed(0)
    layers = [nn.Linear(width, 1024), nn.Dropout(0.2), nn.Linear(1024, 128), nn.Dropout(0.2), nn.Linear(128, 64)]
    return nn.Sequential(*layers, nn.Dropout(0.1), nn.Linear(64, 16), nn.Linear(16, 1)).eval()


def published(width=768):
    return {f"layers.{key}": value for key, value in predictor(width).state_dict().items()}


class Clip:
    """An encoder of vectors of `width` numbers."""

    def __init__(self, width=768, architecture="ViT-L-14", training="openai"):
        self.width, self.architecture, self.training = width, architecture, training
        self.name = self.identity = f"CLIP {architecture} {training} {width}"

    def encode(self, pictures):
        raw = np.stack([np.random.default_rng(np.asarray(each)[0, 0, 0]).normal(size=self.width) for each in pictures])
        return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def scored(name, file, folder, clip=None):
    clip = clip or Clip()
    scorer = scorer_named(f"{name}:{file}", Tools(folder, lambda: clip, read_tensors, None))
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{i}.png" for i in range(5)]
    for i, path in enumerate(paths):
        scene(i).save(path)
    with FeatureStore(folder) as store:
        seen = store.look([Wanted(paths, [clip], fingerprints=False, keypoints=False)], Job())
        contents = [seen.contents[path] for path in paths]
        found = scorer.score([Collected(path, each) for path, each in zip(paths, contents, strict=True)], store, Job())
        return found, store.vectors(clip, contents)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pictures"


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before torch 1.6"])
def test_the_mlp_gives_what_torch_gives(folder, tmp_path, legacy):
    file = tmp_path / "sac+logos+ava1-l14-linearMSE.pth"
    torch.save(published(), file, _use_new_zipfile_serialization=not legacy)
    found, vectors = scored("aesthetic", file, folder)
    with torch.inference_mode():
        expected = predictor()(torch.from_numpy(vectors))[:, 0].numpy()
    assert found.values == pytest.approx(expected, abs=1e-5)
    assert not found.missing
    assert not found.remarks


def test_the_linear_one_gives_what_torch_gives(folder, tmp_path):
    torch.manual_seed(1)
    head, file = nn.Linear(768, 1), tmp_path / "sa_0_4_vit_l_14_linear.pth"
    torch.save(head.state_dict(), file)
    found, vectors = scored("aesthetic-linear", file, folder)
    with torch.inference_mode():
        assert found.values == pytest.approx(head(torch.from_numpy(vectors))[:, 0].numpy(), abs=1e-5)


def test_safetensors_in_half_precision_are_read_too(folder, tmp_path):
    from safetensors.torch import save_file

    file = tmp_path / "head.safetensors"
    save_file({key: value.half() for key, value in published().items()}, file)
    torch.save(published(), tmp_path / "head.pth")
    halves = scored("aesthetic", file, folder)[0].values
    assert halves == pytest.approx(scored("aesthetic", tmp_path / "head.pth", folder)[0].values, abs=1e-2)


class Executed:
    ran = False

    def __reduce__(self):
        return exec, ("from tests.curate.test_heads import Executed; Executed.ran = True",)


def test_nothing_in_a_file_is_executed(folder, tmp_path):
    file = tmp_path / "evil.pth"
    file.write_bytes(pickle.dumps({"layers.0.weight": Executed()}))
    with pytest.raises(ModelsimError):
        scored("aesthetic", file, folder)
    torch.save({**published(), "more": Executed()}, tmp_path / "evil2.pth")
    scored("aesthetic", tmp_path / "evil2.pth", folder)
    assert not Executed.ran


def write(state, file):
    torch.save(state, file)
    return file


def test_the_other_head_s_file_says_so(folder, tmp_path):
    linear = write(nn.Linear(768, 1).state_dict(), tmp_path / "linear.pth")
    with pytest.raises(ModelsimError, match="use aesthetic-linear:"):
        scored("aesthetic", linear, folder)
    mlp = write(published(), tmp_path / "mlp.pth")
    with pytest.raises(ModelsimError, match=r"Fix: use aesthetic:"):
        scored("aesthetic-linear", mlp, folder)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (published(512), "vectors of 512 numbers, those of another CLIP"),
        ({f"linear.{key}": value for key, value in nn.Linear(768, 1).state_dict().items()}, "linear.weight"),
        ({**published(), "layers.9.weight": torch.zeros(3)}, "11 tensors"),
        ({key.replace("layers.2", "layers.3"): value for key, value in published().items()}, "10 tensors"),
        ({"weight": torch.zeros(1, 512), "bias": torch.zeros(1)}, "vectors of 512 numbers"),
        ({**published(), "layers.7.bias": torch.tensor([float("nan")])}, "not finite"),
        ({"steps": torch.tensor([1])}, "no tensors of numbers"),
    ],
)
def test_another_file_is_one_line(folder, tmp_path, state, told):
    name = "aesthetic-linear" if "weight" in state else "aesthetic"
    with pytest.raises(ModelsimError) as caught:
        scored(name, write(state, tmp_path / "other.pth"), folder)
    assert told in str(caught.value)
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("data", [b"", b"no head at all", b"\x80\x04N."])
def test_what_is_no_file_of_weights_is_one_line(folder, tmp_path, data):
    (tmp_path / "x.pth").write_bytes(data)
    with pytest.raises(ModelsimError):
        scored("aesthetic", tmp_path / "x.pth", folder)
    with pytest.raises(ModelsimError, match="no such file"):
        scored("aesthetic", tmp_path / "none.pth", folder)


def test_a_whole_checkpoint_is_not_read(folder, tmp_path, monkeypatch):
    from lib_modelsim.curate.scorers import heads

    monkeypatch.setattr(heads, "_LARGEST", 1000)
    with pytest.raises(ModelsimError, match="too large"):
        scored("aesthetic", write(published(), tmp_path / "x.pth"), folder)


@pytest.mark.parametrize(("architecture", "training"), [("ViT-L-14", "datacomp_xl_s13b_b90k"), ("ViT-B-32", "openai"),
                                                        ("ViT-L-14-336", "openai"), ("EVA02-L-14", "")])  # fmt: skip
def test_another_clip_is_refused_also_where_it_has_as_many_numbers(folder, tmp_path, architecture, training):
    file = write(published(), tmp_path / "x.pth")
    with pytest.raises(ModelsimError, match=r"trained on another CLIP.*ViT-L-14/openai"):
        scored("aesthetic", file, folder, Clip(768, architecture, training))


def test_a_clip_that_nobody_knows_is_told(folder, tmp_path):
    file = write(published(), tmp_path / "x.pth")
    for clip in (Clip(768, "ViT-L-14", ""), Clip(768, "", "")):
        assert "nobody knows whether" in scored("aesthetic", file, folder, clip)[0].remarks[0]
    with pytest.raises(ModelsimError, match="vectors of 768 numbers"):
        scored("aesthetic", file, folder, Clip(512, "", ""))
