"""A key's place in the network: its component and its block, from the tables beside this file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

_TABLES = Path(__file__).parent / "tables"

_FILES = {
    "SD 1.x": "sd1.json",
    "SD 2.x": "sd1.json",
    "SDXL": "sdxl.json",
    "SDXL refiner": "sdxl_refiner.json",
    "SD3": "sd3.json",
    "Flux": "flux.json",
    "VAE": "sd1.json",
    "text encoder": "text_encoder.json",
    "unknown": "unknown.json",
}

_BY_GROUP = frozenset({"unknown", "LoRA"})

_ORDER = ("BASE", "IN", "M", "D", "S", "OUT", "VAE")
"""The blocks' names without their numbers, in network order of every architecture."""

_NUMBER = re.compile(r"([0-9]{1,9})")
"""Nine digits at most: a key can hold any number of them, and Python refuses to read very long numbers."""


@lru_cache(maxsize=1 << 16)
def place(architecture: str, key: str) -> tuple[str | None, str | None]:
    """Component and block of a common key name; (None, None) for the EMA copy, ("other", None) for what has no place.

    An unknown architecture, and a LoRA, is divided by key groups: the names up to their first number.
    """
    if key.startswith("model_ema."):
        return None, None
    for pattern, component, block in _rules(architecture):
        match = pattern.match(key)
        if match:
            number = int(match.group(1)) if "{" in block else 0
            return component, block.format(number)
    return _group(key) if architecture in _BY_GROUP else ("other", None)


def order(blocks: Iterable[str]) -> list[str]:
    """Blocks in network order, of one architecture or of several together; key groups after them in natural order."""

    def rank(block: str) -> tuple:
        pieces = _NUMBER.split(block)  # words and numbers in turn, a word first
        natural = [int(piece) if i % 2 else piece for i, piece in enumerate(pieces)]
        return _ORDER.index(pieces[0]) if pieces[0] in _ORDER else len(_ORDER), natural

    return sorted(set(blocks), key=rank)


def _group(key: str) -> tuple[str, str]:
    """(`te` or `unet`, name up to its first number, or the first word where there is none)."""
    component = "te" if re.match(r"lora_te|text_encoder|te[0-9]?[._]", key) else "unet"
    return component, re.match(r"[^0-9]*[0-9]{1,9}|[^.]*", key).group(0)


@cache
def _table(architecture: str) -> dict:
    file = _FILES.get(architecture)
    return json.loads((_TABLES / file).read_text(encoding="utf-8")) if file else {"rules": []}


@cache
def _rules(architecture: str) -> list[tuple[re.Pattern, str, str]]:
    return [(re.compile(pattern), component, block) for pattern, component, block in _table(architecture)["rules"]]
