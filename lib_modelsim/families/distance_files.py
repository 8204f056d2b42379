"""Distances from a user's file: a square table as CSV, or JSON with one matrix per component."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelsimError
from ..reading import require_file
from .tables import read_features

DEFAULT_COMPONENT = "unet"


@dataclass(frozen=True)
class DistanceTable:
    """`values` [n, n], symmetric with a zero diagonal, NaN where missing; `metric` is None where the file has none."""

    models: tuple[str, ...]
    values: NDArray[np.float64]
    metric: str | None
    component: str | None

    @property
    def may_be_l2(self) -> bool:
        """Whether the file says that these are ‖a − b‖, or says nothing."""
        return self.metric in (None, "l2")


def read_distances(path: Path, component: str | None = None) -> DistanceTable:
    """Read a square CSV table, with or without a header row and a first column of names, or JSON of the form
    {"models": [n], "metric": "l2", "distances": {component: [n][n]}}, of which `component` is taken (default: unet).

    Raises ModelsimError where it is no square table of distances.
    """
    if path.suffix.lower() == ".json":
        return _read_json(path, component or DEFAULT_COMPONENT)
    if component is not None:
        raise ModelsimError("a CSV table has no components", component, "leave --component out, or give a JSON file")
    table = read_features(path)
    n, p = table.values.shape
    if n == p + 1 and table.columns == tuple(map(str, range(1, p + 1))):  # names that are numbers, above
        return _checked(path, tuple(f"{v:g}" for v in table.values[0]), table.values[1:], None, None)
    unnamed = table.models == tuple(map(str, range(1, n + 1)))
    return _checked(path, table.columns if unnamed and n == p else table.models, table.values, None, None)


def _read_json(path: Path, component: str) -> DistanceTable:
    try:
        document = json.loads(require_file(path).read_text(encoding="utf-8-sig"))
        models, matrices = [str(name) for name in document["models"]], dict(document["distances"])
        metric = document.get("metric")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelsimError(
            f"cannot read the distances ({type(error).__name__}: {error})",
            path,
            'give JSON with "models", "metric" and "distances"',
        ) from error
    if component not in matrices:
        raise ModelsimError(f"no such component in {path.name}", component, f"use one of {', '.join(matrices)}")
    try:
        values = np.array(matrices[component], dtype=float)  # null becomes NaN
    except (ValueError, TypeError) as error:
        raise ModelsimError(
            f"{component} of {path.name} is not a table of numbers ({error})", path, "correct it"
        ) from error
    return _checked(path, tuple(models), values, None if metric is None else str(metric), component)


def _checked(
    path: Path, models: tuple[str, ...], values: NDArray[np.float64], metric: str | None, component: str | None
) -> DistanceTable:
    """The table with what printing has rounded made symmetric again."""
    n = len(models)
    if values.shape != (n, n) or n == 0:
        shape = " × ".join(map(str, values.shape))
        raise ModelsimError(f"{path.name} is not square", f"{n} models, {shape} numbers", "give all pairs of models")
    largest = np.nanmax(np.abs(values), initial=0.0)
    if not np.allclose(values, values.T, rtol=1e-6, atol=1e-9 * largest, equal_nan=True):
        a, b = np.argwhere(~np.isclose(values, values.T, rtol=1e-6, atol=1e-9 * largest, equal_nan=True))[0]
        raise ModelsimError(
            f"{path.name} is not symmetric",
            f"{models[a]} and {models[b]}",
            "give the same distance in both directions",
        )
    diagonal = np.nan_to_num(np.diagonal(values))
    if np.nanmin(values, initial=0.0) < 0 or np.abs(diagonal).max() > 1e-6 * max(largest, 1e-300):
        raise ModelsimError(
            f"{path.name} holds something other than distances",
            "a negative number, or not 0 between a model and itself",
            "give distances",
        )
    if np.isinf(values).any():
        raise ModelsimError(f"{path.name} holds infinite distances", None, "leave these models out")
    values = (values + values.T) / 2
    np.fill_diagonal(values, 0)
    return DistanceTable(models, values, metric, component)
