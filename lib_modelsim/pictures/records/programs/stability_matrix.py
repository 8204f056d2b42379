"""StabilityMatrix's record: PNG's `parameters-json`, beside the WebUI's infotext and ComfyUI's graph, which it runs.

Source: LykosAI/StabilityMatrix StabilityMatrix.Avalonia/Helpers/PngDataHelper.cs and
StabilityMatrix.Core/Models/GenerationParameters.cs.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..form import PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts
from .webui import of_infotext

PROGRAM, KEYWORD = "StabilityMatrix", "parameters-json"


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The infotext of a place that has such a text, too; the JSON where there is no infotext."""
    found = [(text, document) for text, document in texts.objects() if {"ModelName", "ModelHash"} <= document.keys()]
    places = {text.place for text, _ in found}
    infotexts = [
        record
        for text in texts.named("parameters")
        if text.place in places and (record := of_infotext(text.text, text.where, PROGRAM))
    ]
    yield from infotexts
    for text, document in found if not infotexts else ():
        words = [document.get(key) for key in ("PositivePrompt", "NegativePrompt")]
        prompts = [word if isinstance(word, str) else "" for word in words]
        main = named(document["ModelName"], document["ModelHash"])
        yield PictureRecord(text.where, PROGRAM, once([main]), (), *prompts)


READER = RecordReader(PROGRAM, read, marks=(KEYWORD, "smproj"), order=1)
