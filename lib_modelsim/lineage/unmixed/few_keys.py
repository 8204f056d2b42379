"""A few weights changed apart from all the rest: supermerger's 'Adjust', or others that are named.

Adjust: `fineman`, `colorcalc` and `FINETUNES` of hako-mikan/sd-webui-supermerger, scripts/mergers/mergers.py (0b1c491).
A person sets eight numbers: details of the input and of the output (d1, d2, d3), contrast, brightness, and three
colours. W = W · factor for the weight and bias of the first convolution (1 − d1/100, 1 + d1/50), of the last norm
(1 − d2/100, 1 + d2/50), and the weight of the last convolution (1 − d3/100); its bias gets a shift: contrast/50, and
brightness and colours times a table, /50.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..values import PROVEN, KeyValues, rounding_sizes

Array = NDArray[np.float64]

PLACES = (
    "input_blocks.0.0.weight",
    "input_blocks.0.0.bias",
    "out.0.weight",
    "out.0.bias",
    "out.2.weight",
    "out.2.bias",
)
"""The weights that it changes, in the network's own names."""

_PER_CENT = (-0.01, 0.02, -0.01, 0.02, -0.01)
"""By how much a setting of 1 changes the factor of each of the first five: of details 1, 1, 2, 2, 3."""

_SETTING = ("detail 1", "detail 1", "detail 2", "detail 2", "detail 3")

_TONES = ("contrast", "brightness", "colour 1", "colour 2", "colour 3")

_COLOURS = {
    "SD": ((-1, 1 / 3, 2 / 3), (1, 1, 0), (0, -1, -1), (1, 0, 1)),
    "SDXL": ((0, 0, 1), (1, 0, 0), (-1, -1, 0), (-1, 1, 0)),
}
"""What a setting of 1 of brightness and colours shifts channels 2 to 4 by, in fiftieths."""


@dataclass(frozen=True)
class Adjusted:
    """The settings that a person chose, what their formula leaves in roundings, and the weights that it changed.
    `proven` is False where nothing but the last bias was shifted: four numbers, which any shift explains."""

    settings: Mapping[str, float]
    left: float
    keys: tuple[str, ...]
    proven: bool


def place_of(key: str) -> int | None:
    """Which of Adjust's weights a key is; None of all others."""
    return next((i for i, place in enumerate(PLACES) if key == place or key.endswith("." + place)), None)


def adjusted(weights: Sequence[KeyValues], origin: str, network: str) -> Adjusted | None:
    """Whether these weights, all that differ from `origin`, are that model's after Adjust: the settings by least
    squares, with what the formula leaves. None where another weight differs, or more than rounding is left."""
    settings: dict[str, list[tuple[float, float]]] = {}
    left: list[tuple[Array, Array]] = []
    shift: Array | None = None
    for one in weights:
        place, model = place_of(one.key), one.models.get(origin)
        if place is None or model is None:
            return None
        target, model = one.target.astype(np.float64), model.astype(np.float64)
        own = rounding_sizes(one.target, one.dtype)
        if place == len(_PER_CENT):
            shift = (target - model).reshape(-1)
            if len(shift) != 1 + len(_COLOURS["SD"][0]):
                return None
            continue
        weight = 1 / own**2
        factor = float((weight * model * target).sum() / (weight * model * model).sum())
        error = float(1 / np.sqrt((weight * model * model).sum()))
        by = _PER_CENT[place]
        settings.setdefault(_SETTING[place], []).append(((factor - 1) / by, error / abs(by)))
        left.append((target - factor * model, own))
    found = {}
    for name, each in settings.items():
        values, errors = np.array(each).T
        mean = float((values / errors**2).sum() / (1 / errors**2).sum())
        if (np.abs(values - mean) > 5 * errors + 1e-3).any():
            return None  # the weight and the bias of one layer were changed by different settings
        found[name] = mean
    if shift is not None:
        found |= tones(shift, network)
    over = sum(float((rest**2).sum()) for rest, _ in left)
    below = sum(float((own**2).sum()) for _, own in left)
    in_roundings = float(np.sqrt(over / below)) if below > 0 else 0.0
    if in_roundings > PROVEN or not found:
        return None
    return Adjusted(found, in_roundings, tuple(one.key for one in weights), bool(settings))


def tones(shift: Array, network: str) -> dict[str, float]:
    """The contrast behind a shift of the last bias [4], and the smallest brightness and colours that make it: four
    settings for three numbers, so that others make the same."""
    table = np.array(_COLOURS["SDXL" if network.startswith("SDXL") else "SD"], dtype=np.float64)
    colours = np.linalg.lstsq(table.T, 50 * shift[1:], rcond=None)[0]
    return dict(zip(_TONES, (50 * float(shift[0]), *colours.tolist()), strict=True))
