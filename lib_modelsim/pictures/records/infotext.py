"""The WebUI's record of how a picture was made, the "parameters" text that it carries.

    prompt, on as many lines as it has
    Negative prompt: likewise
    Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, Lora hashes: "one: 12ab, two: 34cd"

Source: AUTOMATIC1111 modules/infotext_utils.py (`parse_generation_parameters`, `quote`) and modules/processing.py
(`create_infotext`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

NEGATIVE = "Negative prompt:"

# a label begins where such characters begin: tried at each of them, a long text without a colon would take long
_LABEL = re.compile(r"(?<![\w \-/])[ \-/]*(\w[\w \-/]+):\s*")
_QUOTED = re.compile(r'"(?:\\.|[^\\"])*"(?=\s*(?:,|$))')
_PLAIN = re.compile(r"[^,\n]*")
_NEXT = re.compile(r"[,\n]")
_STEPS = re.compile(r"(?<!\S)Steps: ?\d+(?:\.\d+)?(?=\s*,)")

FEWEST = 3
"""A last line with fewer settings than this belongs to the prompt, as the WebUI has it."""

_MOST = 2000
"""Settings that are read of one text: the WebUI writes some dozens."""


@dataclass(frozen=True)
class Infotext:
    """`settings` are label → value in their order, the values unquoted, otherwise the text as it stands."""

    prompt: str = ""
    negative_prompt: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Infotext:
    """Read an infotext. Never fails: what is no settings line is prompt, what is no setting on that line is skipped.

    As in the WebUI every line loses the white space around it. Beyond the WebUI: JSON that stands unquoted (Civitai's
    "Civitai resources: […]") is one value; lines behind the settings belong to them (extensions and people add some);
    a text whose lines were joined on the way is taken apart; of a label that comes twice the first counts, which is
    the WebUI's own.
    """
    lines, line = _apart(text)
    settings: dict[str, str] = {}
    for label, value in islice(_settings(line), _MOST):
        settings.setdefault(label, value)
    if len(settings) < FEWEST:
        lines, settings = text.strip().split("\n"), {}
    lines = [line.strip() for line in lines]
    start = next((i for i, line in enumerate(lines) if line.startswith(NEGATIVE)), len(lines))
    negative = [line.removeprefix(NEGATIVE).strip() for line in lines[start:]]
    return Infotext(_text(lines[:start]), _text(negative), settings)


def _apart(text: str) -> tuple[list[str], str]:
    """The lines of the prompts, and the settings: the last line, or the last that tells the steps and all behind it."""
    lines = text.strip().split("\n")
    if not _STEPS.search(lines[-1]):
        told = next((at for at in range(len(lines) - 1, -1, -1) if _STEPS.match(lines[at].lstrip())), len(lines) - 1)
        return lines[:told], "\n".join(lines[told:])
    return _joined(lines)


def _joined(lines: list[str]) -> tuple[list[str], str]:
    """The same where the last line has the prompts, too: they were several lines once."""
    *before, last = lines
    prompt, colon, rest = last.partition(NEGATIVE)
    steps = _STEPS.search(rest) if colon else _STEPS.search(last)
    if steps is None or _STEPS.match(last.lstrip()) or (not colon and re.search(r"\w: ", last[: steps.start()])):
        return before, last
    if colon:
        return [*before, prompt, NEGATIVE + rest[: steps.start()]], rest[steps.start() :]
    return [*before, last[: steps.start()]], last[steps.start() :]


def write(record: Infotext) -> str:
    """The record as the WebUI writes it."""
    settings = ", ".join(f"{label}: {quote(value)}" for label, value in record.settings.items())
    negative = f"{NEGATIVE} {record.negative_prompt}" if record.negative_prompt else ""
    return "\n".join(part for part in (record.prompt, negative, settings) if part).strip()


def quote(value: str) -> str:
    """A value as it stands on the settings line: as JSON where it would otherwise not be read back."""
    if value and not re.search(r"[,:\n]", value) and value == value.strip() and value[0] not in '"[{':
        return value
    return json.dumps(value, ensure_ascii=False)


def _text(lines: list[str]) -> str:
    """The lines as one text; as in the WebUI, empty ones before the first word are left out."""
    return "\n".join(lines).lstrip("\n")


def _settings(line: str) -> Iterator[tuple[str, str]]:
    """Label and value of every setting on the last line."""
    position = 0
    while label := _LABEL.search(line, position):
        value, position = _value(line, label.end())
        yield label[1], value
        behind = _NEXT.search(line, position)
        position = behind.end() if behind else len(line)


def _value(line: str, start: int) -> tuple[str, int]:
    """The value that begins here, and where it ends."""
    if quoted := _QUOTED.match(line, start):
        try:
            return str(json.loads(quoted[0])), quoted.end()
        except json.JSONDecodeError:
            return quoted[0], quoted.end()
    if line[start : start + 1] in ("{", "["):
        with suppress(json.JSONDecodeError, RecursionError):  # no JSON after all: up to the next comma, as all else
            _, end = json.JSONDecoder().raw_decode(line, start)
            return line[start:end], end
    plain = _PLAIN.match(line, start)
    return plain[0], plain.end()
