"""Merges made by the real sd-mecha on small files with the real names of SD 1.x; `recipe` gets them back, and the
script that it writes makes the same numbers.

Skipped where sd-mecha is not there. It is no dependency; to have it beside the tests' own packages:

    python -m pip install --no-deps --target mecha sd-mecha==1.1.8 fuzzywuzzy Levenshtein rapidfuzz
    PYTHONPATH=mecha python -m pytest tests/lineage/scripts/test_sd_mecha.py
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from lib_modelsim import demo
from tests.command import run

sd_mecha = pytest.importorskip("sd_mecha", reason="sd-mecha is not installed")

UNET, VAE = "model.diffusion_model.", "first_stage_model."


class Quiet:
    """In the place of a progress bar."""

    def __init__(self, *arguments, **options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __getattr__(self, name):
        return lambda *arguments, **options: None


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """`base`, three fine-tunes of it of which `clara` has a VAE of her own, and `other`, an unrelated one."""
    folder = tmp_path_factory.mktemp("mecha") / "models"
    folder.mkdir()
    shapes = demo.sd1_shapes(32, 64, 1)
    base = demo.draw(shapes, seed=1)
    family = {name: demo.train(base, seed, 0.1) for seed, name in enumerate(("anna", "bert", "clara"), 2)}
    random = np.random.default_rng(5)
    family["clara"] |= {k: v * random.normal(1, 0.1, v.shape).astype(np.float32) for k, v in base.items()
                        if k.startswith(VAE)}  # fmt: skip
    for name, weights in {"base": base, **family}.items():
        demo.save(folder / f"{name}.safetensors", weights)
    return folder


def add_ties(base, *models, k, alpha):
    """As the wrapper `add_difference_ties` does, which fails in 1.1.8."""
    add = sd_mecha.extensions.merge_methods.resolve("add_difference")
    return add(base, sd_mecha.ties_sum(*(sd_mecha.subtract(model, base) for model in models), k=k), alpha=alpha)


MERGES = {
    "weighted sum": lambda a, b, base: sd_mecha.weighted_sum(a, b, alpha=0.35),
    "add-difference": lambda a, b, base: sd_mecha.add_difference(a, b, base, alpha=0.6),
    "ties": lambda a, b, base: add_ties(base, a, b, k=0.5, alpha=1.0),
    "dare": lambda a, b, base: sd_mecha.dropout(base, a, b, probability=0.5, alpha=0.5, seed=3),
    "slerp": lambda a, b, base: sd_mecha.slerp(a, b, alpha=0.3),
    "train-difference": lambda a, b, base: sd_mecha.add_difference(
        a, b, base, alpha=sd_mecha.train_difference_mask(a, b, base, alpha=0.5)
    ),
}

PARAMETERS = {
    "dare": {"p": 0.5, "alpha": 0.5},
    "ties": {"k": 0.5, "alpha": 1.0},
    "slerp": {"alpha": 0.3},
    "train-difference": {"alpha": 0.5},
}
SHARES = {
    "weighted sum": {"anna": 0.65, "bert": 0.35},
    "add-difference": {"anna": 1.0, "bert": 0.6, "base": -0.6},
}


@pytest.fixture(scope="module", params=MERGES)
def merged(request, family, tmp_path_factory):
    """The kind, and the file that sd-mecha wrote."""
    models = [sd_mecha.model(family / f"{name}.safetensors") for name in ("anna", "bert", "base")]
    file = tmp_path_factory.mktemp("merged") / "merged.safetensors"
    sd_mecha.merge(MERGES[request.param](*models), output=file, tqdm=Quiet, total_buffer_size=1 << 24, threads=0)
    yield request.param, file
    file.unlink()


def told(file, family, *options):
    found = run("recipe", file, family, "--base", family / "base.safetensors", "--json", "--library",
                file.parent / "library.sqlite", *options)  # fmt: skip
    assert found.code == 0, found.err
    return found.document


def test_the_recipe_comes_back(merged, family):
    kind, file = merged
    found = told(file, family)
    assert found["kind"] == kind, found["told"]
    assert {parent["model"] for parent in found["parents"]} - {"base"} == {"anna", "bert"}
    if kind in SHARES:
        assert {p["model"]: p["share"] for p in found["parents"]} == pytest.approx(SHARES[kind], abs=0.002)
    for name, value in PARAMETERS.get(kind, {}).items():
        assert found["parameters"][name] == pytest.approx(value, abs=0.02)
    assert found["missing"] is None
    assert found["agrees"] is True, found["claimed"]


def test_the_script_makes_the_same_numbers(merged, family, tmp_path):
    kind, file = merged
    if kind == "dare":
        document = told(file, family, "--write-script", tmp_path)
        (refused,) = [each for each in document["scripts"] if each["program"] == "sd-mecha"]
        assert "by chance" in refused["error"]
        return
    told(file, family, "--write-script", tmp_path / "again.py")
    again = executed(tmp_path / "again.py")
    difference, rounding = apart(file, again)
    assert difference < 3 * rounding


def executed(script):
    """The file that a script wrote."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, script.name], cwd=script.parent, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    (file,) = script.parent.glob("* again.safetensors")
    return file


def apart(first, second):
    """Root mean square of the difference of two files, and of float16's rounding."""
    from safetensors.numpy import load_file

    one, two = load_file(first), load_file(second)
    assert one.keys() == two.keys()
    numbers = [np.concatenate([held[key].ravel() for key in one]).astype(np.float64) for held in (one, two)]
    rms = lambda values: float(np.sqrt(np.mean(values**2)))  # noqa: E731
    return rms(numbers[0] - numbers[1]), rms(numbers[0]) * 2**-11 / np.sqrt(3)


def test_block_weighted_with_another_vae_by_script(family, tmp_path):
    """What the script does block by block, on a merge that was made here."""
    from safetensors.numpy import load_file

    a, b, c = (load_file(family / f"{name}.safetensors") for name in ("anna", "bert", "clara"))
    by_block = {f"{UNET}out": 0.3, f"{UNET}middle": 0.5, UNET: 0.8, "": 0.5}
    share = lambda key: next(value for begin, value in by_block.items() if key.startswith(begin))  # noqa: E731
    mixed = {k: share(k) * v.astype(np.float32) + (1 - share(k)) * b[k].astype(np.float32) for k, v in a.items()}
    mixed |= {k: v.astype(np.float32) for k, v in c.items() if k.startswith(VAE)}
    demo.save(tmp_path / "blocks.safetensors", mixed)
    found = told(tmp_path / "blocks.safetensors", family, "--write-script", tmp_path / "again.py")
    assert found["kind"] == "block-weighted"
    difference, rounding = apart(tmp_path / "blocks.safetensors", executed(tmp_path / "again.py"))
    assert difference < 3 * rounding
