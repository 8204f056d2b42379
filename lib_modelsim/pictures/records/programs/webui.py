"""The WebUI's records: one text that ends in a line of settings, wherever it lies.

Many programs write this form; those that say so in it are named. Sources: AUTOMATIC1111 modules/processing.py,
SD.Next modules/processing_info.py, Forge backend/, Civitai's generator, ComfyUI-Image-Saver nodes.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from ..form import MOST, Named, PictureRecord, json_list, json_object, named, once, over_another
from ..infotext import parse
from ..registry import RecordReader
from ..texts import Texts
from . import civitai

PROGRAM = "WebUI"

OF_ANOTHER_PICTURE = ("original_parameters",)
"""Keywords of the infotext of the picture that this one was made from (PaddleNLP)."""

_PROGRAMS = (
    ("app", "SD.Next"),
    ("version", "Fooocus"),
    ("version", "ComfyUI"),
    ("version", "RuinedFooocus"),
    ("civitai metadata", ""),
)
"""Labels whose values begin with the name of the program; Civitai's generator is known by the label alone."""

_MARKS: Mapping[str, str] = {
    "steps": r"\d+(\.\d+)?",
    "sampler": r".+",
    "seed": r"-?\d+",
    "cfg scale": r"[\d.]+",
    "size": r"\d+ ?x ?\d+",
    "model hash": r"[0-9a-fA-F]{8,64}",
    "civitai resources": r"(?s:\[.*)",
}
"""Settings, in lower case, that every such record has some of, with their form: a prompt may look like some, too."""

_OWN, _NEVER_IN_PROSE = ("parameters", "UserComment"), {"model hash", "civitai resources"}
"""Keywords, and marks, with which two marks are enough: "Steps: 20, Sampler: Euler" stands in an article as well."""

_NETWORK_IN_PROMPT = re.compile(r"<(?:lora|lyco|hypernet):([^:<>]{1,200})[:>]")
_TITLE = re.compile(r"(.*?)\s*(?:\[([0-9a-fA-F]{8,64})\])?", re.DOTALL)
"""A checkpoint as the WebUI lists it: "folder/name.safetensors [0123456789]"."""

_PLOTTED = re.compile(r"^checkpoint name|^\[?model\b", re.IGNORECASE)
"""Type of a grid's axis whose values are checkpoints."""

_VALUE, _LONGEST = re.compile(r'"[^"]*"|[^,"]+'), 20_000
"""One value of an axis, and how many characters are read of all."""

_PARTS = {
    "refiner": "refiner",
    "hires checkpoint": "hires checkpoint",
    "adetailer checkpoint": "ADetailer checkpoint",
}
"""Label of a setting, in lower case, → the role of the checkpoint that it names."""

_NONE = (
    *("", "none", "use same checkpoint", "use same choices", "built in", "automatic", "default (model)"),
    *("unknown", "n/a", "null", "undefined"),
)
"""How programs say that no other file was used, or that they do not know which, in lower case."""

_INPAINTED = ("mask blur", "inpaint area", "masked content", "inpainting fill")
_HIRES = ("hires", "hr ", "first pass size", "second pass", "refine st")
"""Beginnings of labels that stand beside a denoising strength where it is that of a second pass."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each text that is one, whatever its keyword. One that is JSON is another program's, unless it has
    the WebUI's text as its "parameters"."""
    wrapped = {text: document.get("parameters") for text, document in texts.objects()}
    for text in texts:
        inner = wrapped.get(text, text.text)
        if isinstance(inner, str) and text.keyword not in OF_ANOTHER_PICTURE:
            record = of_infotext(inner, text.where, own=text.keyword in _OWN)
            if record is not None:
                yield record


def of_infotext(text: str, place: str, program: str | None = None, own: bool = True) -> PictureRecord | None:
    """The record of this text, written by this program where one knows; None for a text without settings, which may
    be anything. `own`: whether the place is one that programs write such texts to, and people none of theirs."""
    found = parse(text)
    settings: dict[str, str] = {}
    for label, value in found.settings.items():
        settings.setdefault(label.lower(), value)
    marks = {label for label, form in _MARKS.items() if re.fullmatch(form, settings.get(label, "").strip())}
    if len(marks) < (2 if own or marks & _NEVER_IN_PROSE else 3):
        return None
    hashes = dict(islice(json_object(settings.get("hashes", "")).items(), MOST))
    resources = json_list(settings.get("civitai resources", ""))[:MOST]
    main, further = _checkpoints(settings, hashes, resources)
    main = _plotted(settings, main) or main
    started = _started(settings)
    networks = _networks(found.prompt, settings, hashes) or civitai.networks(resources)
    return PictureRecord(
        place,
        program or _program(settings),
        main,
        networks,
        found.prompt,
        found.negative_prompt,
        text,
        (*_parts(settings), *further),
        "; ".join(filter(None, ("it is a grid of what these checkpoints draw" if len(main) > 1 else "", started))),
        bool(started),
    )


