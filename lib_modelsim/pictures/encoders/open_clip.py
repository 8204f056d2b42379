"""CLIP as the encoder, by the package open_clip: any of its architectures, with published weights or a file's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ...errors import Sentence
from ...installing import how_to_install
from ...job import Job
from ...memory import give_back
from ...saying import logger_of
from .encoder import Encoder, EncoderError, EncoderKind, Readiness, Vectors
from .published_weights import (
    PACKAGE,
    PublishedWeights,
    is_installed,
    open_clip,
    published,
    text_settings,
    without_warning,
)

if TYPE_CHECKING:
    import torch

BATCH = 16

LONGEST_TEXT = 77
"""Tokens that CLIP reads of a text, with those for begin and end."""

_PREPARING = ("mean", "std", "interpolation", "resize_mode")
"""What published weights may say of how pictures are to be prepared; older versions of open_clip know the first two."""

_log = logger_of(__name__)


def open_clip_encoder(
    architecture: str, weights: PublishedWeights | Path, device: str = "cpu", half: bool = False
) -> OpenClipEncoder:
    """The encoder: a TextEncoder where open_clip itself can read texts for this architecture.

    `half` takes float16, on a GPU only. Nothing is loaded yet. Raises EncoderError for an unknown architecture, and
    when the weights are not on this machine.
    """
    own_words = "hf_tokenizer_name" not in text_settings(architecture)  # others' words would be downloaded
    return (OpenClipTextEncoder if own_words else OpenClipEncoder)(architecture, weights, device, half)


class OpenClipEncoder:
    """Pictures in CLIP's space. It holds the model from the first use on, until `unload`; used again it loads again."""

    def __init__(self, architecture: str, weights: PublishedWeights | Path, device: str = "cpu", half: bool = False):
        """As `open_clip_encoder`."""
        self.name, self.identity, self._file = _named(architecture, weights)
        self.architecture = architecture
        self.training = weights.tag if isinstance(weights, PublishedWeights) else ""
        self._settings = weights.settings if isinstance(weights, PublishedWeights) else {}
        self._device = device
        self._half = half
        self._model: torch.nn.Module | None = None
        self._prepare: Callable[[Image.Image], torch.Tensor] | None = None

    def unload(self) -> None:
        """Gives the model's memory back."""
        self._model = None
        import torch

        give_back()
        torch.cuda.empty_cache()

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1."""
        import torch

        self._load()
        return self._encoded("encode_image", lambda part: torch.stack([self._prepare(one) for one in part]), pictures)

    def _load(self) -> None:
        """Raises EncoderError for a file that is none of this architecture's."""
        import torch

        if self._model is not None:
            return
        asked = {f"image_{name}": self._settings[name] for name in _PREPARING if self._settings.get(name) is not None}
        quick_gelu = bool(self._settings.get("quick_gelu", False))
        with without_warning():
            model, _, self._prepare = open_clip().create_model_and_transforms(
                self.architecture, force_quick_gelu=quick_gelu, **asked
            )
        self._prepare = _cropping_exactly(self._prepare)
        _fill(model, self._file, self.architecture)
        self._model = model.eval()
        try:
            self._move(self._device)
        except torch.cuda.OutOfMemoryError:
            self._leave_gpu()

    def _leave_gpu(self) -> None:
        import torch

        _log.warning("the GPU has no room for %s: using the CPU", self.name)
        self._move("cpu")
        torch.cuda.empty_cache()

    def _move(self, device: str) -> None:
        import torch

        self._device = device
        self._model.to(device, torch.float16 if self._half and device.startswith("cuda") else torch.float32)

    def _encoded(self, kind: str, prepare: Callable[[Any], torch.Tensor], items: Sequence[Any]) -> Vectors:
        import torch

        rows = []
        with torch.inference_mode():
            for start in range(0, len(items), BATCH):
                batch = prepare(items[start : start + BATCH])
                try:
                    vectors = self._forward(kind, batch)
                except torch.cuda.OutOfMemoryError:
                    self._leave_gpu()
                    vectors = self._forward(kind, batch)
                rows.append((vectors / vectors.norm(dim=1, keepdim=True)).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)

    def _forward(self, kind: str, batch: torch.Tensor) -> torch.Tensor:
        """Pixels [n, 3, h, w] or tokens [n, 77] → float32 [n, d]."""
        number = next(self._model.parameters()).dtype if batch.is_floating_point() else batch.dtype
        return getattr(self._model, kind)(batch.to(self._device, number)).float()


