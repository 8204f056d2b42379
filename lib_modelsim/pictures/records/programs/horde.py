"""Records of the AI Horde's programs: JSON with `worker` and `requestId` (HordeNG), or a text like the WebUI's whose
settings have `model` in lower case (ArtBot).

The model is a name of the Horde's own list, computed by somebody's computer: no hash, and mostly no file's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..form import PictureRecord, named, once, words
from ..infotext import parse
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "AI Horde"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one."""
    for text, document in texts.objects():
        if isinstance(document.get("worker"), dict) and "requestId" in document:
            prompts = words(document.get("prompt")), words(document.get("negativePrompt"))
            yield PictureRecord(text.where, PROGRAM, once([named(document.get("model"))]), (), *prompts)
    for text in texts:
        if ", model: " not in text.text:
            continue
        found = parse(text.text)
        if found.settings.get("Sampler", "").startswith("k_") and "Model" not in found.settings:
            model = named(found.settings.get("model"))
            yield PictureRecord(text.where, PROGRAM, once([model]), (), found.prompt, found.negative_prompt)


READER = RecordReader(PROGRAM, read, order=0)  # before the WebUI, which would find no model in such a text