def _program(settings: Mapping[str, str]) -> str:
    for label, program in _PROGRAMS:
        if label in settings and settings[label].startswith(program):
            return program or civitai.PROGRAM
    return PROGRAM


def _checkpoints(
    settings: Mapping[str, str], hashes: Mapping[str, Any], resources: list[dict[str, Any]]
) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    """The checkpoint that drew the picture, and others of which nothing is said but that they had a part in it.

    "Hashes" has the main one's under "model", and all under "Model:NAME" where ComfyUI-Image-Saver wrote it.
    """
    keyed = {key.split(":", 1)[1]: value for key, value in hashes.items() if re.match(r"(?i)(model|checkpoint):", key)}
    stated = once([named(name, value) for name, value in keyed.items()])
    main = named(_nothing_if_none(settings.get("model", "")), settings.get("model hash"), hashes.get("model"))
    if main is None or not main.name:
        digits = main.hashes if main else ()
        same = [each for each in stated if set(each.hashes) & set(digits)] or stated
        known = same[0] if same else civitai.checkpoint(resources)
        main = replace(known, hashes=tuple(dict.fromkeys((*digits, *known.hashes)))) if known else main
    if main is None:
        return (), ()
    same = [each for each in stated if each.name.lower() == main.name.lower()]
    further = tuple(replace(each, role="further checkpoint") for each in stated if each not in same)
    return once([main, *(replace(each, name=main.name) for each in same)]), further


def _plotted(settings: Mapping[str, str], main: tuple[Named, ...]) -> tuple[Named, ...]:
    """The checkpoints of a grid whose record is that of its first cell; none where it plots something else.

    Source: AUTOMATIC1111 scripts/xyz_grid.py ("X Type: Checkpoint name", the values as typed).
    """
    axes = [axis for axis in "xyz" if _PLOTTED.search(settings.get(f"{axis} type", ""))]
    values = [value for axis in axes for value in _VALUE.findall(settings.get(f"{axis} values", "")[:_LONGEST])]
    titles = [found for value in values[:MOST] if (found := _TITLE.fullmatch(value.strip(' "'))) and found[1]]
    models = once([named(title[1], title[2]) for title in titles])
    return tuple(next((each for each in main if each.name == model.name), model) for model in models)


def _started(settings: Mapping[str, str]) -> str:
    """That the picture was perhaps begun elsewhere: img2img leaves a denoising strength alone, inpainting a mask's
    settings, too."""
    if any(label in settings for label in _INPAINTED):
        return over_another("inpainting")
    if any(label.startswith(_HIRES) for label in settings):
        return ""
    strength = re.fullmatch(r"0?\.\d+|0", settings.get("denoising strength", "").strip())
    return over_another(f"img2img at a strength of {strength[0]}") if strength else ""


def _parts(settings: Mapping[str, str]) -> tuple[Named, ...]:
    """The checkpoints that did a part of the work; ADetailer counts its passes: "ADetailer checkpoint 2nd" is of
    the second. Fooocus writes the refiner's hash as "Refiner hash"."""
    found = []
    for label, value in settings.items():
        role = _PARTS.get(re.sub(r" \d{1,3}(?:st|nd|rd|th)$", "", label))
        title = _TITLE.fullmatch(_nothing_if_none(value))
        if role is not None and title is not None and title[1]:
            found.append(named(title[1], title[2], settings.get(f"{label} hash"), role=role))
    return once(found)


def _networks(prompt: str, settings: Mapping[str, str], hashes: Mapping[str, Any]) -> tuple[Named, ...]:
    """LoRAs, embeddings, VAE and Forge's other files ("Module 1"), by name and hash where there is one."""
    listed = [
        pair.partition(":")[::2]
        for label in ("lora hashes", "ti hashes")
        for pair in settings.get(label, "").split(",", MOST)[:MOST]
    ]
    stated = [
        (key.split(":", 1)[1], value)
        for key, value in hashes.items()
        if re.match(r"(?i)(lora|lyco|embed|embedding|hypernet):", key)
    ]
    mentioned = [(match[1], None) for match in islice(_NETWORK_IN_PROMPT.finditer(prompt), MOST)]
    modules = [value for label, value in settings.items() if re.fullmatch(r"module \d+", label)]
    vae = (settings.get("vae", ""), settings.get("vae hash"))
    pairs = [*listed, *stated, *mentioned, *((module, None) for module in modules), vae]
    return once([named(_nothing_if_none(name), _digits(hash)) for name, hash in pairs])


def _digits(hash: object) -> str | None:
    """A hash without what stands behind it: Fooocus once wrote "name: hash: weight"."""
    return hash.partition(":")[0].strip() if isinstance(hash, str) else None


def _nothing_if_none(value: str) -> str:
    return "" if value.strip().lower() in _NONE else value.strip()


READER = RecordReader(PROGRAM, read, order=2)
