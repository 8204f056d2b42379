"""Programs and services whose name is all that is left, or all that they write: told as what they are.

`marks.json` lists them: `pattern` is looked for, whatever its case, in the texts that name a picture's maker, or in
those of the keywords `in`; `models` says whether a service's models are its own alone ("closed") or also published ones
("both"). Source: the tags that public detectors of generated pictures look for, and pictures of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .places.c2pa import MADE_BY_AI, MAKERS
from .registry import RecordReader
from .texts import CREDENTIALS, Text, Texts

_SOFTWARE = ("Software", "xmp:CreatorTool", "tiff:Software", "Source", "program")
"""Keywords of the texts that name the program that wrote a picture, in EXIF, PNG, XMP and IPTC."""

_MAKER = frozenset(_SOFTWARE) | {
    *("Make", "Model", "Artist", "Author", "author", "dc:creator", "photoshop:Credit", "copyright", "Copyright"),
    *MAKERS,
}

_SERVICES = {
    "closed": "a service whose models nobody has as a file",
    "both": "a service with models of its own and published ones",
}


@dataclass(frozen=True)
class _Mark:
    name: str
    pattern: re.Pattern[str]
    keywords: frozenset[str]
    what: str

    def is_in(self, text: Text) -> bool:
        return text.keyword in self.keywords and self.pattern.search(text.text) is not None


@cache
def _marks() -> tuple[_Mark, ...]:
    listed = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return tuple(
        _Mark(
            each["name"],
            re.compile(each["pattern"], re.IGNORECASE),
            frozenset(each.get("in", _MAKER)),
            _SERVICES[each["models"]],
        )
        for each in listed
    )


def silent_programs(texts: Texts, asked: Collection[RecordReader], understood: Collection[str]) -> Iterator[str]:
    """Of each program that left its mark, but no record that its reader understands, one remark."""
    for reader in asked:
        for text in texts if reader.program not in understood else ():
            if text.where in texts.broken:
                continue
            if text.keyword in reader.marks or (text.keyword in _SOFTWARE and text.text.startswith(reader.program)):
                yield f"{text.where} is {reader.program}'s, but no record of {reader.program} can be read"
                break


def services(texts: Texts, understood: Collection[str]) -> Iterator[str]:
    """Of each service that is named, one remark; and what Content Credentials say."""
    told = set(understood)
    for mark in _marks():
        where = next((text.where for text in texts if mark.is_in(text)), None)
        if where is not None and mark.name not in told:
            told.add(mark.name)
            yield f"{where} names {mark.name}, {mark.what}"
    said = [text for text in texts if text.place == CREDENTIALS]
    if any(text.text in MADE_BY_AI for text in said):
        makers = ", ".join(text.text for text in said if text.keyword in MAKERS) or "nobody is named"
        yield f"its {CREDENTIALS} say that generative AI made it ({makers}); they were not checked"
