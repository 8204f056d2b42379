"""NovelAI's records: PNG texts of which `Source` names the model and ends in its hash, `Comment` is JSON with the
settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .form import PictureRecord, json_object, named, once
from .registry import RecordReader
from .texts import PNG, Texts

PROGRAM = "NovelAI"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The one record, which stands in several texts."""
    found = texts.png()
    if not found.get("Software", "").startswith(PROGRAM):
        return
    source = found.get("Source", "")
    name, _, last = source.strip().rpartition(" ")
    model = named(name, last) if re.fullmatch("[0-9A-Fa-f]{8}", last) else named(source)
    comment = json_object(found.get("Comment", ""))
    prompt, negative = comment.get("prompt"), comment.get("uc")
    yield PictureRecord(
        f"{PNG} “Comment”",
        PROGRAM,
        once([model]),
        (),
        prompt if isinstance(prompt, str) else found.get("Description", ""),
        negative if isinstance(negative, str) else "",
    )


READER = RecordReader(PROGRAM, read, ("Comment", "Description"), order=3)
