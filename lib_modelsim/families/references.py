"""Reference models: those that all others are measured against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from ..reading import require_file


def read_references(path: Path) -> list[str]:
    """Names or hashes, one a line; empty lines and those that begin with # are left out, and so are repetitions.

    Raises ModelsimError where the file cannot be read or names nothing.
    """
    try:
        lines = require_file(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelsimError(f"cannot read the references ({error})", path, "give a text file in UTF-8") from error
    found = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise ModelsimError("no references in this file", path, "write one name or hash per line")
    return list(dict.fromkeys(found))


def references_text(names: Sequence[str]) -> str:
    """The text of a file that `read_references` reads. Raises ModelsimError for a name that would not be read back."""
    for name in names:
        if name.startswith("#") or name != name.strip() or len(name.splitlines()) != 1:
            raise ModelsimError("a list of references cannot hold this name", name, "rename the file")
    return "".join(f"{name}\n" for name in names)


def suggest_references(distances: NDArray[np.float64], count: int) -> list[int]:
    """Positions of models that are spread out, the first the most typical: farthest-point traversal (Gonzalez 1985).

    It begins with the medoid, the model nearest to all others, and adds the one that is farthest from those chosen,
    again and again. `distances` is [n, n]; a missing one counts as 0, so a model that cannot be compared comes last.
    Raises ModelsimError where there are not so many models.
    """
    n = len(distances)
    if not 1 <= count <= n:
        raise ModelsimError(f"{n} models cannot give this many references", count, f"choose 1 to {n}")
    known = np.nan_to_num(distances)
    compared = (~np.isnan(distances)).sum(axis=1)
    typical = np.where(compared > 1, known.sum(axis=1) / np.maximum(compared - 1, 1), np.inf)
    chosen = [int(typical.argmin())]
    while len(chosen) < count:
        nearest = known[:, chosen].min(axis=1)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return chosen
