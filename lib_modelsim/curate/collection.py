"""The pictures of a folder that are curated together, and what is known of each without looking at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

UNKNOWN = -1
"""The seed of a picture that tells none."""


@dataclass(frozen=True)
class Collected:
    """One picture. `content` is the SHA-256 of its file; `prompt`, `model` and `suite` are "" where nothing tells them,
    `seed` is UNKNOWN. Pictures of one model have one `key`, and `model` is how a person reads it."""

    path: Path
    content: str
    prompt: str = ""
    model: str = ""
    key: str = ""
    suite: str = ""
    seed: int = UNKNOWN


@dataclass(frozen=True)
class Collection:
    """The pictures under `folder`, in the order of their paths or as they were generated; `unreadable`: why others
    could not be read. A file that is no picture is found out by who first decodes it."""

    folder: Path
    pictures: tuple[Collected, ...] = ()
    unreadable: Mapping[Path, str] = field(default_factory=dict)
