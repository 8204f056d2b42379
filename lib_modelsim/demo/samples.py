"""Pictures to ask the demonstration about, one of each kind. `benchmarks/demonstration.py --samples` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class SamplePicture:
    """A small picture, and what it is."""

    file: Path
    what: str


SAMPLES = (
    SamplePicture(FOLDER / "a-red-house.png", "as generated, with its record"),
    SamplePicture(FOLDER / "a-purple-cat.jpg", "saved as JPEG, without a record"),
    SamplePicture(FOLDER / "a-blue-fish.jpg", "another seed, without a record"),
    SamplePicture(FOLDER / "a-tree-of-nobody.jpg", "by a model that is not here"),
)
