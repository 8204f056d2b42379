"""Handlers that a test calls are asked by one browser window, unless it says that another one asks; a page that is
started is there with either gradio."""

from __future__ import annotations

import os

import pytest

from lib_modelsim.ui.windows import asked_by


@pytest.fixture(autouse=True)
def in_a_window():
    with asked_by("a window"):
        yield


@pytest.fixture(scope="module", params=["the gradio installed", "gradio 3.41.2"])
def python_path(request):
    """Where the page's process finds modelsim and one of the two gradios."""
    from tests.ui.serving import GRADIO3, ROOT  # needs httpx, as gradio does

    if request.param == "the gradio installed":
        return str(ROOT)
    if not GRADIO3.is_dir():
        pytest.skip("needs the second gradio that `standalone.py test` installs")
    return f"{GRADIO3}{os.pathsep}{ROOT}"
