"""What a picture says of itself: every record that any program left in it, as far as it can be read.

Nothing in a picture is trusted: texts have a longest length, JSON that is broken or too deep becomes a remark.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..opening import decoded_small, open_picture, opened
from .form import PictureRecord
from .infotext import Infotext, write
from .registry import readers
from .texts import Texts, texts_of


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


def read_records(source: Path | bytes | Image.Image) -> Records:
    """All that this picture says of itself. Never fails: what cannot be read is a remark, or nothing at all."""
    asked = readers()
    found, remarks = texts_of(source)
    texts = Texts(found, {keyword for reader in asked for keyword in reader.keywords}, remarks)
    records = []
    for reader in asked:
        records += sorted(reader.read(texts), key=lambda record: not record.checkpoints)
    read = {record.place for record in records}
    broken = [remark for where, remark in texts.broken.items() if where not in read]
    return Records(tuple(records), (*texts.remarks, *broken))


def open_with_records(source: Path | bytes | Image.Image, name: str = "the picture") -> tuple[Image.Image, Records]:
    """A picture as `opening.open_picture` gives it, and its records; a file is opened once. Raises PictureError."""
    if isinstance(source, Image.Image):
        return open_picture(source, name), read_records(source)
    with opened(source, name) as image:
        return decoded_small(image, source.name if isinstance(source, Path) else name), read_records(image)
