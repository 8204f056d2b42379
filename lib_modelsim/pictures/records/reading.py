"""What a picture says of itself: every record that any program left in it, as far as it can be read.

Nothing in a picture is trusted: texts have a longest length, JSON that is broken or too deep becomes a remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from ..opening import PictureError, decoded_small, moves, open_picture, opened, shown_as
from .form import PictureRecord
from .infotext import Infotext, write
from .marks import services, silent_programs
from .places.collecting import texts_beside, texts_in, texts_of
from .registry import readers
from .texts import Text, Texts


@dataclass(frozen=True)
class Records:
    """The records of one picture, the most telling first, and what could not be read of them, in words."""

    records: tuple[PictureRecord, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def drawable(self) -> PictureRecord | None:
        """The record that has every setting to generate the picture again, where there is one."""
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


@dataclass(frozen=True)
class LookedAt:
    """A picture as `opening.open_picture` gives it, and its records. `failure` says why there is no picture: then there
    is a record at least. `moving`: the file has more frames, which nobody looked at."""

    picture: Image.Image | None
    records: Records
    failure: PictureError | None = None
    moving: bool = False


def look_at(source: Path | bytes | Image.Image, name: str = "the picture") -> LookedAt:
    """A picture and its records, a file opened once. Of a file whose pixels cannot be read the records alone, and a
    remark that says so. Raises PictureError where there is neither."""
    shown = name if isinstance(source, Image.Image) else shown_as(source, name)
    picture, failure, moving = None, None, False
    texts: list[Text] = []
    remarks: list[str] = []
    try:
        with nullcontext(source) if isinstance(source, Image.Image) else opened(source, name) as image:
            moving = moves(image)
            try:
                picture = open_picture(image, shown) if image is source else decoded_small(image, shown)
            finally:
                texts, remarks = texts_in(image, pixels=picture is not None)
    except PictureError as error:
        picture, failure = None, error
        if not isinstance(source, Image.Image):
            texts, remarks = texts_beside(source) or (texts, remarks)
    records = _records(texts, remarks)
    if failure is not None:
        if not records.records:
            raise failure
        why = failure.what if failure.value is None else f"{failure.what} ({failure.value})"
        told = [f"only the record was read: {why}"]
    else:
        told = [f"{shown} has more than one frame: only the first was looked at"] if moving else []
    return LookedAt(picture, replace(records, remarks=(*told, *records.remarks)), failure, moving)


def read_records(source: Path | bytes | Image.Image) -> Records:
    """All that this picture says of itself. Never fails: what cannot be read is a remark, or nothing at all."""
    return _records(*texts_of(source))


def _records(carried: Sequence[Text], remarks: Sequence[str]) -> Records:
    """Every reader is tried on every text. Of two that understand the same text the more telling one counts; the same
    record in several places is told once."""
    texts = Texts(carried, remarks)
    asked = readers()
    found: list[PictureRecord] = []
    for reader in asked:
        taken = {record.place for record in found}
        fresh = [record for record in reader.read(texts) if record.place not in taken]
        found += sorted(fresh, key=lambda record: not record.checkpoints)
    records: dict[PictureRecord, PictureRecord] = {}
    for record in found:
        records.setdefault(replace(record, place=""), record)
    read = {record.place for record in found}
    broken = [remark for where, remark in texts.broken.items() if where not in read]
    understood = {record.program for record in found}
    marked = (*silent_programs(texts, asked, understood), *services(texts, understood))
    return Records(tuple(records.values()), (*texts.remarks, *broken, *marked))
