"""InvokeAI's records, from its first version on.

`invokeai_metadata` (3 and later) names the model with a hash whose algorithm stands before it, "blake3:…"; the graph in
`invokeai_graph` names it once more, and alone where a workflow wrote no metadata. `sd-metadata` (1.15 to 2.3) names a
model of InvokeAI's own list. `Dream` (before) has the prompt and no model. Source: invoke-ai/InvokeAI,
app/invocations/metadata.py, backend/model_hash/model_hash.py, backend/image_util/pngwriter.py; 2.3's model_manager.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..form import UNCERTAIN, Named, PictureRecord, begun_from, json_object, named, once, words
from ..registry import RecordReader
from ..texts import Text, Texts

PROGRAM, _PROMPT = "InvokeAI", "positive_prompt"

_DREAM = re.compile(r'\s*"((?:[^"\\]|\\.)*)"((?:\s+-.*)?)', re.DOTALL)
_NEGATIVE = re.compile(r"\[([^\[\]]+)\]")
"""What stands in brackets in a prompt of version 2 is the negative one."""

_NO_HASH = "random:"
"""The digits behind this are none of the file: InvokeAI can be told not to read it."""

_WORK = re.compile("img2img|inpaint|outpaint")

_OF_FOLDERS = (2, 3)
"""From this version on `sd-metadata` has the SHA-256 of all files of a folder, where the model was one."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text; a graph only where nothing else names the model."""
    found = [
        record
        for text, document in texts.objects()
        for record in (_of_version_2(document, text.where) or _of_metadata(document, text),)
        if record is not None
    ]
    if not any(record.checkpoints for record in found):
        found += [record for text, document in texts.objects() if (record := _of_graph(document, text.where))]
    if not any(record.prompt for record in found):
        found += [record for text in texts.named("Dream") if (record := _of_dream(text.text, text.where))]
    yield from found


def _of_metadata(document: Mapping[str, Any], text: Text) -> PictureRecord | None:
    """Version 3 and later: settings beside a model that is an object of its own."""
    inner = document.get("invokeai_metadata")  # of a picture that another tool saved as JPEG or WebP
    document = inner if isinstance(inner, dict) else json_object(inner) if isinstance(inner, str) else document
    known = text.keyword == "invokeai_metadata" or inner is not None or {"generation_mode", _PROMPT} <= set(document)
    if not (known or ("app_version" in document and isinstance(document.get("model"), dict))):
        return None
    model = _model(document.get("model"))
    refiner = _model(document.get("refiner_model"), "refiner")
    listed = document.get("loras")
    loras = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    networks = [_model(each.get("model") or each.get("lora")) for each in loras] + [_model(document.get("vae"))]
    prompts = [words(document.get(f"{kind}_prompt")) for kind in ("positive", "negative")]
    record = PictureRecord(text.where, PROGRAM, once([model]), once(networks), *prompts, also=once([refiner]))
    return begun_from(record, _work(document.get("generation_mode")))


def _work(mode: object) -> str:
    """What a mode ("sdxl_img2img", "inpaint", "flux_outpaint") makes a picture from another one by; "" for none."""
    found = _WORK.search(words(mode))
    return f"{found[0]}ing" if found and found[0].endswith("paint") else found[0] if found else ""


def _of_version_2(document: Mapping[str, Any], where: str) -> PictureRecord | None:
    if not isinstance(document.get("model_weights"), str):
        return None
    hash = words(document.get("model_hash"))
    version = tuple(map(int, re.findall(r"\d+", words(document.get("app_version")))[:2]))
    if len(hash) == 64 and version >= _OF_FOLDERS:
        hash = f"{UNCERTAIN}:{hash}"
    image = document.get("image")
    prompt = image.get("prompt") if isinstance(image, dict) else ""
    if isinstance(prompt, list):
        prompt = prompt[0].get("prompt") if prompt and isinstance(prompt[0], dict) else ""
    model = named(document["model_weights"], hash)
    record = PictureRecord(where, PROGRAM, once([model]), (), *_prompts(words(prompt)))
    return begun_from(record, _work(image.get("type")) if isinstance(image, dict) else "")


def _of_dream(text: str, where: str) -> PictureRecord | None:
    found = _DREAM.fullmatch(text)
    return PictureRecord(where, PROGRAM, (), (), *_prompts(found[1].replace('\\"', '"'))) if found else None


def _of_graph(document: Mapping[str, Any], where: str) -> PictureRecord | None:
    """The models that a graph's loaders name: `nodes` is id → node in a graph, a list in a workflow."""
    nodes = document.get("nodes")
    listed = list(nodes.values()) if isinstance(nodes, dict) else nodes if isinstance(nodes, list) else []
    main: list[Named | None] = []
    refiners: list[Named | None] = []
    networks: list[Named | None] = []
    for node in listed:
        kind, model = _loader(node)
        if kind.endswith("refiner_model_loader"):
            refiners.append(_model(model, "refiner"))
        elif kind.endswith("model_loader") and "vae" not in kind:
            main.append(_model(model))
        elif "lora" in kind:
            networks.append(_model(model))
    if not any(main):
        return None
    return PictureRecord(where, PROGRAM, once(main), once(networks), also=once(refiners))


def _loader(node: object) -> tuple[str, object]:
    """The type of a graph's node and the model that it loads; of a workflow's node, where its inputs have it."""
    data = node.get("data") if isinstance(node, dict) and isinstance(node.get("data"), dict) else node
    if not isinstance(data, dict):
        return "", None
    inputs = data.get("inputs")
    fields = inputs if isinstance(inputs, dict) else data
    model = fields.get("model") or fields.get("lora")
    value = model.get("value") if isinstance(model, dict) and "value" in model else model
    return words(data.get("type")), value


def _model(model: object, role: str = "") -> Named | None:
    if isinstance(model, dict):
        hash = words(model.get("hash"))
        known = [] if hash.startswith(_NO_HASH) else [hash if ":" in hash else f"{UNCERTAIN}:{hash}"]
        return named(model.get("name") or model.get("model_name"), *known, role=role)
    return named(model, role=role)


def _prompts(prompt: str) -> tuple[str, str]:
    negative = ", ".join(part.strip(" ,") for part in _NEGATIVE.findall(prompt))
    return " ".join(_NEGATIVE.sub("", prompt).split()), negative


READER = RecordReader(PROGRAM, read, marks=("invokeai_metadata", "invokeai_graph", "sd-metadata"), order=4)
