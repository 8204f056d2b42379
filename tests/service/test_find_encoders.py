"""Encoders are meant by name; a name that means none is refused in one line."""

from __future__ import annotations

import pytest

from lib_modelsim.errors import ModelsimError
from lib_modelsim.service.find_encoders import BUILT_IN, encoder_named


def test_the_built_in_one_needs_nothing():
    assert encoder_named(BUILT_IN).name == "built-in descriptor"


@pytest.mark.parametrize("name", ["", "clip", "open_clip:", "open_clip:ViT-B-32", "open_clip:no such/tag"])
def test_other_names_are_refused_with_the_ones_there_are(name):
    with pytest.raises(ModelsimError) as caught:
        encoder_named(name)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.fix


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelsimError):
        encoder_named(f"open_clip:ViT-B-32/{tmp_path}/none.safetensors")
