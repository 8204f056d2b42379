"""Draw Things' records: JSON with `c` and `uc`, the prompts, in XMP's exif:UserComment, EXIF or PNG's Comment; and the
same in words in the description. Source: drawthingsai/draw-things-community, ImageConverter.swift (`imageData`).

The model is a file in the program's own format, whose name it makes from the checkpoint's ("…_f16.ckpt").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..form import PictureRecord, begun_from, img2img_at, named, once, words
from ..infotext import parse
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "Draw Things"

_DESCRIPTION = re.compile(r"^Steps: \d+, Sampler: [^,]*, Guidance Scale: ", re.MULTILINE)
_LORA = re.compile(r"LoRA (?:\d+ )?Model")
_SHARE = re.compile(r"[01](?:\.\d{1,20})?")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one. The description says less than the JSON, and alone is read for itself."""
    found = [
        _of_document(document, text.where)
        for text, document in texts.objects()
        if isinstance(document.get("c"), str) and isinstance(document.get("uc"), str) and "sampler" in document
    ]
    for text in texts:
        if _DESCRIPTION.search(text.text):
            found.append(replace(found[0], place=text.where) if found else _of_description(text.text, text.where))
    yield from found


def _of_document(document: Mapping[str, Any], where: str) -> PictureRecord:
    listed = document.get("lora")
    loras = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    record = PictureRecord(
        where,
        PROGRAM,
        once([named(document.get("model"))]),
        once([named(lora.get("model")) for lora in loras]),
        document["c"].strip(),
        document["uc"].strip(),
        also=once([named(document.get("refiner"), role="refiner")]),
    )
    return begun_from(record, img2img_at(document.get("strength")))


def _of_description(text: str, where: str) -> PictureRecord:
    """A prompt, a line that begins with a minus for the negative one, a line of settings."""
    found = parse(text)
    settings = found.settings
    prompt, _, negative = found.prompt.partition("\n-")
    networks = once([named(value) for label, value in settings.items() if _LORA.fullmatch(label)])
    also = once([named(settings.get("Refiner"), role="refiner")])
    model = named(settings.get("Model"))
    record = PictureRecord(where, PROGRAM, once([model]), networks, words(prompt).strip(), negative.strip(), also=also)
    strength = settings.get("Strength", "")
    return begun_from(record, img2img_at(float(strength)) if _SHARE.fullmatch(strength) else "")


READER = RecordReader(PROGRAM, read, order=0)  # before the WebUI, which would take the description for its own
