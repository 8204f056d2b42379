"""`compare --profile`: the figure of one model against others."""

from __future__ import annotations

import pytest

from ..command import run


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_profile_is_drawn(small_family, tmp_path, ending):
    models = [small_family / f"{name}.safetensors" for name in ("anna", "bert", "carl")]
    done = run("compare", *models, "--measure", "cosine", "--profile", tmp_path / f"profile.{ending}", "--no-library")
    assert done.code == 0
    written = (tmp_path / f"profile.{ending}").read_bytes()
    assert b"carl" in written if ending == "svg" else written.startswith(b"\x89PNG")


def test_another_ending_is_one_clear_line(small_family, tmp_path):
    models = [small_family / f"{name}.safetensors" for name in ("anna", "bert")]
    done = run("compare", *models, "--profile", tmp_path / "profile.jpg", "--no-library")
    assert done.code == 2
    assert "use .svg or .png" in done.err
