"""The texts of one picture, and what a record reader needs of them. Where they lie: `places/`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 4 << 20
"""Characters of a text that is read: the largest graphs of ComfyUI have one or two million."""

PNG, EXIF, XMP, IPTC, COMMENT = "PNG text", "EXIF", "XMP", "IPTC", "comment"
STEALTH_ALPHA, STEALTH_RGB = "stealth alpha", "stealth RGB"
CREDENTIALS = "Content Credentials"

_LIKE_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"\]])")
"""How JSON begins, and hardly a prompt."""


@dataclass(frozen=True)
class Text:
    """One text: `place` is the kind of its container, `where` names it for a person."""

    place: str
    keyword: str
    text: str

    @property
    def where(self) -> str:
        return "the picture's comment" if self.place == COMMENT else f"{self.place} “{self.keyword}”"


class Texts:
    """The texts of one picture that are short enough to be read, and what a reader needs of them.

    `remarks` are on what is damaged, `broken` are those on texts that should be JSON and are not, by their place.
    """

    def __init__(self, texts: Sequence[Text], remarks: Sequence[str] = ()) -> None:
        self._texts = [each for each in texts if len(each.text) <= LONGEST]
        self._documents: dict[Text, object] = {}
        self._like_json: list[Text] | None = None  # every reader asks
        self.broken: dict[str, str] = {}
        self.remarks = [*remarks]
        self.remarks += [
            f"{each.where} has {len(each.text):,} characters, too many to read"
            for each in texts
            if len(each.text) > LONGEST
        ]

    def __iter__(self) -> Iterator[Text]:
        """All of them, in their order."""
        return iter(self._texts)

    def named(self, *keywords: str) -> list[Text]:
        """Those of these keywords, wherever they lie."""
        return [each for each in self._texts if each.keyword in keywords]

    def by_place(self) -> dict[str, dict[str, str]]:
        """Place → keyword → text: for programs whose record is spread over several texts of one place."""
        found: dict[str, dict[str, str]] = {}
        for each in self._texts:
            found.setdefault(each.place, {})[each.keyword] = each.text
        return found

    def document(self, text: Text) -> object:
        """The JSON that a text holds, parsed once; None for what is broken or too deep, which is kept in `broken`."""
        if text not in self._documents:
            try:
                self._documents[text] = json.loads(text.text)
            except (ValueError, RecursionError) as error:
                self._documents[text] = None
                self.broken[text.where] = f"{text.where} cannot be read ({short(error)})"
        return self._documents[text]

    def objects(self) -> Iterator[tuple[Text, dict[str, Any]]]:
        """Every text that holds a JSON object, with that; what begins as one and is broken is kept in `broken`."""
        if self._like_json is None:
            self._like_json = [each for each in self._texts if _LIKE_JSON.match(each.text)]
        for each in self._like_json:
            document = self.document(each)
            if isinstance(document, dict):
                yield each, document


def short(error: Exception) -> str:
    """What an error says, on one line of at most 120 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"
