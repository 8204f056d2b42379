"""imaginAIry's records: JSON with the whole request under `prompt`, in EXIF's UserComment.

`model` names weights (3 to 13: a name of its own list, a path or an address), from 14 on `model_weights` does. Source:
imaginAIry, schema.py (`ImaginePrompt.logging_dict`, `ImagineResult._exif`).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..form import PictureRecord, named, once, words
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "imaginAIry"

_SETTINGS = ("prompt_strength", "sampler_type", "solver_type")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one."""
    for text, document in texts.objects():
        request = document.get("prompt")
        if not isinstance(request, dict) or not any(key in request for key in _SETTINGS):
            continue
        weights = request.get("model_weights")
        model = request.get("model") or (weights.get("name") if isinstance(weights, dict) else weights)
        prompt = request.get("prompts") or request.get("prompt")
        yield PictureRecord(
            text.where, PROGRAM, once([named(model)]), (), _text(prompt), _text(request.get("negative_prompt"))
        )


def _text(prompt: object) -> str:
    """A prompt, which stands as a text or as a list of texts with their weights."""
    parts = prompt if isinstance(prompt, list) else [prompt]
    texts = [words(part.get("text")) if isinstance(part, dict) else words(part) for part in parts]
    return " | ".join(filter(None, texts))


READER = RecordReader(PROGRAM, read, order=6)
