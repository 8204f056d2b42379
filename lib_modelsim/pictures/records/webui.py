"""The WebUI's records: one text, in PNG's `parameters` or EXIF's UserComment, that ends in a line of settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .form import Named, PictureRecord, json_list, json_object, named, once
from .infotext import Infotext, parse
from .registry import RecordReader
from .texts import Texts

PROGRAM = "WebUI"

_NETWORK_IN_PROMPT = re.compile(r"<(?:lora|lyco|hypernet):([^:<>]{1,200})[:>]")
_REFINER = re.compile(r"(.*?)\s*(?:\[([0-9a-fA-F]{8,64})\])?")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one, whatever its keyword; one that is JSON is another program's."""
    for text in texts.free():
        is_json = text.text.lstrip().startswith("{") and texts.document(text) is not None
        record = None if is_json else of_infotext(text.text, text.where)
        if record is not None:
            yield record


def of_infotext(text: str, place: str) -> PictureRecord | None:
    """The WebUI's record; None for a text without settings, which may be anything."""
    found = parse(text)
    if "Steps" not in found.settings and "Model" not in found.settings:
        return None
    settings, hashes = found.settings, json_object(found.settings.get("Hashes", ""))
    main = named(settings.get("Model"), settings.get("Model hash"), hashes.get("model"))
    resources = json_list(settings.get("Civitai resources", ""))
    if main is None:
        stated = (each for each in resources if each.get("type") == "checkpoint")
        main = next((named(each.get("modelName"), each.get("modelVersionHash")) for each in stated), None)
    refiner = _REFINER.fullmatch(settings.get("Refiner", ""))
    second = named(refiner[1], refiner[2]) if refiner else None
    networks = _networks(found, hashes)
    return PictureRecord(place, PROGRAM, once([main, second]), networks, found.prompt, found.negative_prompt, text)


def _networks(found: Infotext, hashes: Mapping[str, Any]) -> tuple[Named, ...]:
    """LoRAs, embeddings and VAE, by name and hash where there is one."""
    listed = [
        pair.partition(":")[::2]
        for label in ("Lora hashes", "TI hashes")
        for pair in found.settings.get(label, "").split(",")
    ]
    stated = [(key.split(":", 1)[1], value) for key, value in hashes.items() if key.startswith(("lora:", "embed:"))]
    mentioned = [(name, None) for name in _NETWORK_IN_PROMPT.findall(found.prompt)]
    vae = named(found.settings.get("VAE"), found.settings.get("VAE hash"))
    pairs = [*listed, *stated, *mentioned]
    return once([*(named(name, hash.strip() if isinstance(hash, str) else None) for name, hash in pairs), vae])


READER = RecordReader(PROGRAM, read, order=1)
