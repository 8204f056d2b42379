"""ComfyUI's record: the graph that generated the picture, as JSON.

`prompt` is what was run, `workflow` what the editor showed. ComfyUI writes both as PNG texts, and in WebP "prompt:{…}"
into EXIF's Model and "workflow:{…}" into Make. Others put both into one object (Save Image Plus), or the graph alone
where an infotext stands elsewhere (Civitai, with "extraMetadata"). What drew the picture: `comfy.drawn`.
Source: ComfyUI, nodes.py (`SaveImage`) and comfy_extras/nodes_images.py (`SaveAnimatedWEBP`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..form import Named, PictureRecord, json_object
from ..registry import RecordReader
from ..texts import Text, Texts
from . import civitai
from .comfy import editor
from .comfy.drawn import drawn
from .comfy.graph import Graph, of_prompt
from .comfy.texts import networks, prompts

PROGRAM = "ComfyUI"
CIVITAI = "Civitai (ComfyUI)"

_CIVITAI_KEYS = ("extraMetadata", "resource-stack")


def read(texts: Texts) -> list[PictureRecord]:
    """The graphs that were run; what the editor showed, which need not be what was run, only where those tell no
    model."""
    run: list[PictureRecord] = []
    shown: list[PictureRecord] = []
    for text in texts.named("prompt", "workflow"):
        if text.text.lstrip().startswith(("{", "[")):
            texts.document(text)  # one that is torn is told
    for text, document in texts.objects():
        for graph, more, was_run in _graphs(document):
            (run if was_run else shown).append(_record(graph, text, more))
    told = any(record.checkpoints or record.also for record in run)
    return run if told else run + [record for record in shown if record.checkpoints or record.also or not run]


def _graphs(document: dict[str, Any]) -> Iterator[tuple[Graph, dict[str, Any], bool]]:
    """The graphs in a document, with what stands beside them, and whether each is the one that was run."""
    graph = of_prompt(document)
    if graph is not None:
        yield graph, document, True
        return
    graph = editor.of_workflow(document)
    if graph is not None:
        yield graph, {}, False
        return
    wrapped = {key.lower(): _object(inner) for key, inner in document.items() if isinstance(key, str)}
    graph = of_prompt(wrapped.get("prompt"))
    if graph is not None:
        yield graph, wrapped["prompt"], True
    graph = editor.of_workflow(wrapped.get("workflow"))
    if graph is not None:
        yield graph, {}, False


def _object(inner: object) -> dict[str, Any]:
    """An object that stands in another, or in a text in it."""
    if isinstance(inner, str) and inner.lstrip().startswith("{"):
        return json_object(inner)
    return inner if isinstance(inner, dict) else {}


def _record(graph: Graph, text: Text, more: dict[str, Any]) -> PictureRecord:
    found = drawn(graph)
    by_civitai = any(key in more for key in _CIVITAI_KEYS)
    record = PictureRecord(
        text.where,
        CIVITAI if by_civitai else PROGRAM,
        found.checkpoints,
        networks(graph, found.through),
        *prompts(graph, found.sampler),
        also=found.also,
        remark=found.remark,
        over=found.over,
    )
    return _with_civitai(record, _object(more.get("extraMetadata"))) if by_civitai else record


# Civitai


def _with_civitai(record: PictureRecord, told: dict[str, Any]) -> PictureRecord:
    """The record with what Civitai tells beside the graph: prompts, and the versions of the models by their numbers.

    A graph of Civitai that only scales a picture up has the original picture's settings there and nowhere else.
    """
    resources = told.get("resources")
    versions = [
        str(each["modelVersionId"])
        for each in (resources if isinstance(resources, list) else [])
        if isinstance(each, dict) and isinstance(each.get("modelVersionId"), (int, str))
    ]
    checkpoints, remark = record.checkpoints, record.remark
    if not checkpoints and len(versions) == 1:
        checkpoints = (Named(f"model version {versions[0]}", alias=civitai.NUMBER),)
    elif not checkpoints and versions:
        remark = f"Civitai's versions {', '.join(versions[:5])} were used: one of a checkpoint, the others of LoRAs"
    elif [each.name for each in checkpoints if _version(each.name) in versions]:
        remark = ""  # the picture that was loaded was drawn by the same model
    texts = [told.get(key) for key in ("prompt", "negativePrompt")]
    prompt, negative = (text if isinstance(text, str) else "" for text in texts)
    return PictureRecord(
        record.place,
        record.program,
        checkpoints,
        record.networks,
        record.prompt or prompt,
        record.negative_prompt or negative,
        also=record.also,
        remark=remark,
        over=record.over and remark == record.remark,
    )


def _version(name: str) -> str:
    """The version's number in a URN: "urn:air:sdxl:checkpoint:civitai:101055@128078"."""
    found = re.fullmatch(r"urn:air:.*@([0-9]+)", name)
    return found[1] if found else ""


READER = RecordReader(PROGRAM, read, ("workflow",), order=2)
"""`prompt` is a keyword of others, too."""
