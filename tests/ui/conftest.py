"""Handlers that a test calls are asked by one browser window, unless it says that another one asks."""

from __future__ import annotations

import pytest

from lib_modelsim.ui.windows import asked_by


@pytest.fixture(autouse=True)
def in_a_window():
    with asked_by("a window"):
        yield
