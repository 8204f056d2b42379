"""What a picture says of itself: every record that any program left in it, as far as it can be read.

Nothing in a picture is trusted: texts have a longest length, JSON that is broken or too deep becomes a remark.
"""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from .infotext import EXIF, USER_COMMENT, Infotext, write
from .opening import PictureError, opened
from .record_comfyui import of_prompt, of_workflow
from .record_form import PictureRecord
from .record_programs import of_gallery, of_infotext, of_invokeai, of_novelai
from .user_comment import user_comment

LONGEST = 4 << 20
"""Characters of a text that is read: the largest graphs of ComfyUI have one or two million."""

_COMFYUI_TAGS = range(0x010D, 0x0111)
"""ComfyUI's WebP: "prompt:{…}" in Model (0x0110), "workflow:{…}" in Make and the tags before it."""

_DOCUMENTS: Mapping[str, Callable[[object, str], PictureRecord | None]] = {
    "modelsim": of_gallery,
    "prompt": of_prompt,
    "workflow": of_workflow,
    "invokeai_metadata": of_invokeai,
    "sd-metadata": of_invokeai,
}
"""Keyword of a text that is JSON → who reads it."""


@dataclass(frozen=True)
class Records:
    """The records of one picture, the most telling first, and what could not be read of them, in words."""

    records: tuple[PictureRecord, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def drawable(self) -> PictureRecord | None:
        """The record that has every setting to draw the picture again, where there is one."""
        return next((record for record in self.records if record.infotext), None)

    @property
    def pasted(self) -> str | None:
        """What the WebUI's "paste" takes: a record that it wrote as it stands, else the prompts that one tells."""
        if self.drawable is not None:
            return self.drawable.infotext
        told = next((record for record in self.records if record.prompt), None)
        return None if told is None else write(Infotext(told.prompt, told.negative_prompt))

    @property
    def prompt(self) -> str | None:
        """The prompt that a record tells; None where none does."""
        return next((record.prompt for record in self.records if record.prompt), None)


def read_records(source: Path | bytes | Image.Image) -> Records:
    """All that this picture says of itself. Never fails: what cannot be read is a remark, or nothing at all."""
    texts, remarks = _texts(source)
    found: list[PictureRecord] = []
    for (place, keyword), text in texts.items():
        if len(text) > LONGEST:
            remarks.append(f"{place} “{keyword}” has {len(text):,} characters and was not read")
            continue
        try:
            record = _record(place, keyword, text)
        except (ValueError, RecursionError) as error:
            remarks.append(f"{place} “{keyword}” cannot be read ({_short(error)})")
            continue
        if record is not None:
            found.append(record)
    png = {keyword: text for (place, keyword), text in texts.items() if place == _PNG and len(text) <= LONGEST}
    if (record := of_novelai(png, f"{_PNG} “Comment”")) is not None:
        found.append(record)
    return Records(tuple(sorted(_without_repetitions(found), key=_telling)), tuple(remarks))


_PNG, _TEXT = "PNG text", "the picture's comment"


def _record(place: str, keyword: str, text: str) -> PictureRecord | None:
    """One text's record; None where it is none. Raises ValueError or RecursionError for broken JSON."""
    where = f"{place} “{keyword}”"
    if keyword in _DOCUMENTS:
        return _DOCUMENTS[keyword](json.loads(text), where)
    if keyword in ("Comment", "Description"):  # NovelAI's, which are read together
        return None
    if text.lstrip().startswith("{") and (record := of_prompt(json.loads(text), where)):  # Civitai's JPEGs of ComfyUI
        return record
    return of_infotext(text, where)


def _telling(record: PictureRecord) -> int:
    """Our own names the whole hash; a workflow is what was on the screen, which need not be what was run."""
    order = ("modelsim", "WebUI", "ComfyUI", "NovelAI", "InvokeAI")
    return 2 * order.index(record.program) + (not record.checkpoints)


def _without_repetitions(records: list[PictureRecord]) -> list[PictureRecord]:
    """ComfyUI writes the same graph twice; the editor's is told only where it names something else."""
    run = {record.checkpoints for record in records if record.program == "ComfyUI" and record.prompt}
    return [
        record
        for record in records
        if record.program != "ComfyUI" or record.prompt or not run or not _within(record.checkpoints, run)
    ]


def _within(models: tuple, others: set[tuple]) -> bool:
    return any(set(models) >= set(other) or set(models) <= set(other) for other in others)


def _texts(source: Path | bytes | Image.Image) -> tuple[dict[tuple[str, str], str], list[str]]:
    """(Place, keyword) → text, for all texts that a picture carries; remarks on what is damaged."""
    remarks: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd EXIF: told elsewhere, or below
            if isinstance(source, Image.Image):
                return dict(_of_opened(source, remarks)), remarks
            with opened(source) as image:
                return dict(_of_opened(image, remarks)), remarks
    except (PictureError, OSError, SyntaxError, ValueError, EOFError) as error:
        return {}, [f"its texts cannot be read ({_short(error)})"]


def _of_opened(image: Image.Image, remarks: list[str]) -> Iterator[tuple[tuple[str, str], str]]:
    if image.format == "PNG":
        try:
            image.load()  # texts may stand behind the pixels
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            remarks.append(f"the picture is damaged ({_short(error)})")
    place = _PNG if image.format in ("PNG", None) else _TEXT
    for keyword, text in image.info.items():
        if isinstance(keyword, str) and isinstance(text, str):
            yield (place, keyword), str(text)
        elif keyword == "comment" and isinstance(text, bytes):  # JPEG, GIF
            yield (_TEXT, keyword), text.decode("utf-8", "replace")
    try:
        exif = image.getexif()
        tags = [exif.get(tag) for tag in _COMFYUI_TAGS]
        comment = exif.get_ifd(EXIF).get(USER_COMMENT)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error) as error:
        remarks.append(f"its EXIF is damaged ({_short(error)})")
        return
    text = user_comment(comment) if isinstance(comment, bytes) else comment
    if isinstance(text, str):
        yield ("EXIF", "UserComment"), text
    for tag in tags:
        keyword, colon, text = tag.partition(":") if isinstance(tag, str) else ("", "", "")
        if colon and keyword.lower() in ("prompt", "workflow"):
            yield ("EXIF", keyword.lower()), text


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"
