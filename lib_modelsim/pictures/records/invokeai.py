"""InvokeAI's records: `invokeai_metadata` (3 and later) or `sd-metadata` (2), both JSON."""

from __future__ import annotations

from collections.abc import Iterator

from .form import PictureRecord, named, once
from .registry import RecordReader
from .texts import Texts

PROGRAM = "InvokeAI"
_KEYWORDS = ("invokeai_metadata", "sd-metadata")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each such text."""
    for text in texts.named(*_KEYWORDS):
        record = of_document(texts.document(text), text.where)
        if record is not None:
            yield record


def of_document(document: object, place: str) -> PictureRecord | None:
    """None where the document is of neither kind."""
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("model_weights"), str):
        return PictureRecord(place, PROGRAM, once([named(document["model_weights"], document.get("model_hash"))]))
    model = document.get("model")
    if not isinstance(model, dict):
        return None
    name = model.get("name") or model.get("model_name")
    listed = document.get("loras")
    loras = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    inner = [lora.get("model") or lora.get("lora") for lora in loras]
    networks = once([named(each.get("name") or each.get("model_name")) for each in inner if isinstance(each, dict)])
    prompts = [document.get(key) for key in ("positive_prompt", "negative_prompt")]
    words = [prompt if isinstance(prompt, str) else "" for prompt in prompts]
    return PictureRecord(place, PROGRAM, once([named(name, model.get("hash"))]), networks, *words)


READER = RecordReader(PROGRAM, read, _KEYWORDS, order=4)
