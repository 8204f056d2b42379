"""The key names of five pairs of real checkpoints, which lie beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[3] / "shared" / "data" / "layers"


def real_keys(file: str, *lists: str) -> list[str]:
    """The keys of these lists (`l2` for those of both files, `only_in_a`, `only_in_b`) of one pair."""
    path = LAYERS / file
    if not path.exists():
        pytest.skip(f"the key names of real checkpoints are not here: {path}")
    pair = json.loads(path.read_text(encoding="utf-8"))
    return [key for name in lists for key in pair[name]]
