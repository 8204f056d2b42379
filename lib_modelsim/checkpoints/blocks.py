"""A key's place in the network: its component and its block, from the tables beside this file."""

from __future__ import annotations

import json
import re
from functools import cache
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
    "text encoder": "sd1.json",
}


def place(architecture: str, key: str) -> tuple[str | None, str | None]:
    """Component and block of a common key name; (None, None) for the EMA copy, ("other", None) for what has no place.

    An architecture without a table is divided by key groups: the names up to their first number.
    """
    if key.startswith("model_ema."):
        return None, None
    if architecture not in _FILES:
        return _by_group(key)
    for pattern, component, block in _rules(architecture):
        match = pattern.match(key)
        if match:
            number = int(match.group(1)) if pattern.groups else 0
            return component, block.format(number)
    return "other", None


def order(architecture: str, blocks: set[str]) -> list[str]:
    """These blocks in network order: by the architecture's table, unknown ones after it in natural order."""
    table = {name: i for i, name in enumerate(_table(architecture)["order"])} if architecture in _FILES else {}

    def rank(block: str) -> tuple:
        natural = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", block)]
        prefix = re.sub(r"\d+$", "", block)
        return (table.get(block, table.get(prefix, len(table))), natural)

    return sorted(blocks, key=rank)


def _by_group(key: str) -> tuple[str, str]:
    component = "te" if key.startswith("lora_te") else "unet"
    return component, re.match(r"[^\d]*\d+|[^.]*", key).group(0)


@cache
def _table(architecture: str) -> dict:
    return json.loads((_TABLES / _FILES[architecture]).read_text(encoding="utf-8"))


@cache
def _rules(architecture: str) -> list[tuple[re.Pattern, str, str]]:
    table = _table(architecture)
    return [(re.compile(pattern), component, block) for pattern, component, block in table["rules"]]
