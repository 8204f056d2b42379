"""The records of Fooocus and its forks (FooocusPlus, SimpleSDXL, RuinedFooocus …).

JSON in PNG's `parameters` or `Comment`, or in the UserComment that Fooocus puts into EXIF's first IFD; Fooocus's other
scheme is the WebUI's infotext in the same places. Sources: lllyasviel/Fooocus modules/meta_parser.py,
metercai/SimpleSDXL modules/private_logger.py, DavidDragonsage/FooocusPlus modules/meta_parser.py,
runew0lf/RuinedFooocus modules/async_worker.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..form import MOST, Named, PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts
from .webui import of_infotext

PROGRAM = "Fooocus"

_SCHEME = "fooocus_scheme"

_OWN = ("metadata_scheme", "performance", "sharpness", "styles", "refiner_model", "backend_engine", "base_model_hash")
"""Keys of which a record of one of these programs has some, beside the base model."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each JSON that is one, and each infotext in a place that Fooocus signed."""
    for text, document in texts.objects():
        record = of_document(document, text.where)
        if record is not None:
            yield record
    signed = {place: _signature(found) for place, found in texts.by_place().items()}
    for text in texts:
        if signed[text.place]:
            record = of_infotext(text.text, text.where, signed[text.place])
            if record is not None:
                yield record


def _signature(found: Mapping[str, str]) -> str:
    """The program that signed the texts of a place; nothing where none of these did."""
    by_software = re.match(r"\w*Fooocus\w*|SimpleSDXL\w*", found.get("Software", ""))
    return by_software[0] if by_software else PROGRAM if _SCHEME in found else ""


def of_document(document: Mapping[str, Any], place: str) -> PictureRecord | None:
    """None where the document is another program's. Fooocus writes "base_model", its scheme "simple" "Base Model"."""
    keys = {key.lower().replace(" ", "_"): value for key, value in document.items()}
    base = keys.get("base_model") or keys.get("base_model_name")
    by_ruined = keys.get("software") == "RuinedFooocus"
    if not isinstance(base, str) or not (by_ruined or any(key in keys for key in _OWN)):
        return None
    main = named(base, keys.get("base_model_hash"))
    refiner = _other(keys, "refiner_model", "refiner")
    prompts = (keys.get("prompt"), keys.get("negative_prompt") or keys.get("negative"))
    texts = [prompt if isinstance(prompt, str) else "" for prompt in prompts]
    program = "RuinedFooocus" if by_ruined else _program(keys.get("version"))
    return PictureRecord(place, program, once([main]), _networks(keys), *texts, also=once([refiner]))


def _program(version: object) -> str:
    """A fork writes its own name and version: "FooocusPlus 1.0.0"."""
    name = re.match(r"[A-Za-z]{3,}", version) if isinstance(version, str) else None
    return name[0] if name else PROGRAM


def _other(keys: Mapping[str, Any], key: str, role: str = "") -> Named | None:
    """A file besides the base model, where one was used: "None" and "Default (model)" are none."""
    name = keys.get(key)
    used = isinstance(name, str) and name not in ("None", "Default (model)")
    return named(name, keys.get(f"{key}_hash"), role=role) if used else None


def _networks(keys: Mapping[str, Any]) -> tuple[Named, ...]:
    """LoRAs and the VAE.

    Fooocus: [name, weight, hash]; before: "lora_combined_1": "name : weight", "LoRA 1" in the scheme "simple";
    RuinedFooocus: [hash, "weight - name"].
    """
    listed = keys.get("loras")
    found = [_lora(each) for each in listed[:MOST]] if isinstance(listed, list) else []
    numbered = (value for key, value in keys.items() if re.fullmatch(r"lora_(combined_)?\d+", key))
    found += [named(str(value).rpartition(" : ")[0] or value) for value in islice(numbered, MOST)]
    return once([*found, _other(keys, "vae")])


def _lora(each: object) -> Named | None:
    if isinstance(each, dict):
        return named(each.get("name"), each.get("hash"))
    if not isinstance(each, list) or not each:
        return None
    if len(each) == 2 and isinstance(each[1], str):
        return named(each[1].partition(" - ")[2], each[0])
    return named(*each[:1], *each[2:])


READER = RecordReader(PROGRAM, read, marks=(_SCHEME,), order=1)
