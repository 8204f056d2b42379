"""A picture → a vector that describes its style, without any network's weights.

Colour, texture, spectrum, gradients and layout, measured on the canonical picture. Each group of values is a function
of its own below; `describe` lays them one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft, ndimage

from .canonical import CanonicalPicture, canonical
from .filters import CELL, frequencies, local_energies, pooled

VERSION = 1
"""Grows when a value changes its meaning: vectors of different versions must not be compared."""

TYPICAL = Path(__file__).with_name("typical_pictures.json")
"""Mean of each value and spread of each group over pictures of many artists (benchmarks/typical_pictures.py)."""

Values = NDArray[np.float32]

_TINY = 1e-4


def descriptor(picture: Image.Image) -> Values:
    """float32 [d], of length 1: what sets the picture apart from a typical one, every group with the same weight.

    The cosine of two such vectors is 0 for pictures that have nothing in common, and 1 for the same picture.
    """
    mean, spread = _typical()
    groups = describe(picture)
    apart = np.concatenate([(values - mean[name]) / spread[name] for name, values in groups.items()])
    return apart / max(float(np.linalg.norm(apart)), _TINY)


@lru_cache(maxsize=1)
def _typical() -> tuple[dict[str, Values], dict[str, float]]:
    typical = json.loads(TYPICAL.read_text("utf-8"))
    return {name: np.array(values, np.float32) for name, values in typical["mean"].items()}, typical["spread"]


def describe(picture: Image.Image) -> dict[str, Values]:
    """Name of the group → its values, float32, always in the same order and number, finite for every picture.

    Values are scaled by hand so that all vary by a few tenths from picture to picture.
    """
    drawn = canonical(picture)
    energies = local_energies(drawn.light)
    groups = {name: group(drawn) for name, group in _OF_THE_PICTURE.items()}
    groups |= {name: group(energies) for name, group in _OF_THE_ENERGIES.items()}
    return {name: np.asarray(values, np.float32).ravel() for name, values in groups.items()}


# --- colour


def _tones(drawn: CanonicalPicture) -> Values:
    """Histograms of lightness and of chroma."""
    return np.concatenate([_histogram(drawn.light, 1.0, 16), _histogram(_chroma(drawn), 0.3, 12)])


def _hues(drawn: CanonicalPicture) -> Values:
    """Histogram of the hue, each pixel counting as its chroma, and how concentrated the hues are (1, 2, 3 heaps)."""
    colour = drawn.green_red + 1j * drawn.blue_yellow
    chroma = np.abs(colour) + np.float32(1e-6)
    place = np.angle(colour).ravel() * (12 / (2 * np.pi)) + 12
    low = place.astype(int)
    share = place - low
    counts = np.bincount(low % 12, chroma.ravel() * (1 - share), 12)
    counts += np.bincount((low + 1) % 12, chroma.ravel() * share, 12)
    turned = colour / chroma
    heaps = [abs((colour * turned**k).sum()) for k in range(3)]
    return np.concatenate([np.sqrt(counts / chroma.sum()), heaps / chroma.sum()])


def _moments(drawn: CanonicalPicture) -> Values:
    """Means, spreads, skews and correlations of lightness, the two colour axes and chroma, and quantiles."""
    chroma = _chroma(drawn)
    rows = np.stack([plane.ravel() for plane in (drawn.light, drawn.green_red, drawn.blue_yellow, chroma)])
    mean, spread = rows.mean(1), rows.std(1)
    standard = (rows - mean[:, None]) / (spread[:, None] + _TINY)
    skew = np.cbrt((standard * standard * standard).mean(1))
    correlation = standard @ standard.T / rows.shape[1]
    return np.concatenate(
        [
            mean * (1, 3, 3, 3),
            0.3 * np.log(spread + 1e-3),
            0.3 * skew,
            0.5 * correlation[np.triu_indices(4, 1)],
            np.quantile(drawn.light[::2, ::2], (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)),
            3 * np.quantile(chroma[::2, ::2], (0.1, 0.5, 0.9, 0.98)),
        ]
    )


def _shadows_and_lights(drawn: CanonicalPicture) -> Values:
    """How the colour of each quarter of the pixels, dark to light, differs from the mean colour."""
    quarter = np.digitize(drawn.light.ravel(), np.quantile(drawn.light[::2, ::2], (0.25, 0.5, 0.75)))
    count = np.bincount(quarter, minlength=4) + _TINY
    planes = (drawn.green_red, drawn.blue_yellow, _chroma(drawn))
    return np.concatenate([5 * (np.bincount(quarter, p.ravel() - p.mean(), 4) / count) for p in planes])


# --- texture


def _binary_patterns(drawn: CanonicalPicture) -> Values:
    """Histograms of local binary patterns at distances 1, 2 and 4.

    Ojala, Pietikäinen, Mäenpää, "Multiresolution gray-scale and rotation invariant texture classification with local
    binary patterns" (2002): the 58 uniform patterns, and all others together.
    """
    light = drawn.light
    return np.concatenate([_patterns(ndimage.uniform_filter(light, step), step) for step in (1, 2, 4)])


def _patterns(light: Values, step: int) -> Values:
    height, width = (side - 2 * step for side in light.shape)
    centre = light[step:-step, step:-step] + np.float32(0.004)  # one grey level: what is flat stays flat as JPEG
    code = np.zeros(centre.shape, np.uint8)
    for bit, (dy, dx) in enumerate([(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]):
        y, x = step + step * dy, step + step * dx
        code |= (light[y : y + height, x : x + width] > centre).astype(np.uint8) << bit
    counts = np.bincount(_uniform_patterns(), np.bincount(code.ravel(), minlength=256), 59)
    return np.sqrt(counts / code.size)


@lru_cache(maxsize=1)
def _uniform_patterns() -> NDArray[np.int64]:
    """8-bit pattern → its place among the 58 with at most two changes around the circle; 58 for the others."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    uniform = (bits != np.roll(bits, 1, 1)).sum(1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, 58)


