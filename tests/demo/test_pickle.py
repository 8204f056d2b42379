"""The demonstration's pickle is one that other programs read."""

from __future__ import annotations

import re
import zipfile

import numpy as np

from lib_modelsim import demo
from lib_modelsim.checkpoints.reader import open_checkpoint

ALLOWED = re.compile(r"^([^/]+)/((data/\d+)|version|byteorder|.data/serialization_id|(data\.pkl))$")
"""AUTOMATIC1111 1.10.1, modules/safe.py, `allowed_zip_names_re`: a file with any other record is refused."""


def test_a1111_does_not_take_it_for_malicious(tmp_path):
    weights = {"model.diffusion_model.input_blocks.0.0.weight": np.arange(36, dtype="float16").reshape(1, 4, 3, 3)}
    demo.save_pickle(tmp_path / "a.ckpt", weights)
    with zipfile.ZipFile(tmp_path / "a.ckpt") as file:
        assert [name for name in file.namelist() if not ALLOWED.match(name)] == []
    checkpoint = open_checkpoint(tmp_path / "a.ckpt")
    for key, values in weights.items():
        assert np.array_equal(np.frombuffer(checkpoint.read(key), "float32"), values.ravel())
