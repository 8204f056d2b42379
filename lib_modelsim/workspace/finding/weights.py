"""An encoder's weights from a file, read as a checkpoint is: nothing in it is executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.file_formats import read_file_headers
from ...checkpoints.floats import as_floats
from ...checkpoints.source import FileSource
from ...checkpoints.stored import FLOATS


def read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The file's tensors of floating-point numbers by their names; others are left out. Raises ModelsimError for a
    damaged file."""
    found = {}
    with FileSource(path) as source:
        for stored in read_file_headers(source).tensors:
            if stored.dtype in FLOATS:
                values = as_floats(np.frombuffer(stored.raw(), np.uint8), stored.dtype).astype("<f4")
                steps = [4 * step for step in stored.strides] if stored.strides is not None else None
                found[stored.key] = np.ndarray(stored.shape, "<f4", values, strides=steps)
        source.check()
    return found
