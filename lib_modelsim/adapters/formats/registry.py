"""All kinds of layers. Each file of this package may define `FORMATS`, a tuple of kinds."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from ...checkpoints.networks.keys import beginning
from ...discovery import modules_in
from .form import ALPHA, MAGNITUDE, SCALAR, LayerFormat

_SHARED = (
    (r"\.alpha", ALPHA),
    (r"\.dora_scale", MAGNITUDE),
    (r"\.lora_magnitude_vector(?:\.\w+)?(?:\.weight)?", MAGNITUDE),
    (r"\.scalar", SCALAR),
)
"""Keys that stand beside those of several kinds."""


@cache
def layer_formats() -> tuple[LayerFormat, ...]:
    """The kinds of layers, in the order of their files."""
    return tuple(found for module in modules_in(__package__) for found in getattr(module, "FORMATS", ()))


class Ending(NamedTuple):
    """`pattern` of a whole key, whose first group is the module; `literal` is in every key that it matches."""

    literal: str
    pattern: re.Pattern
    role: str


@cache
def endings() -> tuple[Ending, ...]:
    """Of all kinds."""
    found = (*(pair for form in layer_formats() for pair in form.endings), *_SHARED)
    return tuple(Ending(beginning(re.compile(text)), re.compile(f"(.*){text}"), role) for text, role in found)
