"""Prompts and infotexts → suites."""

from __future__ import annotations

import json
from dataclasses import replace

from ..errors import ModelsimError
from .recording import parameters_of
from .suite import Probe, Suite, from_document

_WORDS = 40
"""Characters of a prompt that name its probe."""


def suite_of_text(text: str, name: str, like: Suite) -> Suite:
    """A suite from whatever the text is: a suite's JSON, which keeps its own name where it has one, an infotext, or
    prompts, one a line, generated as the first probe of `like` is. Raises ModelsimError."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelsimError(
                "this is not the JSON of a suite", error, "correct it, or write one prompt per line"
            ) from error
        return from_document({"name": name, **document})
    if is_infotext(text):
        return Suite(name, (probe_of_infotext(text),), source="an infotext")
    prompts = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    digits = len(str(len(prompts)))
    first = like.probes[0]
    probes = tuple(
        replace(
            first,
            name=f"{number:0{digits}} {prompt[:_WORDS].strip()}",
            category="",
            parameters=replace(first.parameters, prompt=prompt),
        )
        for number, prompt in enumerate(prompts, 1)
    )
    return Suite(name, probes, source="prompts, one per line")


def is_infotext(text: str) -> bool:
    """Whether a text ends in the settings that the WebUI writes under a picture."""
    return text.strip().rpartition("\n")[2].lstrip().startswith("Steps: ")


def probe_of_infotext(text: str, name: str = "") -> Probe:
    """A probe that generates what a picture's infotext tells, in its size with every architecture; its name is the
    first words of the prompt unless it gets one. Raises ModelsimError where the text is none."""
    parameters = parameters_of(text)
    words = " ".join(parameters.prompt.split())[:_WORDS].strip()
    return Probe(name or words or "no prompt", replace(parameters, seed=1), (parameters.seed,))
