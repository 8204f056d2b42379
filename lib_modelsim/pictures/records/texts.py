"""All texts that a picture carries: PNG's, EXIF's and comments, with what is damaged in words."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..opening import PictureError, opened
from .infotext import EXIF, USER_COMMENT
from .user_comment import user_comment

LONGEST = 4 << 20
"""Characters of a text that is read: the largest graphs of ComfyUI have one or two million."""

PNG = "PNG text"

_COMFYUI_TAGS = range(0x010D, 0x0111)
"""ComfyUI's WebP: "prompt:{…}" in Model (0x0110), "workflow:{…}" in Make and the tags before it."""


@dataclass(frozen=True)
class Text:
    """One text: `place` is the kind of its container, `where` names it for a person."""

    place: str
    keyword: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.place} “{self.keyword}”"


class Texts:
    """The texts of one picture that are short enough to be read, and what a reader needs of them.

    `remarks` are on what is damaged, `broken` are those on texts that should be JSON and are not, by their place.
    """

    def __init__(self, texts: Sequence[Text], owned: Collection[str], remarks: Sequence[str] = ()) -> None:
        """`owned` are the keywords that some program writes and no other reader should try."""
        self._texts = [each for each in texts if len(each.text) <= LONGEST]
        self._owned = owned
        self._documents: dict[Text, object] = {}
        self.broken: dict[str, str] = {}
        self.remarks = [*remarks]
        self.remarks += [
            f"{each.where} has {len(each.text):,} characters, too many to read"
            for each in texts
            if len(each.text) > LONGEST
        ]

    def named(self, *keywords: str) -> list[Text]:
        """Those of these keywords, in their order."""
        return [each for each in self._texts if each.keyword in keywords]

    def free(self) -> list[Text]:
        """Those whose keyword no program has to itself."""
        return [each for each in self._texts if each.keyword not in self._owned]

    def png(self) -> dict[str, str]:
        """Keyword → text of PNG's."""
        return {each.keyword: each.text for each in self._texts if each.place == PNG}

    def document(self, text: Text) -> object:
        """The JSON that a text holds, parsed once; None for what is broken or too deep, which is kept in `broken`."""
        if text not in self._documents:
            try:
                self._documents[text] = json.loads(text.text)
            except (ValueError, RecursionError) as error:
                self._documents[text] = None
                self.broken[text.where] = f"{text.where} cannot be read ({_short(error)})"
        return self._documents[text]


def texts_of(source: Path | bytes | Image.Image) -> tuple[list[Text], list[str]]:
    """All texts of a picture, and remarks on what is damaged. Never fails."""
    remarks: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd EXIF: told elsewhere, or below
            if isinstance(source, Image.Image):
                return _once(_of_opened(source, remarks)), remarks
            with opened(source) as image:
                return _once(_of_opened(image, remarks)), remarks
    except (PictureError, OSError, SyntaxError, ValueError, EOFError) as error:
        return [], [f"its texts cannot be read ({_short(error)})"]


def _once(texts: Iterator[Text]) -> list[Text]:
    """Each place and keyword once; the last text of it counts."""
    return list({(each.place, each.keyword): each for each in texts}.values())


def _of_opened(image: Image.Image, remarks: list[str]) -> Iterator[Text]:
    if image.format == "PNG":
        try:
            image.load()  # texts may stand behind the pixels
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            remarks.append(f"the picture is damaged ({_short(error)})")
    comment = "the picture's comment"
    for keyword, text in image.info.items():
        if isinstance(keyword, str) and isinstance(text, str):
            yield Text(PNG if image.format in ("PNG", None) else comment, keyword, str(text))
        elif keyword == "comment" and isinstance(text, bytes):  # JPEG, GIF
            yield Text(comment, keyword, text.decode("utf-8", "replace"))
    yield from _of_exif(image, remarks)


def _of_exif(image: Image.Image, remarks: list[str]) -> Iterator[Text]:
    try:
        exif = image.getexif()
        tags = [exif.get(tag) for tag in _COMFYUI_TAGS]
        comment = exif.get_ifd(EXIF).get(USER_COMMENT)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error) as error:
        remarks.append(f"its EXIF is damaged ({_short(error)})")
        return
    text = user_comment(comment) if isinstance(comment, bytes) else comment
    if isinstance(text, str):
        yield Text("EXIF", "UserComment", text)
    for tag in tags:
        keyword, colon, text = tag.partition(":") if isinstance(tag, str) else ("", "", "")
        if colon and keyword.lower() in ("prompt", "workflow"):
            yield Text("EXIF", keyword.lower(), text)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"
