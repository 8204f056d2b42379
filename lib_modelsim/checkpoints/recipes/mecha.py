"""sd-mecha's recipe, `mecha_recipe`: one instruction a line, of which `&3` is the fourth.

Source: ljleb/sd-mecha, sd_mecha/recipe_serializer.py (0.0.x, without a first line `version`, paths as they are) and
sd_mecha/serialization.py (1.x, `version 0.1.0`, in which a backslash stands before a quote or a backslash).
"""

from __future__ import annotations

import re

from .steps import MergeSteps, bounded, file_name

KEY = "mecha_recipe"

_LARGEST = 1 << 20
"""Characters that are looked at; a recipe of a hundred models has some ten thousand."""

_MOST_LINES = 5000

_ESCAPED = re.compile(r'(?:[^\s"=]+=)?"((?:[^"\\]|\\.)*)"|\S+')
_PLAIN = re.compile(r'(?:[^\s"=]+=)?"([^"]*)"|\S+')


def read(text: str) -> MergeSteps | None:
    """The merge that a recipe tells; None where it is none."""
    lines = text[:_LARGEST].splitlines()[:_MOST_LINES]
    escaped = bool(lines) and lines[0].startswith("version")
    words = _ESCAPED if escaped else _PLAIN
    said: list[str] = []
    models: list[str] = []
    steps: list[str] = []
    for line in lines[1:] if escaped else lines:
        command, *arguments = [match[0] for match in words.finditer(line)] or [""]
        named = [_meaning(argument, said, escaped) for argument in arguments]
        if command == "model" and named:
            models.append(file_name(named[0]))
            said.append(models[-1])
        elif command == "merge" and named:
            method, *rest = named
            steps.append(f"{method}({', '.join(rest)})")
            said.append(f"step {len(steps)}")
        elif command in ("dict", "literal", "parameter"):
            said.append("{" + ", ".join(named)[:1000] + "}" if command == "dict" else (named or [""])[0])
        elif command.strip() and not command.startswith("#"):
            return None
    return bounded(models, [], steps) if models or steps else None


def _meaning(argument: str, said: list[str], escaped: bool) -> str:
    """An argument in words: what a reference stands for, a text without its quotes."""
    key, equals, value = argument.partition("=") if not argument.startswith('"') else ("", "", argument)
    value = value if equals or not key else key
    key = key if equals else ""
    if value.startswith("&") and value[1:].isdecimal():
        place = int(value[1:8])
        value = said[place] if place < len(said) else value
    elif len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1]) if escaped else value[1:-1]
    return f"{key}={value}" if key else value