def _amplitudes(energies: Values) -> Values:
    """Of each filter: mean amplitude, how unevenly it is spread, and its low and high ends."""
    flat = energies.reshape(-1, energies.shape[2] * energies.shape[3])
    mean, root = flat.mean(1), np.sqrt((flat * flat).mean(1))
    logs = np.log(flat + 0.002)
    ends = np.quantile(logs, (0.2, 0.8), axis=1) - logs.mean(1)
    return 0.3 * np.concatenate([np.log(mean + _TINY), np.log((root + _TINY) / (mean + _TINY)), *ends])


def _together(energies: Values) -> Values:
    """Correlations between all filters' amplitudes over the picture: the Gram matrix of the fixed filter bank.

    Gatys, Ecker, Bethge, "Texture synthesis using convolutional neural networks" (2015), with filters in place of
    a network's channels.
    """
    logs = np.log(energies.reshape(-1, energies.shape[2] * energies.shape[3]) + 0.002)
    logs = logs - logs.mean(1, keepdims=True)
    logs /= logs.std(1, keepdims=True) + 1e-3
    return 0.5 * (logs @ logs.T / logs.shape[1])[np.triu_indices(len(logs), 1)]


def _detail(energies: Values) -> Values:
    """Quantiles of the amplitude at each scale: how quiet the quiet parts are, how rich the rich ones."""
    logs = np.log(energies.sum(1) + 0.002).reshape(len(energies), -1)
    return 0.3 * np.quantile(logs, (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98), axis=1)


# --- spectrum, gradients, layout


def _spectrum(drawn: CanonicalPicture) -> Values:
    """Logarithm of the radial power of lightness (24 bands) and the two colour axes (12)."""
    bands, inverse_count = _radial_bands(*drawn.light.shape)
    parts = []
    for plane, step in ((drawn.light, 1), (drawn.green_red, 2), (drawn.blue_yellow, 2)):
        spectrum = fft.rfft2(plane - plane.mean())
        power = np.bincount(bands, (spectrum.real**2 + spectrum.imag**2).ravel(), 26)[1:25] * inverse_count
        parts.append(0.3 * np.log10(power / plane.size + 1e-7)[::step])
    return np.concatenate(parts)


@lru_cache(maxsize=4)
def _radial_bands(height: int, width: int) -> tuple[NDArray[np.int64], Values]:
    radius, _ = frequencies(height, width)
    bands = np.digitize(radius[:, : width // 2 + 1].ravel(), np.geomspace(0.008, 0.5, 25))
    return bands, 1 / (np.bincount(bands, minlength=26)[1:25] + 1e-9)


def _gradients(drawn: CanonicalPicture) -> Values:
    """Orientations of the gradient, fine and smoothed, each counting as its length; quantiles of the length."""
    return np.concatenate([_gradient(drawn.light), _gradient(ndimage.gaussian_filter(drawn.light, 2.5))])


def _gradient(light: Values) -> Values:
    dy, dx = light[2:, 1:-1] - light[:-2, 1:-1], light[1:-1, 2:] - light[1:-1, :-2]
    length = np.hypot(dx, dy)
    sector = (np.arctan2(dy, dx) * (16 / (2 * np.pi)) + 16.5).astype(int) % 16
    counts = np.bincount(sector.ravel(), length.ravel(), 16)
    lengths = np.quantile(length[::2, ::2], (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99))
    return np.concatenate([np.sqrt(counts / (length.sum() + _TINY)), 0.3 * np.log(lengths + 2e-3)])


def _layout(drawn: CanonicalPicture) -> Values:
    """A grid of 4 × 4 means of lightness and the two colour axes, each without its own mean."""
    grids = [_grid(plane) for plane in (drawn.light, drawn.green_red, drawn.blue_yellow)]
    return np.concatenate([scale * (grid - grid.mean()) for scale, grid in zip((2, 5, 5), grids, strict=True)])


def _grid(plane: Values) -> Values:
    small = pooled(plane, CELL)
    rows = np.array_split(small, 4)
    return np.array([part.mean() for row in rows for part in np.array_split(row, 4, 1)])


# --- helpers of several groups


def _chroma(drawn: CanonicalPicture) -> Values:
    return np.hypot(drawn.green_red, drawn.blue_yellow)


def _histogram(plane: Values, top: float, bins: int) -> Values:
    """Roots of the shares in `bins` bins from 0 to `top`; a value between two centres counts in both."""
    place = np.clip(plane.ravel() / top * (bins - 1), 0, bins - 1 - 1e-4)
    low = place.astype(int)
    share = place - low
    counts = np.bincount(low, 1 - share, bins) + np.bincount(low + 1, share, bins)
    return np.sqrt(counts / plane.size)


_OF_THE_PICTURE: dict[str, Callable[[CanonicalPicture], Values]] = {
    "tones": _tones,
    "hues": _hues,
    "moments": _moments,
    "shadows and lights": _shadows_and_lights,
    "binary patterns": _binary_patterns,
    "spectrum": _spectrum,
    "gradients": _gradients,
    "layout": _layout,
}
_OF_THE_ENERGIES: dict[str, Callable[[Values], Values]] = {
    "amplitudes": _amplitudes,
    "together": _together,
    "detail": _detail,
}
