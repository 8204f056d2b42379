"""What looks like the same change and is not: nobody is told that it is."""

from __future__ import annotations

import numpy as np
import pytest

from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.identity import relation
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.catalogue.index import read_index
from lib_modelsim.workspace.comparing.by_choice import compare_by_choice

from . import building

MODULES = building.sd1_modules()
FACTORS = building.random_factors(MODULES, seed=1)
OTHER = building.random_factors(MODULES, seed=2)
FIRST = "lora_unet_" + next(iter(FACTORS)).replace(".", "_")
TEXT = {
    f"text_model.encoder.layers.{i}.self_attn.q_proj": (
        np.full((768, 4), 1e-3 * (i + 1), "f4"),
        np.full((4, 768), 1e-3, "f4"),
    )
    for i in range(12)
}


def told(folder, **files):
    for name, tensors in files.items():
        building.write(folder / f"{name}.safetensors", tensors)
    library = Library(None)
    found = compare_by_choice(read_index([folder], library, Job()), None, None, library, Job())
    return [r.reason for r in found.reasons if r.a != r.b]


def dora(factors, seed):
    rng = np.random.default_rng(seed)
    lengths = {
        f"lora_unet_{name.replace('.', '_')}.dora_scale": rng.uniform(1, 2, (len(up), 1)).astype("f4")
        for name, (up, _) in factors.items()
    }
    return building.kohya(factors) | lengths


@pytest.mark.parametrize("other", [building.kohya(FACTORS), dora(FACTORS, 2)])
def test_doras_lengths_are_part_of_what_it_does(other, tmp_path):
    assert told(tmp_path, a=dora(FACTORS, 1), b=other)[0].startswith("without DoRA's lengths of rows, which were not")


def test_a_text_encoder_that_only_one_changes_is_no_other_size(tmp_path):
    larger = {name: (up * np.float32(1.02), down) for name, (up, down) in FACTORS.items()}
    with_text = building.kohya(larger) | building.kohya(TEXT, prefix="lora_te_")
    reasons = told(tmp_path, a=building.kohya(FACTORS), b=with_text)
    assert reasons
    assert not any("the same change" in reason for reason in reasons)


def test_what_was_merged_is_not_said_to_be_resized_for_sure(tmp_path):
    mixed = {
        name: (np.hstack([up, OTHER[name][0]]), np.vstack([down, OTHER[name][1]]))
        for name, (up, down) in FACTORS.items()
    }
    (reason,) = told(tmp_path, a=building.kohya(FACTORS), mixed=building.kohya(mixed))
    assert reason == "the same change resized to rank 4 (0.71), or merged into the other: a"


@pytest.mark.parametrize(
    "more",
    [
        {"bundle_emb.word.string_to_param.*": np.ones((2, 768), "f4")},
        {f"{FIRST}.diff": np.ones((40, 40), "f4")},
        building.peft(OTHER),
    ],
)
def test_tensors_that_are_of_no_layer_are_told_beside_the_same_change(more, tmp_path):
    reasons = told(tmp_path, a=building.kohya(FACTORS), b=building.kohya(FACTORS) | more)
    assert all("the same change" not in r or "b's tensors belong to no layer" in r for r in reasons)
    index = read_index([tmp_path / "b.safetensors"], Library(None), Job())
    assert index.models[0].header.adapter.unused > 0


def test_half_a_percent_is_said_and_one_percent_is_no_rounding(tmp_path):
    from safetensors.torch import save_file
    from torch import from_numpy

    rng = np.random.default_rng(3)
    for name, size in (("a", 0), ("near", 0.0015), ("later", 0.01)):
        moved = {
            key: t * (1 + size * rng.normal(size=t.shape)).astype("f4") for key, t in building.kohya(FACTORS).items()
        }
        save_file({key: from_numpy(t).bfloat16() for key, t in moved.items()}, tmp_path / f"{name}.safetensors")
    reasons = told(tmp_path)
    assert len(reasons) == 1
    assert reasons[0].startswith("the same change but for rounding (a layer differs by 0.")


def test_factors_with_another_alpha_are_not_called_the_same_weights(tmp_path):
    a, b = (
        identify(open_checkpoint(building.write(tmp_path / f"{alpha}.safetensors", building.kohya(FACTORS, alpha))))
        for alpha in (4, 0)
    )
    assert relation(a, b).text == "same factors; differs in: alpha"
