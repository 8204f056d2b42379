"""A real WebUI, where the environment names one; every test of this folder is skipped otherwise.

    WEBUI_ROOT=~/stable-diffusion-webui python -m pytest tests/webui

WEBUI_PYTHON is the interpreter that has the WebUI's packages; without it, the one in its `venv`, else this one.
"""

from __future__ import annotations

import os

import pytest

from . import running, tiny_models


@pytest.fixture(scope="session")
def checkout():
    named = running.named_checkout(dict(os.environ))
    if isinstance(named, str):
        pytest.skip(named)
    return named


@pytest.fixture(scope="session")
def models(checkout, tmp_path_factory):
    """The tiny family, in the shape that this WebUI draws with."""
    folder = tmp_path_factory.mktemp("webui") / "models"
    folder.mkdir()
    (tiny_models.write_for_forge if checkout.is_forge else tiny_models.write_for_a1111)(folder)
    yield folder
    for file in folder.glob("*.safetensors"):
        file.unlink()  # pytest keeps the folders of three runs; those of Forge have 3 GB


@pytest.fixture
def fresh(tmp_path):
    """A fresh --data-dir with the extension in it."""
    data = running.new_data_folder(tmp_path / "data")
    running.add_extension(data)
    return data