class OpenClipTextEncoder(OpenClipEncoder):
    """Pictures and texts in CLIP's space."""

    longest = LONGEST_TEXT

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """float32 [texts, d], rows of length 1; what is longer than CLIP's 77 tokens is cut off, and ended there."""
        self._load()
        tokens = open_clip().get_tokenizer(self.architecture)
        return self._encoded("encode_text", lambda part: tokens(list(part)), texts)

    def too_long(self, texts: Sequence[str]) -> list[bool]:
        """Whether a text has more than 77 tokens, with those for begin and end."""
        tokens = open_clip().get_tokenizer(self.architecture)
        return [len(tokens.encode(text)) + 2 > LONGEST_TEXT for text in texts]


def _cropping_exactly(prepare: Any) -> Any:  # noqa: ANN401 - torchvision's Compose
    """Where a pixel is left over, the middle begins at the lower one, as in transformers and so in torchmetrics;
    torchvision takes the even one."""

    def cropped(picture: Image.Image, height: int, width: int) -> Image.Image:
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        return picture.crop((left, top, left + width, top + height))

    def exact(step: Any) -> Any:  # noqa: ANN401
        is_crop = type(step).__name__ == "CenterCrop"
        return partial(cropped, height=step.size[0], width=step.size[1]) if is_crop else step

    prepare.transforms = [exact(step) for step in prepare.transforms]
    return prepare


def _named(architecture: str, weights: PublishedWeights | Path) -> tuple[str, str, Path]:
    """Name, identity and file of the weights."""
    if isinstance(weights, PublishedWeights):
        if weights.file is None:
            fix = Sentence(f"{weights.question}: add --download", f"{weights.question}: press Download")
            raise EncoderError("these weights are not on this machine", weights.tag, fix)
        return f"CLIP {architecture} {weights.tag}", f"open_clip {architecture} {weights.tag}", weights.file
    if not weights.is_file():
        raise EncoderError("there is no such file of weights", weights, "give a .safetensors file")
    state = weights.stat()
    return (
        f"CLIP {architecture} {weights.stem}",
        f"open_clip {architecture} {state.st_size} {state.st_mtime_ns}",
        weights,
    )


def _fill(model: torch.nn.Module, file: Path, architecture: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    other = EncoderError(
        f"{file.name} does not have the architecture {architecture}",
        None,
        "name the architecture that it was saved with",
    )
    try:
        missing, unknown = model.load_state_dict(load_file(file), strict=False)
    except SafetensorError as error:
        raise EncoderError(
            f"{file.name} is not a safetensors file", error, "convert it, or choose other weights"
        ) from error
    except RuntimeError as error:  # which has a line for each tensor of another shape
        raise other from error
    if any(not key.endswith("position_ids") for key in (*missing, *unknown)):
        raise other


# the kind: open_clip:ARCHITECTURE/TAG, open_clip:ARCHITECTURE/FILE.safetensors


def _make(which: str, device: Callable[[], str]) -> Encoder:
    architecture, weights = _named_by(which)
    found = Path(weights).expanduser() if _is_file(weights) else published(architecture, weights)
    return open_clip_encoder(architecture, found, device(), half=True)


def _readiness(which: str) -> Readiness:
    """Takes seconds: open_clip is imported."""
    architecture, weights = _named_by(which)
    if not is_installed():
        return Readiness(False, f"the package open_clip_torch is not installed. Fix: {how_to_install(PACKAGE)}")
    if not _is_file(weights) and (found := published(architecture, weights)).file is None:
        return Readiness(False, f"the weights {weights} are not on this machine", found.question)
    return Readiness(True, f"{_make(which, lambda: 'cpu').name}: ready; it is loaded when needed")


def _download(which: str, job: Job) -> None:
    architecture, weights = _named_by(which)
    if not _is_file(weights) and (found := published(architecture, weights)).file is None:
        found.download(job)


def _named_by(which: str) -> tuple[str, str]:
    """Architecture, and tag or file."""
    architecture, _, weights = which.partition("/")
    if not architecture or not weights:
        raise EncoderError("there is no such encoder", f"{KIND.name}:{which}", f"use {KIND.usage}")
    return architecture, weights


def _is_file(weights: str) -> bool:
    return weights.endswith(".safetensors")


KIND = EncoderKind(
    "open_clip",
    "CLIP by open_clip",
    _make,
    _readiness,
    takes="ARCHITECTURE/TAG or ARCHITECTURE/FILE.safetensors",
    suggested=("ViT-B-32/laion2b_s34b_b79k", "ViT-L-14/datacomp_xl_s13b_b90k", "ViT-H-14/laion2b_s32b_b79k"),
    download=_download,
)
"""Suggested are a small, a usual and a large one: CLIPs that every open_clip knows by a tag."""
