"""The record of PaddleNLP's and PPDiffusers' notebooks: a setting a line in PNG's `parameters`, or a text for each.

    prompt, on as many lines as it has
    Negative prompt: likewise
    Steps: 50
    Seed: 1
    model_name: runwayml/stable-diffusion-v1-5

`original_parameters` is the record of the picture that this one was made from. Source: `serialize_to_pnginfo` in
png_info_helper.py of the Paddle notebooks' ui.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..form import PictureRecord, named, once
from ..registry import RecordReader
from ..texts import Texts

PROGRAM = "PaddleNLP"

_LINE = re.compile(r"(Negative prompt|Steps|Sampler|CFG scale|Strength|Seed|\w+): ?(.*)")
_PROMPT, _NEGATIVE = "prompt", "negative_prompt"
_OWN = ("num_inference_steps", "max_embeddings_multiples", "epoch_time", "skip_parsing")
"""Settings of which those that are texts of their own have some."""


def read(texts: Texts) -> Iterator[PictureRecord]:
    """The record of each place that has one, in either form."""
    for place, found in texts.by_place().items():
        if "model_name" in found and any(key in found for key in _OWN):
            yield _of(found, f"{place} “model_name”")
        elif "parameters" in found and found.get("Software", "").startswith(PROGRAM):
            yield _of(_settings(found["parameters"]), f"{place} “parameters”")


def _of(settings: dict[str, str], place: str) -> PictureRecord:
    main = named(settings.get("model_name"))
    return PictureRecord(place, PROGRAM, once([main]), (), settings.get(_PROMPT, ""), settings.get(_NEGATIVE, ""))


def _settings(text: str) -> dict[str, str]:
    """Label → value; a line without a label goes on with the prompt before it. Of a label that comes twice the last
    counts: the prompts come first and may hold anything."""
    found = {_PROMPT: ""}
    current = _PROMPT
    for line in text.splitlines():
        label = _LINE.fullmatch(line)
        if label and (label[1] == "Negative prompt" or current == "" or label[1] in ("Steps", "Sampler", "Seed")):
            current = _NEGATIVE if label[1] == "Negative prompt" else ""
            found[current or label[1]] = label[2]
        elif current:
            found[current] = f"{found[current]}\n{line}".lstrip("\n")
    return found


READER = RecordReader(PROGRAM, read, order=1)
