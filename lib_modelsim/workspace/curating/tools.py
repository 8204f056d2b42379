"""What scorers are handed: the CLIP that is here, a reader of files with weights, the stars that a person gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...curate.scorers.scorer import Tools
from ...errors import ModelsimError
from .remembered import Remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...hosts.host import Host
    from ...pictures.encoders.encoder import Encoder


def tools_for(host: Host, folder: Path, encoder: Encoder | None = None) -> Tools:
    """For the pictures under `folder`. Nothing is loaded or opened before a scorer asks; `encoder` is the CLIP, None
    where none is needed."""

    def clip() -> Encoder:
        if encoder is None:
            raise ModelsimError("there is no CLIP here", None, "name one, or leave out the scores that need it")
        return encoder

    def stars(contents: Sequence[str]) -> Mapping[str, int]:
        with Remembered(host.data) as remembered:
            return {content: mark.stars for content, mark in remembered.marks(contents).items() if mark.stars}

    return Tools(folder, clip, _read_tensors, stars)


def _read_tensors(path: Path) -> Mapping[str, NDArray[np.float32]]:
    from ..finding.weights import read_tensors  # the readers of checkpoints come with it

    return read_tensors(path)
