"""Three merges by the WebUI's own Checkpoint Merger, run in the real WebUI; `recipe` gets them back.

A small extension beside ours calls what the button 'Merge' calls, with a person's choices.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from lib_modelsim.demo.files import save
from tests.command import run

from . import running

MERGER = """
from modules import extras, script_callbacks, sd_models, sd_vae

def add(demo, app):
    @app.post("/merge")
    def merge(asked: dict):
        sd_models.list_models()
        sd_vae.refresh_vae_list()
        titles = {info.model_name: title for title, info in sd_models.checkpoints_list.items()}
        a, b, c = (titles.get(name) for name in asked["models"])
        return {"said": extras.run_modelmerger(
            "merge", a, b, c, asked["method"], asked["multiplier"], asked["half"], asked["name"], "safetensors", 0,
            asked["vae"], "", True, True, True, "{}")[-1]}

script_callbacks.on_app_started(add)
"""

VAE = "first_stage_model."


@pytest.fixture(scope="module")
def merged(checkout, models, tmp_path_factory):
    """The family's folder with the WebUI's three merges in it."""
    if checkout.is_forge:
        pytest.skip("Forge's merger is A1111's; its files have 0.6 GB")
    where = tmp_path_factory.mktemp("merger")
    data = running.new_data_folder(where / "data")
    scripts = data / "extensions" / "merger" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "merger.py").write_text(MERGER, encoding="utf-8")
    folder = shutil.copytree(models, where / "models")
    _with_another_vae(folder, data / "models" / "VAE")
    with running.started(checkout, data, folder, "--api") as webui:
        for name, method, names, multiplier, half, vae in (
            ("sum", "Weighted sum", ("lantern-tune", "velvet-tune"), 0.35, True, "None"),
            ("difference", "Add difference", ("velvet-tune", "lantern-tune", "harbor-base"), 0.5, False, "None"),
            ("baked", "No interpolation", ("lantern-tune",), 0.3, True, "clear.safetensors"),
        ):
            asked = {"models": [*names, "", ""][:3], "method": method, "multiplier": multiplier, "half": half,
                     "name": name, "vae": vae}  # fmt: skip
            assert "Checkpoint saved" in webui.api("/merge", asked)["said"]
    yield folder
    shutil.rmtree(where)


def _with_another_vae(folder, vaes):
    """A checkpoint with a VAE of its own, and that VAE as a file where the WebUI looks for them."""
    from safetensors.numpy import load_file

    base = {key: value.astype(np.float32) for key, value in load_file(folder / "harbor-base.safetensors").items()}
    random = np.random.default_rng(9)
    own = {key: value * random.normal(1, 0.1, value.shape).astype(np.float32) for key, value in base.items()
           if key.startswith(VAE)}  # fmt: skip
    save(folder / "clear-tune.safetensors", base | own)
    shutil.copy(folder / "harbor-base.yaml", folder / "clear-tune.yaml")
    vaes.mkdir(parents=True)
    save(vaes / "clear.safetensors", {key.removeprefix(VAE): value for key, value in own.items()})


def told(folder, name, tmp_path, others=()):
    """What `recipe` says of one, the WebUI's other merges left out."""
    left_out = [f"--exclude={other}" for other in {"sum", "difference", "baked"} - {name}]
    base = ["--base", folder / "harbor-base.safetensors"]
    found = run("recipe", folder / f"{name}.safetensors", folder, *base, *left_out, "--json", "--library",
                tmp_path / "library.sqlite")  # fmt: skip
    assert found.code == 0, found.err
    return found.document


def shares(document):
    return {parent["model"]: parent["share"] for parent in document["parents"]}


def test_weighted_sum(merged, tmp_path):
    found = told(merged, "sum", tmp_path)
    assert found["kind"] == "weighted sum"
    assert shares(found) == pytest.approx({"lantern-tune": 0.65, "velvet-tune": 0.35}, abs=0.003)
    assert found["agrees"] is True, found["claimed"]


def test_add_difference(merged, tmp_path):
    found = told(merged, "difference", tmp_path)
    assert found["kind"] == "add-difference"
    assert shares(found) == pytest.approx({"velvet-tune": 1, "lantern-tune": 0.5, "harbor-base": -0.5}, abs=0.003)
    assert found["agrees"] is True, found["claimed"]


def test_no_interpolation_with_a_vae_baked_in(merged, tmp_path):
    found = told(merged, "baked", tmp_path)
    assert found["kind"] == "component swap"
    assert found["components"]["vae"] == {"from": "clear-tune", "kind": "same"}
    assert found["components"]["unet"]["from"] == "lantern-tune"
    assert found["agrees"] is True, found["claimed"]
