"""The kurtosis of a model's weights, which MoTHer (arXiv 2405.18432) takes as a sign of how far training has gone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...job import Job, Stage
from ..catalogue.index import Model
from .sampling import sample_keys

_MATRICES = 24
"""Weights that are read of every model."""


def outliers(models: Sequence[Model], job: Job) -> dict[str, float]:
    """Model → the mean kurtosis of the same matrices of all; those that cannot be read, or lack one, are left out."""
    from ...checkpoints.values import ValueReader  # torch comes with it
    from ...errors import CheckpointError

    places = models[0].header.layout.places
    matrices = [key for key in sample_keys(models[0].header.layout) if len(places[key].shape) > 1]
    matrices = [key for key in matrices if places[key].component == "unet" and math.prod(places[key].shape) >= 1024]
    keys = matrices[:: max(1, len(matrices) // _MATRICES)][:_MATRICES]
    stage, found, reader = Stage(job, "looking at outliers of the weights", len(models), "models"), {}, ValueReader()
    for model in models:
        stage.advance(1)
        try:
            with model.open() as opened:
                values = [reader.matrix(opened.weights[key]).numpy().ravel() for key in keys if key in opened.weights]
                kurtoses = [_kurtosis(each) for each in values]
        except CheckpointError:
            continue  # told where its distances were read; this is a hint only
        if len(kurtoses) == len(keys) and keys and all(map(math.isfinite, kurtoses)):
            found[model.name] = float(np.mean(kurtoses))
    return found


def _kurtosis(values: np.ndarray) -> float:
    centred = values.astype(np.float64) - values.mean(dtype=np.float64)
    spread = float(np.mean(centred**2))
    return float(np.mean(centred**4)) / spread**2 if spread > 0 else math.nan
