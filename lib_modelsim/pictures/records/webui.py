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
_TITLE = re.compile(r"(.*?)\s*(?:\[([0-9a-fA-F]{8,64})\])?", re.DOTALL)
"""A checkpoint as the WebUI lists it: "folder/name.safetensors [0123456789]"."""

_PARTS = {
    "Refiner": "refiner",
    "Hires checkpoint": "hires checkpoint",
    "ADetailer checkpoint": "ADetailer checkpoint",
}
"""Label of a setting → the role of the checkpoint that it names."""

_SAME = ("", "None", "Use same checkpoint")
"""How the WebUI and ADetailer say that no other checkpoint was used."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one, whatever its keyword; one that is JSON is another program's."""
    documents = {text for text, _ in texts.objects()}
    for text in texts:
        is_json = text in documents
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
    networks = _networks(found, hashes)
    return PictureRecord(
        place, PROGRAM, once([main]), networks, found.prompt, found.negative_prompt, text, _parts(settings)
    )


def _parts(settings: Mapping[str, str]) -> tuple[Named, ...]:
    """The checkpoints that did a part of the work; ADetailer counts its passes: "ADetailer checkpoint 2nd" is of
    the second."""
    found = []
    for label, value in settings.items():
        role = _PARTS.get(re.sub(r" \d{1,3}(?:st|nd|rd|th)$", "", label))
        title = _TITLE.fullmatch(value.strip())
        if role is not None and title is not None and value.strip() not in _SAME:
            found.append(named(title[1], title[2], role=role))
    return once(found)


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
