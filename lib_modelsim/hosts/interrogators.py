"""The WebUI's own interrogators, CLIP with BLIP and deepbooru, asked only where their files are there already.

Source: AUTOMATIC1111 modules/interrogate.py, modules/deepbooru.py and repositories/BLIP/models/blip.py. Both would
download what they lack, the first answers "<error>" instead of raising and wipes the state of a running job, the second
raises whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from ..engines.webui_queue import FIELDS
from ..errors import ModelsimError
from ..pictures.interrogator import Interrogator

_WISHES = ("interrupted", "skipped", "stopping_generation")

_PRESS = "press the WebUI's own button for it once, which downloads the files"


class Clip:
    """ "Interrogate CLIP"."""

    name = "the WebUI's interrogator (CLIP and BLIP)"

    def missing(self) -> list[str]:
        """Files that it would download, in words; none where its models are loaded already."""
        from modules import paths, shared

        interrogator = shared.interrogator
        if interrogator.blip_model is not None and interrogator.clip_model is not None:
            return []
        folder = getattr(shared.cmd_opts, "clip_models_path", None) or "~/.cache/clip"
        there = {
            "BLIP": any((Path(paths.models_path) / "BLIP").rglob("*.pth")),
            "CLIP ViT-L/14": (Path(folder).expanduser() / "ViT-L-14.pt").is_file(),
            "BERT's vocabulary": _in_hub_cache("bert-base-uncased", "vocab.txt"),
            "word lists": Path(interrogator.content_dir).is_dir(),
        }
        return [name for name, found in there.items() if not found]

    def interrogate(self, picture: Image.Image) -> str:
        """Raises ModelsimError where files are missing or the WebUI fails. Only for a thread that has its turn."""
        _require(self.missing())
        from modules import shared

        with _kept(shared.state):
            said = shared.interrogator.interrogate(picture)
        if not said or said.endswith("<error>"):
            raise ModelsimError("the WebUI could not interrogate the picture", None, "see the WebUI's console")
        return said


class Deepbooru:
    """ "Interrogate DeepBooru"."""

    name = "deepbooru"

    def missing(self) -> list[str]:
        """As Clip.missing."""
        from modules import deepbooru, paths

        there = deepbooru.model.model is not None or any((Path(paths.models_path) / "torch_deepdanbooru").rglob("*.pt"))
        return [] if there else ["deepbooru's model"]

    def interrogate(self, picture: Image.Image) -> str:
        """As Clip.interrogate."""
        _require(self.missing())
        from modules import deepbooru, shared

        try:
            with _kept(shared.state):
                tags = deepbooru.model.tag(picture)
        except Exception as error:  # IndexError without a file, whatever torch raises with one
            raise ModelsimError(
                "deepbooru could not interrogate the picture", error, "see the WebUI's console"
            ) from error
        if not tags:
            raise ModelsimError("deepbooru found no tags", None, "lower its threshold in the WebUI's settings")
        return tags


def interrogators() -> list[Interrogator]:
    """Those that can be asked now without any download; none outside of a WebUI, or where it has none of this kind."""
    found: list[Interrogator] = []
    for kind in (Clip, Deepbooru):
        try:
            if not kind().missing():
                found.append(kind())
        except (ImportError, AttributeError):  # SD.Next has them elsewhere
            continue
    return found


def _require(missing: list[str]) -> None:
    if missing:
        raise ModelsimError("files are missing", ", ".join(missing), _PRESS)


def _in_hub_cache(repository: str, file: str) -> bool:
    from huggingface_hub import try_to_load_from_cache  # comes with the WebUI's transformers

    return isinstance(try_to_load_from_cache(repository, file), str)


@contextmanager
def _kept(state: Any) -> Iterator[None]:  # noqa: ANN401 - the host's State
    """The job that runs keeps its counters; who presses Interrupt meanwhile is heard."""
    before = {name: getattr(state, name) for name in FIELDS if hasattr(state, name)}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(state, name, (value or getattr(state, name)) if name in _WISHES else value)
