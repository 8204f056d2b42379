"""Our own records, which a gallery's pictures carry beside the infotext: the checkpoint's whole SHA-256."""

from __future__ import annotations

from collections.abc import Iterator

from .form import PictureRecord, named, once
from .registry import RecordReader
from .texts import Texts

PROGRAM, KEYWORD = "modelsim", "modelsim"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each such text."""
    for text in texts.named(KEYWORD):
        document = texts.document(text)
        if isinstance(document, dict) and isinstance(document.get("checkpoint"), str):
            model = named(document.get("checkpoint_name"), document["checkpoint"])
            yield PictureRecord(text.where, PROGRAM, once([model]))


READER = RecordReader(PROGRAM, read, (KEYWORD,), order=0)
