"""Mochi Diffusion's records: one line in the IPTC caption, "Include in Image: …; Exclude from Image: …; Model: …;
Steps: …; … Generator: Mochi Diffusion 5.0". Source: MochiDiffusion, SDImage.swift (`metadata`), Metadata.swift.

The model is the name of a folder of Core ML files, which has no hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..form import PictureRecord, begun_from, named, once
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "Mochi Diffusion"

_GENERATOR = re.compile(rf"(?:^|; )Generator: {PROGRAM}\b")
_FIELD = re.compile(
    r"(?:^|; )(Include in Image|Exclude from Image|Model|Steps|Guidance Scale|Seed|Size|Quality|Upscaler|Scheduler|"
    r"Starting Image|ControlNet Image|Input Images|ML Compute Unit|Date|Generator): "
)


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one, whatever its place: macOS copies captions from one to another."""
    for text in texts:
        if _GENERATOR.search(text.text):
            _, *parts = _FIELD.split(text.text)
            # a prompt may hold such words, too, and comes first: the last of each counts
            fields = dict(zip(parts[0::2], map(str.strip, parts[1::2]), strict=True))
            prompts = fields.get("Include in Image", ""), fields.get("Exclude from Image", "")
            record = PictureRecord(text.where, PROGRAM, once([named(fields.get("Model"))]), (), *prompts)
            yield begun_from(record, "a starting image" if fields.get("Starting Image") else "")


READER = RecordReader(PROGRAM, read, order=5)
