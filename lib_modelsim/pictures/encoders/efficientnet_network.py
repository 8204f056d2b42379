"""The layers of EfficientNet-Lite0 in a few lines of torch: convolutions, and sums past them.

Tan and Le, "EfficientNet" (2019), in the Lite form without squeeze and swish. The same numbers as those of the package
efficientnet-lite-pytorch, whose names the weights have; it is made for every EfficientNet, was last changed in 2020,
and would unpickle the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Look = Callable[[str, "torch.Tensor"], None]
"""Sees the name of a convolution and what leaves it [n, channels, h, w], normalised."""

_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
"""Of each stage: how many blocks, and the first one's step."""

BLOCKS = sum(blocks for blocks, _ in _STAGES)

_TINY = 1e-3  # TensorFlow's, in every normalisation


class EfficientNet:
    """The layers, float32 on one device."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], device: str) -> None:
        """Weights under the package's names. Raises KeyError where one is missing, ValueError for one of another shape.

        A convolution and its normalisation become one convolution.
        """
        import torch

        self._filters: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for name in (each.removesuffix(".weight") for each in weights if each.endswith(("_conv.weight", *_ENDS))):
            norm = _norm_of(name)
            mean, variance, scale, shift = (
                weights[f"{norm}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
            )
            by = scale / np.sqrt(variance + _TINY)
            folded = (weights[f"{name}.weight"] * by[:, None, None, None], shift - mean * by)
            self._filters[name] = tuple(torch.from_numpy(np.array(each, np.float32)) for each in folded)
        self.scale = {name: weights[f"{_norm_of(name)}.weight"] for name in self._filters}
        self.to(device)

    def to(self, device: str) -> None:
        """Move it."""
        self._filters = {name: (both[0].to(device), both[1].to(device)) for name, both in self._filters.items()}
        self.device = device

    def last_layer(self, pixels: torch.Tensor) -> torch.Tensor:
        """[n, 3, h, w] → [n, 1280, h / 32, w / 32], what leaves the last layer before the classes."""
        return self._layer(self.first_blocks(pixels, BLOCKS), "_conv_head").clamp(0, 6)

    def first_blocks(self, pixels: torch.Tensor, count: int, look: Look = lambda name, layer: None) -> torch.Tensor:
        """[n, 3, h, w] → what leaves the first so many of the blocks; `look` sees every convolution on the way."""
        x = self._layer(pixels, "_conv_stem", look, 2).clamp(0, 6)
        starts = [(step if place == 0 else 1, place) for blocks, step in _STAGES for place in range(blocks)]
        for number, (step, place) in enumerate(starts[:count]):
            y = self._block(x, f"_blocks.{number}.", look, step)
            x = y + x if place else y
        return x

    def _block(self, x: torch.Tensor, name: str, look: Look, step: int) -> torch.Tensor:
        """Widen, filter each channel by itself, narrow."""
        if f"{name}_expand_conv" in self._filters:
            x = self._layer(x, f"{name}_expand_conv", look).clamp_(0, 6)
        x = self._layer(x, f"{name}_depthwise_conv", look, step, x.shape[1]).clamp_(0, 6)
        return self._layer(x, f"{name}_project_conv", look)

    def _layer(
        self, x: torch.Tensor, name: str, look: Look = lambda name, layer: None, step: int = 1, groups: int = 1
    ) -> torch.Tensor:
        """A convolution, padded as TensorFlow does ("SAME": more at the end)."""
        from torch.nn import functional

        filters, shift = self._filters[name]
        padding = []
        for side in (x.shape[3], x.shape[2]):
            missing = max((-(-side // step) - 1) * step + filters.shape[-1] - side, 0)
            padding += [missing // 2, missing - missing // 2]
        x = functional.conv2d(functional.pad(x, padding) if any(padding) else x, filters, shift, step, groups=groups)
        look(name, x)
        return x


_ENDS = ("_conv_stem.weight", "_conv_head.weight")


def _norm_of(convolution: str) -> str:
    """The normalisation behind a convolution, as the package calls it; one that widens makes it the block's first."""
    block, dot, name = convolution.rpartition(".")
    place = {"_conv_stem": 0, "_conv_head": 1, "_expand_conv": 0, "_depthwise_conv": 1, "_project_conv": 2}[name]
    return f"{block}{dot}_bn{place}"
