"""CLIP as the encoder, by the package open_clip: any of its architectures, with published weights or a file's.

Needs the package open_clip_torch, which is imported when the encoder is made. Weights are read from safetensors alone:
a pickle can execute what it likes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..errors import ModelsimError
from .encoder import Vectors

BATCH = 16

_SAFE_NAMES = ("open_clip_model.safetensors", "model.safetensors")


class EncoderError(ModelsimError):
    """An encoder that cannot be had here, or not without a download."""


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that open_clip knows by a tag, on a hub."""

    architecture: str
    tag: str
    repository: str
    settings: dict[str, Any]

    @property
    def file(self) -> Path | None:
        """Where an earlier download left them; None when they are not on this machine."""
        from huggingface_hub import try_to_load_from_cache

        found = (try_to_load_from_cache(self.repository, name) for name in _SAFE_NAMES)
        return next((Path(path) for path in found if isinstance(path, str)), None)

    @property
    def bytes(self) -> int:
        """About how large a download is: four bytes for each parameter."""
        with torch.device("meta"):
            model = open_clip().create_model(self.architecture, device="meta")
        return 4 * sum(parameter.numel() for parameter in model.parameters())

    def download(self) -> Path:
        """Fetches them into the hub's cache: only after the person has agreed to `question`."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils import EntryNotFoundError

        for name in _SAFE_NAMES:
            try:
                return Path(hf_hub_download(self.repository, name))
            except EntryNotFoundError:
                continue
        raise EncoderError(f"{self.repository} has no safetensors file", fix="choose other weights")

    @property
    def question(self) -> str:
        """What a click would download, and how large it is."""
        return f"download {self.architecture} {self.tag} from {self.repository}, about {self.bytes / 1e9:.1f} GB"


def open_clip() -> ModuleType:
    """The package. Raises EncoderError where it is missing or does not go with torch."""
    try:
        import open_clip as package
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that is not torch's
        raise EncoderError("open_clip cannot be used", error, "pip install open_clip_torch") from error
    return package


def published(architecture: str, tag: str) -> PublishedWeights:
    """The weights that open_clip knows by these names. Raises EncoderError for unknown ones, and those of no hub."""
    package = open_clip()
    if architecture not in package.list_models():
        raise EncoderError("open_clip has no such architecture", architecture, "take one of open_clip.list_models()")
    settings = package.pretrained.get_pretrained_cfg(architecture, tag)
    repository = str((settings or {}).get("hf_hub", "")).strip("/")
    if not repository:
        known = ", ".join(package.list_pretrained_tags_by_model(architecture)) or "none"
        raise EncoderError(f"no weights of {architecture} are published under this tag", tag, f"take one of: {known}")
    return PublishedWeights(architecture, tag, "/".join(repository.split("/")[:2]), settings)


class OpenClipEncoder:
    """Pictures and texts in CLIP's space. Use it with `with`, or call `unload` when done: it holds the model."""

    def __init__(self, architecture: str, weights: PublishedWeights | Path, device: str = "cpu", half: bool = False):
        """`half` takes float16, on a GPU only. Raises EncoderError when the weights are not on this machine."""
        self.name, self.identity, file = _named(architecture, weights)
        settings = weights.settings if isinstance(weights, PublishedWeights) else {}
        package = open_clip()
        self._device = torch.device(device)
        self._kind = torch.float16 if half and self._device.type == "cuda" else torch.float32
        model, _, self._prepare = package.create_model_and_transforms(
            architecture,
            force_quick_gelu=bool(settings.get("quick_gelu", False)),
            image_mean=settings.get("mean"),
            image_std=settings.get("std"),
        )
        _fill(model, file)
        self._model = model.eval().to(self._device, self._kind)
        self._tokens = package.get_tokenizer(architecture)

    def __enter__(self) -> OpenClipEncoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.unload()

    def unload(self) -> None:
        """Gives the model's memory back; the encoder cannot be used afterwards."""
        self._model = None
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """float32 [pictures, d], rows of length 1."""
        return self._encoded(torch.stack([self._prepare(one) for one in part]) for part in _batches(pictures))

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """float32 [texts, d], rows of length 1; what is longer than CLIP's 77 tokens is cut off."""
        return self._encoded(self._tokens(list(part)) for part in _batches(texts))

    @torch.inference_mode()
    def _encoded(self, batches: Iterator[torch.Tensor]) -> Vectors:
        if self._model is None:
            raise EncoderError("the encoder is unloaded", self.name, "make it anew")
        rows = []
        for batch in batches:
            of_text = not batch.is_floating_point()
            encode = self._model.encode_text if of_text else self._model.encode_image
            vectors = encode(batch.to(self._device) if of_text else batch.to(self._device, self._kind)).float()
            rows.append((vectors / vectors.norm(dim=1, keepdim=True)).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


def _named(architecture: str, weights: PublishedWeights | Path) -> tuple[str, str, Path]:
    """Name, identity and file of the weights."""
    if isinstance(weights, PublishedWeights):
        if weights.file is None:
            raise EncoderError("these weights are not on this machine", weights.tag, weights.question)
        return f"CLIP {architecture} {weights.tag}", f"open_clip {architecture} {weights.tag}", weights.file
    if not weights.is_file():
        raise EncoderError("there is no such file of weights", weights, "give a .safetensors file")
    state = weights.stat()
    return (
        f"CLIP {architecture} {weights.stem}",
        f"open_clip {architecture} {state.st_size} {state.st_mtime_ns}",
        weights,
    )


def _fill(model: torch.nn.Module, file: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(file)
        missing, unknown = model.load_state_dict(state, strict=False)
    except SafetensorError as error:
        raise EncoderError(
            f"{file.name} is no safetensors file", error, "convert it, or choose other weights"
        ) from error
    except RuntimeError as error:
        raise EncoderError(
            f"{file.name} is of another architecture", error, "give the architecture it is of"
        ) from error
    wrong = [key for key in (*missing, *unknown) if not key.endswith("position_ids")]
    if wrong:
        raise EncoderError(f"{file.name} is of another architecture", wrong[0], "give the architecture it is of")


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
