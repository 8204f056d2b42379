"""A merge as a file tells it: the models that went in, and its steps in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...text import printable

LONGEST = 300
"""Characters of a text that are kept."""

MOST = 50
"""Entries of a mapping or a list that are kept."""

LARGEST_JSON = 8 << 20
"""Characters that are parsed at most; the largest real one, the tag counts of a big training set, stays below 2 MiB."""


@dataclass(frozen=True)
class MergeCall:
    """A step by its parts: the method or node as the program calls it, what went in ("step 1", or a model as it is
    named), and the numbers by name, "" where they have none."""

    method: str
    inputs: list[str] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MergeSteps:
    """`models` and `adapters` are the files named, each once, as they are named; `steps` are sentences, the first done
    first, in which "step 1" is what the first one made. `calls` are the same steps by their parts, and `result` is what
    became the network: a step or a model; both empty where there are too many steps."""

    models: list[str] = field(default_factory=list)
    adapters: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    calls: list[MergeCall] = field(default_factory=list)
    result: str = ""


def bounded(
    models: Sequence[str],
    adapters: Sequence[str],
    steps: Sequence[str],
    calls: Sequence[MergeCall] = (),
    result: str = "",
) -> MergeSteps:
    """The same, as little of it as a person reads: texts cut, numbers of entries limited."""
    several = [list(dict.fromkeys(map(cut, each)))[:MOST] for each in (models, adapters)]
    more = [f"… {len(steps) - MOST} more steps"] if len(steps) > MOST else []
    short = len(calls) <= MOST and all(len(call.inputs) + len(call.numbers) <= MOST for call in calls)
    kept = [MergeCall(cut(one.method), [*map(cut, one.inputs)], one.numbers) for one in calls] if short else []
    return MergeSteps(*several, [*map(cut, steps[:MOST]), *more], kept, cut(result) if short else "")


def cut(value: object) -> str:
    """One printable line of at most LONGEST characters."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (RecursionError, ValueError, TypeError):  # parsed at the very limit of nesting
        text = "\N{HORIZONTAL ELLIPSIS}"
    shown = printable(text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def parse(text: str | None) -> object:
    """The value of a JSON text; None where it is missing, too long or no JSON."""
    if text is None or len(text) > LARGEST_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def file_name(path: str) -> str:
    """The last part of a path as any system writes it."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path
