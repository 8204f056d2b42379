"""What stands in for a base, and what is left out because it is the base."""

from __future__ import annotations

import os

import numpy as np

from lib_modelsim import demo
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.service.compare import compare
from lib_modelsim.service.index import file_key

SHAPES = demo.sd1_shapes(8)


def deltas(folder, base):
    with Library(None) as library:
        return compare([folder], "delta-cosine", base, library, Job(), "cpu")


def test_the_base_in_another_precision_is_told_and_left_out(tmp_path):
    base, change = demo.draw(SHAPES, 0), demo.draw(SHAPES, 1)
    tuned = {key: value + np.float32(0.1) * change[key] for key, value in base.items()}
    demo.save(tmp_path / "base.safetensors", base, "float16")
    demo.save(tmp_path / "base-fp32.safetensors", base, "float32")
    demo.save(tmp_path / "tuned.safetensors", tuned, "float16")
    demo.save(tmp_path / "tuned-fp32.safetensors", tuned, "float32")
    found = deltas(tmp_path, "base.safetensors")
    position = {name: i for i, name in enumerate(found.matrix.models)}
    assert np.isnan(found.matrix.overall[position["base-fp32"]]).all()
    assert found.matrix.overall[position["tuned"], position["tuned-fp32"]] > 0.999
    assert [(r.a, r.reason) for r in found.reasons] == [
        ("base-fp32", "base in another precision: it differs by rounding")
    ]


def test_an_architecture_that_the_base_is_none_of_says_what_it_was_taken_from(tmp_path):
    for i in range(2):
        demo.save(tmp_path / f"one{i}.safetensors", demo.draw(SHAPES, i), "float16")
    for i in range(4):
        demo.save(tmp_path / f"xl{i}.safetensors", demo.draw(demo.sdxl_shapes(8), i), "float16")
    found = deltas(tmp_path, "one0")
    told = [reason.reason for reason in found.reasons if reason.a == reason.b == "xl0"]
    assert told == ["the base is none of SDXL: taken from the mean of its 4 models"]


def test_a_folder_whose_older_files_change_is_another_one(tmp_path):
    folder = tmp_path / "model"
    (folder / "vae").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    weights = folder / "vae" / "weights.safetensors"
    weights.write_bytes(b"one")
    os.utime(weights, ns=(1, 1))
    before = file_key(folder)
    weights.write_bytes(b"two")
    os.utime(weights, ns=(2, 2))
    assert file_key(folder) != before
    assert file_key(folder) == file_key(folder)
