"""What docs/extending.md says of scores is true: its example is registered and used."""

import numpy as np
import pytest
from PIL import Image

from lib_modelsim.curate.scorers import registry
from tests.command import run
from tests.pictures.test_extending import example


def test_the_score_of_the_docs_is_offered_and_taken(tmp_path):
    kind = example("Add a score")["KIND"]
    registry.register(kind)
    try:
        with pytest.raises(ValueError, match="of this name: brightness"):
            registry.register(kind)
        for name, level in (("dark", 10), ("light", 240)):
            Image.fromarray(np.full((64, 64, 3), level, np.uint8)).save(tmp_path / f"{name}.png")
        document = run("curate", tmp_path, "--score", "brightness", "--json").document
        assert document["scores"][str(tmp_path / "light.png")]["brightness"] == pytest.approx(240, abs=0.5)
        assert document["units"] == {"brightness": "levels of 255"}
        assert "brightness" in run("curate", "--help").out
    finally:
        registry.forget("brightness")
