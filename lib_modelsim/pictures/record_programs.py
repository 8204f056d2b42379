"""The records of the programs that write one text or one document: WebUI, NovelAI, InvokeAI, and our own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .infotext import Infotext, parse
from .record_form import Named, PictureRecord, named, once

_NETWORK_IN_PROMPT = re.compile(r"<(?:lora|lyco|hypernet):([^:<>]{1,200})[:>]")
_REFINER = re.compile(r"(.*?)\s*(?:\[([0-9a-fA-F]{8,64})\])?")


def of_infotext(text: str, place: str) -> PictureRecord | None:
    """The WebUI's record; None for a text without settings, which may be anything."""
    found = parse(text)
    if "Steps" not in found.settings and "Model" not in found.settings:
        return None
    settings, hashes = found.settings, _object(found.settings.get("Hashes", ""))
    main = named(settings.get("Model"), settings.get("Model hash"), hashes.get("model"))
    resources = _list(settings.get("Civitai resources", ""))
    if main is None:
        stated = (each for each in resources if each.get("type") == "checkpoint")
        main = next((named(each.get("modelName"), each.get("modelVersionHash")) for each in stated), None)
    refiner = _REFINER.fullmatch(settings.get("Refiner", ""))
    second = named(refiner[1], refiner[2]) if refiner else None
    networks = _networks(found, hashes)
    return PictureRecord(place, "WebUI", once([main, second]), networks, found.prompt, found.negative_prompt, text)


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


def of_novelai(texts: Mapping[str, str], place: str) -> PictureRecord | None:
    """NovelAI's: `Source` names the model and ends in its hash, `Comment` is JSON with the settings."""
    if not texts.get("Software", "").startswith("NovelAI"):
        return None
    name, _, last = texts.get("Source", "").strip().rpartition(" ")
    model = named(name, last) if re.fullmatch("[0-9A-Fa-f]{8}", last) else named(texts.get("Source"))
    comment = _object(texts.get("Comment", ""))
    prompt, negative = comment.get("prompt"), comment.get("uc")
    return PictureRecord(
        place,
        "NovelAI",
        once([model]),
        (),
        prompt if isinstance(prompt, str) else texts.get("Description", ""),
        negative if isinstance(negative, str) else "",
    )


def of_invokeai(document: object, place: str) -> PictureRecord | None:
    """InvokeAI's `invokeai_metadata` (3 and later) or `sd-metadata` (2); None where the document is neither."""
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("model_weights"), str):
        return PictureRecord(place, "InvokeAI", once([named(document["model_weights"], document.get("model_hash"))]))
    model = document.get("model")
    if not isinstance(model, dict):
        return None
    name = model.get("name") or model.get("model_name")
    listed = document.get("loras")
    loras = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    inner = [lora.get("model") or lora.get("lora") for lora in loras]
    networks = once([named(each.get("name") or each.get("model_name")) for each in inner if isinstance(each, dict)])
    prompts = [document.get(key) for key in ("positive_prompt", "negative_prompt")]
    words = [prompt if isinstance(prompt, str) else "" for prompt in prompts]
    return PictureRecord(place, "InvokeAI", once([named(name, model.get("hash"))]), networks, *words)


def of_gallery(document: object, place: str) -> PictureRecord | None:
    """Our own, which a gallery's pictures carry beside the infotext: the checkpoint's whole SHA-256."""
    if not isinstance(document, dict) or not isinstance(document.get("checkpoint"), str):
        return None
    model = named(document.get("checkpoint_name"), document["checkpoint"])
    return PictureRecord(place, "modelsim", once([model]))


def _object(text: str) -> dict[str, Any]:
    found = _json(text)
    return found if isinstance(found, dict) else {}


def _list(text: str) -> list[dict[str, Any]]:
    found = _json(text)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _json(text: str) -> object:
    """Parsed JSON; None for what is none: these are settings among others."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
