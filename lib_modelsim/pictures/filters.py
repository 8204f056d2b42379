"""Oriented band-pass filters, made and applied in the Fourier domain, coarse ones on smaller grids."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float32]

SCALES = 4
ORIENTATIONS = 6
CELL = 4
"""Side in pixels of the cells in which the filters' responses are averaged."""

_FINEST = 0.34  # cycles per pixel; each scale halves it
_BANDWIDTH = 0.65  # log-Gabor: the spread of the logarithm of the frequency is |log(bandwidth)|
_STEPS = (1, 1, 2, 4)  # a scale's response is computed on every step-th pixel, which its band allows


def local_energies(plane: Floats) -> Floats:
    """Mean modulus of each filter's response in each cell: [SCALES, ORIENTATIONS, height / CELL, width / CELL].

    Log-Gabor filters with one-sided spectra (Field, "Relations between the statistics of natural images and the
    response properties of cortical cells", 1987), whose modulus is the local amplitude whatever the phase.
    `plane` [height, width]: both sides multiples of 16.
    """
    spectrum = fft.fft2(plane - plane.mean())
    height, width = plane.shape
    cells = [pooled(np.abs(fft.ifft2(band)), CELL // step) for step, band in _bands(spectrum, _filters(height, width))]
    return np.stack(cells).reshape(SCALES, ORIENTATIONS, height // CELL, width // CELL)


def pooled(plane: Floats, side: int) -> Floats:
    """Means of cells of side × side; strided sums, which are faster here than a mean over two reshaped axes."""
    rows = sum(plane[i::side] for i in range(side))
    return sum(rows[:, i::side] for i in range(side)) / np.float32(side * side)


def frequencies(height: int, width: int) -> tuple[Floats, Floats]:
    """Radius (cycles per pixel) and angle of each coefficient of a spectrum, both [height, width]."""
    y, x = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    return np.hypot(y, x).astype(np.float32), np.arctan2(y, x).astype(np.float32)


def _bands(spectrum: NDArray[np.complex64], filters: Floats) -> Iterator[tuple[int, NDArray[np.complex64]]]:
    for step, scale in zip(_STEPS, filters, strict=True):
        for one in scale:
            yield step, _low_part(spectrum * one, step)


def _low_part(spectrum: NDArray[np.complex64], step: int) -> NDArray[np.complex64]:
    """The spectrum of every step-th pixel, where nothing lies beyond the frequencies that they can show."""
    if step == 1:
        return spectrum
    height, width = (side // step // 2 for side in spectrum.shape)
    top, bottom = spectrum[:height], spectrum[-height:]
    rows = [np.concatenate([part[:, :width], part[:, -width:]], 1) for part in (top, bottom)]
    return np.concatenate(rows) / np.float32(step * step)


@lru_cache(maxsize=4)
def _filters(height: int, width: int) -> Floats:
    """[SCALES, ORIENTATIONS, height, width]; pictures of one size, as suites draw them, share them."""
    radius, angle = frequencies(height, width)
    radius[0, 0] = 1
    turns = (angle - np.pi * np.arange(ORIENTATIONS)[:, None, None] / ORIENTATIONS + np.pi) % (2 * np.pi) - np.pi
    around = np.exp(-(turns**2) / (2 * (0.75 * np.pi / ORIENTATIONS) ** 2))
    centres = _FINEST / 2.0 ** np.arange(SCALES)[:, None, None]
    along = np.exp(-(np.log(radius / centres) ** 2) / (2 * np.log(_BANDWIDTH) ** 2))
    along[:, 0, 0] = 0
    return (along[:, None] * around[None]).astype(np.float32)
