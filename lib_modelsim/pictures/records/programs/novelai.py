"""NovelAI's records: `Source` names the model and ends in its hash, `Comment` is JSON with the settings.

PNG has them as texts, and all of them once more as a JSON object in the pixels' lowest bits. WebP has that object in
EXIF's UserComment, with `Source` as EXIF's Software. Source: NovelAI/novelai-image-metadata, nai_meta.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..form import PictureRecord, begun_from, json_object, named, once, words
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "NovelAI"

_SOURCE = re.compile(r"(.*\S)\s+([0-9A-Fa-f]{8})")

_REQUESTS = {
    "Img2ImgRequest": "img2img",
    "NativeInfillingRequest": "inpainting",
    "EmphasizedInfillRequest": "inpainting",
}
"""What a picture was made from another one by, by the settings' `request_type`."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each place, which stands in several texts there, and of each text that holds all of them; where
    there is none, what EXIF's Software names."""
    marked = {place: found for place, found in texts.by_place().items() if _is_its(found.get("Software"))}
    records = [
        _record(f"{place} “Comment”", found) for place, found in marked.items() if {"Source", "Comment"} & set(found)
    ]
    records += [
        _record(text.where, document) for text, document in texts.objects() if _is_its(document.get("Software"))
    ]
    if not records:
        records = [
            _record(f"{place} “Software”", {"Source": found["Software"]})
            for place, found in marked.items()
            if _SOURCE.fullmatch(found["Software"])
        ]
    yield from records


def _is_its(software: object) -> bool:
    return words(software).startswith(PROGRAM)


def _record(where: str, found: Mapping[str, Any]) -> PictureRecord:
    source = words(found.get("Source")).strip()
    parts = _SOURCE.fullmatch(source)
    model = named(parts[1], parts[2]) if parts else named(source)
    comment = found.get("Comment")
    settings = comment if isinstance(comment, dict) else json_object(words(comment))
    prompt = words(settings.get("prompt")) or words(found.get("Description"))
    record = PictureRecord(where, PROGRAM, once([model]), (), prompt, words(settings.get("uc")))
    return begun_from(record, _REQUESTS.get(words(settings.get("request_type")), ""))


READER = RecordReader(PROGRAM, read, order=3)
