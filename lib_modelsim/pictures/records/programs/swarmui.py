"""SwarmUI's records: JSON with `sui_image_params`, in PNG's `parameters`, EXIF's UserComment (JPEG, WebP; in old
versions EXIF's Model) or the pixels' lowest bits.

`sui_models` has the hash of each model: "0x" and the SHA-256 of the file behind its header, which is the AutoV3 hash in
full. Source: mcmonkeyprojects/SwarmUI, docs/Image Metadata Format.md, T2IParamInput.cs (`GenFullMetadataObject`),
T2IModel.cs (`GetOrGenerateTensorHashSha256`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..form import AUTOV3, Named, PictureRecord, begun_from, img2img_at, model_name, named, once, words
from ..registry import RecordReader
from ..texts import Texts

PROGRAM, _PARAMETERS = "SwarmUI", "sui_image_params"

_ALSO = {"refinermodel": "refiner", "segmentmodel": "segment's checkpoint"}
_NETWORKS = ("loras", "used_embeddings", "vae", "controlnetmodel")


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one."""
    for text, document in texts.objects():
        settings = document.get(_PARAMETERS)
        if isinstance(settings, dict):
            yield _record(settings, _hashes(document.get("sui_models")), text.where)


def _record(settings: Mapping[str, Any], hashes: Mapping[str, Any], where: str) -> PictureRecord:
    def model(value: object, role: str = "") -> Named | None:
        name = words(value)
        return None if name.startswith("(") else _tensors(name, hashes.get(model_name(name)), role)  # "(Use Base)"

    also = [model(settings.get(key), role) for key, role in _ALSO.items()]
    networks = [model(each) for key in _NETWORKS for each in _listed(settings.get(key))]
    prompts = words(settings.get("prompt")), words(settings.get("negativeprompt"))
    main = once([model(settings.get("model"))])
    record = PictureRecord(where, PROGRAM, main, once(networks), *prompts, also=once(also))
    return begun_from(record, img2img_at(settings.get("initimagecreativity")))


def _hashes(listed: object) -> dict[str, Any]:
    """Name → hash of every model that was used; there only where a setting of the server asks for it."""
    models = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {model_name(words(each.get("name"))): each.get("hash") for each in models}


def _tensors(name: str, hash: object, role: str) -> Named | None:
    digits = words(hash).removeprefix("0x")
    return named(name, f"{AUTOV3}:{digits}" if digits else None, role=role)


def _listed(value: object) -> list[object]:
    """A list, which stands as one or as a text with commas."""
    return value if isinstance(value, list) else words(value).split(",") if words(value) else []


READER = RecordReader(PROGRAM, read, order=1)
