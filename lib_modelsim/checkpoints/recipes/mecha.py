"""sd-mecha's recipe, `mecha_recipe`: one instruction a line, of which `&3` is the fourth.

Source: ljleb/sd-mecha, sd_mecha/recipe_serializer.py (0.0.x, without a first line `version`, paths as they are) and
sd_mecha/serialization.py (1.x, `version 0.1.0`, in which a backslash stands before a quote or a backslash).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .steps import MergeCall, MergeSteps, bounded, file_name

KEY = "mecha_recipe"

_LARGEST = 1 << 20
"""Characters that are looked at; a recipe of a hundred models has some ten thousand."""

_MOST_LINES = 5000

_ESCAPED = re.compile(r'(?:[^\s"=]+=)?"((?:[^"\\]|\\.)*)"|\S+')
_PLAIN = re.compile(r'(?:[^\s"=]+=)?"([^"]*)"|\S+')


_PASSED_ON = "convert_singleton"
"""The method by which version 1.x makes a number of a dictionary with this number alone."""


@dataclass(frozen=True)
class _Said:
    """What a line stands for: in words, and its number where it is one."""

    words: str
    number: float | None = None


def read(text: str) -> MergeSteps | None:
    """The merge that a recipe tells; None where it is none."""
    lines = text[:_LARGEST].splitlines()[:_MOST_LINES]
    escaped = bool(lines) and lines[0].startswith("version")
    words = _ESCAPED if escaped else _PLAIN
    said: list[_Said] = []
    models: list[str] = []
    steps: list[str] = []
    calls: list[MergeCall] = []
    for line in lines[1:] if escaped else lines:
        command, *arguments = [match[0] for match in words.finditer(line)] or [""]
        named = [_meaning(argument, said, escaped) for argument in arguments]
        if command == "model" and named:
            models.append(file_name(named[0][1].words))
            said.append(_Said(models[-1]))
        elif command == "merge" and len(named) > 1 and named[0][1].words == _PASSED_ON:
            said.append(named[1][1])
        elif command == "merge" and named:
            (_, method), *rest = named
            steps.append(f"{method.words}({', '.join(map(_told, rest))})")
            calls.append(_call(method.words, rest))
            said.append(_Said(f"step {len(steps)}"))
        elif command in ("dict", "literal", "parameter"):
            said.append(_value(command, named))
        elif command.strip() and not command.startswith("#"):
            return None
    result = said[-1].words if said else ""
    return bounded(models, [], steps, calls, result) if models or steps else None


def _call(method: str, rest: Sequence[tuple[str, _Said]]) -> MergeCall:
    inputs = [value.words for key, value in rest if value.number is None and not key]
    return MergeCall(method, inputs, {key: value.number for key, value in rest if value.number is not None})


def _value(command: str, named: Sequence[tuple[str, _Said]]) -> _Said:
    """A dictionary or a literal; one with a number alone is that number."""
    if command != "dict":
        return named[0][1] if named else _Said("")
    if len(named) == 1 and named[0][0] == "key" and named[0][1].number is not None:
        return named[0][1]
    return _Said("{" + ", ".join(map(_told, named))[:1000] + "}")


def _told(argument: tuple[str, _Said]) -> str:
    key, value = argument
    return f"{key}={value.words}" if key else value.words


def _meaning(argument: str, said: Sequence[_Said], escaped: bool) -> tuple[str, _Said]:
    """An argument's name, "" where it has none, and what it stands for: what a reference means, a text without its
    quotes."""
    key, equals, value = argument.partition("=") if not argument.startswith('"') else ("", "", argument)
    value, key = (value, key) if equals else (value or key, "")
    if value.startswith("&") and value[1:].isdecimal():
        place = int(value[1:8])
        return key, said[place] if place < len(said) else _Said(value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        return key, _Said(re.sub(r"\\(.)", r"\1", value[1:-1]) if escaped else value[1:-1])
    return key, _Said(value, float(value) if _NUMBER.fullmatch(value) else None)


_NUMBER = re.compile(r"-?\d{1,20}(\.\d{0,30})?([eE]-?\d{1,3})?")
