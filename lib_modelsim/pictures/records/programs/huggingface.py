"""Records of Hugging Face spaces and other programs on top of diffusers: JSON with diffusers' own names of settings, in
PNG's `parameters` or EXIF's UserComment.

Animagine's space and its copies write "Model" and "Model hash" (as they stand on Civitai), in version 3 inside another
"Model"; others name a repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..form import PictureRecord, named, once, words
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "Hugging Face space"

_SETTINGS = ("num_inference_steps", "guidance_scale")
_NAMES = ("Model", "model", "model_name", "model_id", "base_model", "pretrained_model_name_or_path", "checkpoint")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that has diffusers' settings, or names a model as the spaces do."""
    for text, document in texts.objects():
        if any(key in document for key in _SETTINGS) or {"Model", "Model hash"} <= set(document):
            yield _record(document, text.where)


def _record(document: Mapping[str, Any], where: str) -> PictureRecord:
    inner = document.get("Model")
    names = inner if isinstance(inner, dict) else document
    name = next((names[key] for key in _NAMES if isinstance(names.get(key), str)), None)
    prompts = words(document.get("prompt")), words(document.get("negative_prompt"))
    return PictureRecord(where, PROGRAM, once([named(name, names.get("Model hash"))]), (), *prompts)


READER = RecordReader(PROGRAM, read, order=50)
