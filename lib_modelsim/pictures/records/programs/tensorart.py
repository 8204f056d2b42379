"""TensorArt's record: PNG's `generation_data`, JSON that ends in a NUL.

It has the model's name and SHA-256. The graph beside it, in ComfyUI's form, calls the file by a number of TensorArt's
own ("EMS-1401459-EMS").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..form import MOST, Named, PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts

PROGRAM, KEYWORD = "TensorArt", "generation_data"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each such text, known by its base model wherever it lies."""
    for text, document in texts.objects():
        base = document.get("baseModel")
        if isinstance(base, dict) and "modelFileName" in base:
            words = [document.get(key) for key in ("prompt", "negativePrompt")]
            prompts = [word if isinstance(word, str) else "" for word in words]
            yield PictureRecord(text.where, PROGRAM, once([_named(base)]), _networks(document), *prompts)


def _networks(document: Mapping[str, Any]) -> tuple[Named, ...]:
    listed = document.get("models")
    models = listed[:MOST] if isinstance(listed, list) else []
    return once([_named(each) for each in models if isinstance(each, dict)])


def _named(model: Mapping[str, Any]) -> Named | None:
    return named(model.get("modelFileName"), model.get("hash"))


READER = RecordReader(PROGRAM, read, marks=(KEYWORD,), order=1)
