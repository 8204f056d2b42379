"""Our own records, which a gallery's pictures carry beside the infotext: the checkpoint's whole SHA-256."""

from __future__ import annotations

from collections.abc import Iterator

from ..form import PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts

PROGRAM, KEYWORD = "modelsim", "modelsim"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one, also where a converter has put it under another keyword."""
    for text, document in texts.objects():
        sha256, name = document.get("checkpoint"), document.get("checkpoint_name")
        if isinstance(sha256, str) and (text.keyword == KEYWORD or (isinstance(name, str) and len(sha256) == 64)):
            yield PictureRecord(text.where, PROGRAM, once([named(name, sha256)]))


READER = RecordReader(PROGRAM, read, marks=(KEYWORD,), order=0)
