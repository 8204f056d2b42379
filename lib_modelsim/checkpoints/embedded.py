"""What a checkpoint's metadata say of its origin: title, merge recipe, training.

Anyone can write anything there: every text is cut, every number of entries limited, and what does not parse is told as
the text that it is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..text import printable

LONGEST = 300
"""Characters of a text that are kept."""

MOST = 50
"""Entries of a mapping or a list that are kept."""

LARGEST_JSON = 8 << 20
"""Characters that are parsed at most; the largest real one, the tag counts of a big training set, stays below 2 MiB."""


@dataclass(frozen=True)
class Parent:
    """A model that went into a merge, as the merging tool named it."""

    sha256: str
    name: str | None


@dataclass(frozen=True)
class Origin:
    """What a checkpoint says of itself.

    `title` and `base` are texts or None. `recipe` is the merge recipe as the tool wrote it, values as text; `parents`
    the models merged. `training` holds the trainer's settings (`ss_…` without its prefix), `tags` the commonest
    training tags with the number of pictures that bear them, most frequent first.
    """

    title: str | None = None
    base: str | None = None
    recipe: dict[str, str] = field(default_factory=dict)
    parents: list[Parent] = field(default_factory=list)
    training: dict[str, str] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)


def origin(metadata: Mapping[str, str]) -> Origin:
    """The origin that a checkpoint's metadata tell, empty where they tell none.

    Keys: `sd_merge_recipe` and `sd_merge_models` of the WebUI's merger (AUTOMATIC1111 modules/extras.py) and
    supermerger, `ss_…` of kohya-ss/sd-scripts (library/train_util.py), `modelspec.…` of Stability's ModelSpec 1.0.
    """
    training = {
        key[3:]: _cut(text) for key, text in metadata.items() if key.startswith("ss_") and key != "ss_tag_frequency"
    }
    return Origin(
        title=_text(metadata.get("modelspec.title")) or _text(metadata.get("ss_output_name")),
        base=_text(metadata.get("ss_sd_model_name")),
        recipe=_recipe(metadata.get("sd_merge_recipe")),
        parents=_parents(metadata.get("sd_merge_models")),
        training=dict(sorted(training.items())[:MOST]),
        tags=_tags(metadata.get("ss_tag_frequency")),
    )


def _recipe(text: str | None) -> dict[str, str]:
    parsed = _parse(text)
    if isinstance(parsed, dict):
        return {_cut(key): _cut(value) for key, value in list(parsed.items())[:MOST]}
    return {} if text is None else {"text": _cut(text)}


def _parents(text: str | None) -> list[Parent]:
    parsed = _parse(text)
    if not isinstance(parsed, dict):
        return []
    return [
        Parent(_cut(sha256), _text(info.get("name")))
        for sha256, info in list(parsed.items())[:MOST]
        if isinstance(info, dict)
    ]


def _tags(text: str | None) -> dict[str, int]:
    """Sums over the training set's folders: `ss_tag_frequency` is {folder: {tag: pictures}}."""
    parsed = _parse(text)
    total: Counter[str] = Counter()
    for counts in parsed.values() if isinstance(parsed, dict) else ():
        for tag, pictures in counts.items() if isinstance(counts, dict) else ():
            if type(pictures) is int:
                total[_cut(tag).strip()] += pictures
    return dict(total.most_common(MOST))


def _parse(text: str | None) -> object:
    """The value of a JSON text; None where it is missing, too long or no JSON."""
    if text is None or len(text) > LARGEST_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str | None:
    return _cut(value) if isinstance(value, str) and value.strip() else None


def _cut(value: object) -> str:
    """One printable line of at most LONGEST characters."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except RecursionError:  # parsed at the very limit of nesting
        text = "\N{HORIZONTAL ELLIPSIS}"
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return printable(text)
