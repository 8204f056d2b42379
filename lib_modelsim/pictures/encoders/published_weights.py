"""Weights that the package open_clip knows by architecture and tag: on this machine already, or to be downloaded.

Needs the package open_clip_torch, which the WebUIs bring along. Weights are read from safetensors alone: a pickle can
execute what it likes.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ...installing import how_to_install
from ...job import Job
from .encoder import EncoderError
from .fetching import fetch

PACKAGE = "open_clip_torch"
"""What open_clip is called where it is installed from."""

_FILE = "open_clip_model.safetensors"


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that open_clip knows by a tag, on a hub."""

    architecture: str
    tag: str
    repository: str
    settings: dict[str, Any]

    @property
    def file(self) -> Path | None:
        """Where a download left them, ours or another program's; None when they are not on this machine."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.repository, _FILE)
        if isinstance(found, str):
            return Path(found)
        return self._own if self._own.is_file() else None

    @property
    def _own(self) -> Path:
        """Where ours go: into torch's folder of downloaded weights."""
        import torch

        return Path(torch.hub.get_dir()) / "checkpoints" / f"{self.repository.replace('/', '--')}--{_FILE}"

    @property
    def bytes(self) -> int:
        """About how large a download is: four bytes for each parameter."""
        import torch

        with torch.device("meta"), without_warning():
            model = open_clip().create_model(self.architecture, device="meta")
        return 4 * sum(parameter.numel() for parameter in model.parameters())

    @property
    def question(self) -> str:
        """What a click would download, and how large it is."""
        return f"download {self.architecture} {self.tag} from {self.repository}, about {self.bytes / 1e9:.1f} GB"

    def download(self, job: Job) -> Path:
        """Fetches them, or what is still missing of them: only after the person has agreed to `question`.

        Raises Cancelled, and FetchError in one line; in both cases what came is kept.
        """
        from huggingface_hub import hf_hub_url

        fetch(hf_hub_url(self.repository, _FILE), self._own, f"downloading {self.architecture} {self.tag}", job)
        return self._own


def is_installed() -> bool:
    """Whether there is a package open_clip; it is not imported, which takes seconds."""
    return importlib.util.find_spec("open_clip") is not None


def open_clip() -> ModuleType:
    """The package. Raises EncoderError where it is missing or does not go with torch."""
    try:
        import open_clip as package
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that is not torch's
        raise EncoderError("open_clip cannot be used", error, how_to_install(PACKAGE)) from error
    return package


@contextmanager
def without_warning() -> Iterator[None]:
    """While a model is made: open_clip warns of its random weights, which are not to stay."""

    def other(record: logging.LogRecord) -> bool:
        return "initialized randomly" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(other)
    try:
        yield
    finally:
        root.removeFilter(other)


def text_settings(architecture: str) -> dict[str, Any]:
    """What open_clip knows of an architecture's texts. Raises EncoderError for an unknown architecture, and for one
    whose text model would be fetched from a hub as soon as it is made."""
    settings = open_clip().get_model_config(architecture)
    if settings is None:
        raise EncoderError("open_clip has no such architecture", architecture, "use one of open_clip.list_models()")
    texts = settings["text_cfg"]
    if "hf_model_name" in texts:
        fix = "use another one, for example ViT-L-14"
        raise EncoderError(f"{architecture} needs a second download for its tokenizer", texts["hf_model_name"], fix)
    return texts


def published(architecture: str, tag: str) -> PublishedWeights:
    """The weights that open_clip knows by these names. Raises EncoderError for unknown ones, and those of no hub."""
    text_settings(architecture)
    settings = _settings(architecture, tag)
    repository = _repository(settings)
    if not repository:
        tags = open_clip().list_pretrained_tags_by_model(architecture)
        known = ", ".join(each for each in tags if _repository(_settings(architecture, each))) or "none"
        raise EncoderError(f"no weights of {architecture} are on a hub under this tag", tag, f"use one of: {known}")
    return PublishedWeights(architecture, tag, repository, settings)


def _settings(architecture: str, tag: str) -> dict[str, Any]:
    return open_clip().get_pretrained_cfg(architecture, tag) or {}


def _repository(settings: dict[str, Any]) -> str:
    """ "owner/name", or "" for weights that are not on a hub."""
    return "/".join(str(settings.get("hf_hub") or "").strip("/").split("/")[:2])
