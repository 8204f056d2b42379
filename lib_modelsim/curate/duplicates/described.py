"""What is kept of each picture that near duplicates are looked for among: all that candidates are found by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...job import Job
from ...pictures.copies import Hashes
from ...pictures.features import FeatureStore, Wanted
from ...pictures.keypoints import Codes

_NONE: Hashes = np.zeros((0, 1, 8), np.uint8)


@dataclass(frozen=True)
class Described:
    """A set of pictures, each content once: `contents` are the SHA-256 of the files, `paths` one file of each.
    `fingerprints` is uint8 [pictures, parts, 8], `keypoints` uint8 [pictures, CODES, 16] or None without OpenCV.
    `unreadable`: why others could not be read."""

    contents: tuple[str, ...]
    paths: tuple[Path, ...]
    fingerprints: Hashes
    keypoints: Codes | None = None
    unreadable: Mapping[Path, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.contents)


def describe(pictures: Sequence[Path], store: FeatureStore, job: Job) -> Described:
    """Looks at what the store does not know yet. Raises Cancelled within a few pictures; what was seen is kept."""
    seen = store.look([Wanted(pictures)], job, "looking for details")
    paths = {content: path for path, content in reversed(seen.contents.items())}  # the first file of each
    contents = tuple(dict.fromkeys(seen.contents.values()))
    fingerprints = store.fingerprints(contents)
    return Described(
        contents,
        tuple(paths[content] for content in contents),
        _NONE if fingerprints is None else fingerprints,
        store.keypoints(contents),
        seen.unreadable,
    )
