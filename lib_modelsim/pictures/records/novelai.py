"""NovelAI's records: PNG texts of which `Source` names the model and ends in its hash, `Comment` is JSON with the
settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .form import PictureRecord, json_object, named, once
from .registry import RecordReader
from .texts import Texts

PROGRAM = "NovelAI"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each place, which stands in several texts there."""
    for place, found in texts.by_place().items():
        if found.get("Software", "").startswith(PROGRAM):
            yield _of_texts(place, found)


def _of_texts(place: str, found: Mapping[str, str]) -> PictureRecord:
    source = found.get("Source", "")
    name, _, last = source.strip().rpartition(" ")
    model = named(name, last) if re.fullmatch("[0-9A-Fa-f]{8}", last) else named(source)
    comment = json_object(found.get("Comment", ""))
    prompt, negative = comment.get("prompt"), comment.get("uc")
    return PictureRecord(
        f"{place} “Comment”",
        PROGRAM,
        once([model]),
        (),
        prompt if isinstance(prompt, str) else found.get("Description", ""),
        negative if isinstance(negative, str) else "",
    )


READER = RecordReader(PROGRAM, read, order=3)
