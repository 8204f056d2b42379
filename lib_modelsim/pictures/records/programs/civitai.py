"""What Civitai's generator and those who write like it say of models: "Civitai resources", a list of JSON objects in an
infotext.

    {"type": "checkpoint", "modelVersionId": 128078, "modelName": "SDXL", "modelVersionName": "v1.0"}
    {"modelName": "EasyNegative", "versionName": "pt", "weight": 1.0, "air": "urn:air:sd1:embedding:civitai:7808@9536"}

The second form is ComfyUI-Image-Saver's. Names are titles that people gave, no files' names.
"""

from __future__ import annotations

import re
from typing import Any

from ..form import TITLE, Named, named, once

PROGRAM = "Civitai"

NUMBER = "Civitai's number"
"""Alias of a version that is told by its number alone."""


def checkpoint(resources: list[dict[str, Any]]) -> Named | None:
    """The checkpoint of the list; the first, where it has several."""
    return next((found for each in resources if _kind(each) == "checkpoint" and (found := _named(each))), None)


def networks(resources: list[dict[str, Any]]) -> tuple[Named, ...]:
    """All that is no checkpoint and generates: LoRAs, embeddings, VAE."""
    return once([_named(each) for each in resources if _kind(each) not in ("checkpoint", "upscaler")])


def _kind(resource: dict[str, Any]) -> str:
    """As it says, or as its identifier does: "urn:air:sdxl:checkpoint:civitai:…"."""
    said = resource.get("type")
    parts = str(resource.get("air", "")).split(":")
    return (said if isinstance(said, str) else parts[3] if len(parts) > 3 else "").lower()


def _named(resource: dict[str, Any]) -> Named | None:
    """By its title and version, else by the number of the version, which is all that the generator once wrote."""
    digits = (resource.get("modelVersionHash"), resource.get("hash"))
    version = resource.get("modelVersionName") or resource.get("versionName")
    title, air, number = resource.get("modelName"), resource.get("air"), resource.get("modelVersionId")
    if isinstance(title, str) and title.strip():
        return named(title, *digits, alias=TITLE, version=version)
    if isinstance(air, str) and re.match("urn:", air):
        return named(air, *digits)
    shown = f"model version {number}" if isinstance(number, int) else ""
    return named(shown, *digits, alias=NUMBER if shown else "")
