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

LARGE = 200_000
"""Pictures of which more are held by WHOLES alone, in 16 bytes each; of fewer it is 900 bytes, of keypoints mostly."""

WHOLES = [0, -1]
"""Fingerprints of the picture without its border, and of the whole."""

_ASKED = 4096
_NONE: Hashes = np.zeros((0, 1, 8), np.uint8)


@dataclass(frozen=True)
class Described:
    """A set of pictures, each content once: `contents` are the SHA-256 of the files, `paths` one file of each.
    `fingerprints` is uint8 [pictures, parts, 8], `keypoints` uint8 [pictures, CODES, 16]; None without OpenCV, and of a
    set that `is_large`. `unreadable`: why others could not be read."""

    contents: tuple[str, ...]
    paths: tuple[Path, ...]
    fingerprints: Hashes
    keypoints: Codes | None = None
    unreadable: Mapping[Path, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.contents)

    @property
    def is_large(self) -> bool:
        """Whether there are too many to hold more of each than WHOLES."""
        return self.fingerprints.shape[1] == len(WHOLES)


def describe(pictures: Sequence[Path], store: FeatureStore, job: Job) -> Described:
    """Looks at what the store does not know yet. Raises Cancelled within a few pictures; what was seen is kept."""
    large = len(pictures) > LARGE
    seen = store.look([Wanted(pictures, keypoints=not large)], job, "looking for details")
    paths = {content: path for path, content in reversed(seen.contents.items())}  # the first file of each
    contents = tuple(dict.fromkeys(seen.contents.values()))
    return Described(
        contents,
        tuple(paths[content] for content in contents),
        _wholes(store, contents) if large else _hashes(store, contents),
        None if large else store.keypoints(contents),
        seen.unreadable,
    )


def _hashes(store: FeatureStore, contents: Sequence[str]) -> Hashes:
    found = store.fingerprints(contents)
    return _NONE if found is None else found


def _wholes(store: FeatureStore, contents: Sequence[str]) -> Hashes:
    parts = (contents[start : start + _ASKED] for start in range(0, len(contents), _ASKED))
    return np.concatenate([_hashes(store, part)[:, WHOLES] for part in parts])
