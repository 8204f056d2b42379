"""The key lists of the networks that people hold, which lie beside the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from lib_modelsim.checkpoints.stored import ITEM_BITS, StoredTensor

LISTS = Path(__file__).parents[3] / "shared" / "data" / "networks"
"""Its README defines the format."""


@dataclass(frozen=True)
class KeyList:
    """Names and shapes of all tensors of one kind of file, and what is known of them."""

    file: str
    network: str
    variant: str
    tensors: tuple[StoredTensor, ...]
    blocks: tuple[tuple[re.Pattern, str], ...]

    def block(self, key: str) -> str | None:
        """The block that the list gives this key of the file; None for what is in none."""
        for pattern, name in self.blocks:
            match = pattern.match(key)
            if match:
                return name.format(int(match[1])) if "{" in name else name
        return None


def names() -> list[str]:
    """The lists that are here, none without the folder."""
    return sorted(path.stem for path in LISTS.glob("*.json"))


def key_list(name: str) -> KeyList:
    """One list, with all its numbers written out."""
    content = json.loads((LISTS / f"{name}.json").read_text(encoding="utf-8"))
    tensors = tuple(
        StoredTensor(key, dtype if dtype in ITEM_BITS else "U8", tuple(shape), Path(f"{name}.safetensors"), 0)
        for key, (shape, dtype) in _rows(content).items()
    )
    blocks = tuple((re.compile(pattern), block) for pattern, block in content.get("blocks", {}).items())
    return KeyList(name, content["network"], content.get("variant", ""), tensors, blocks)


def _rows(content: Mapping[str, Any]) -> dict[str, tuple[list[int], str]]:
    own = {key: (shape, dtype) for row in content.get("tensors", []) for key, shape, dtype in _spelled_out(*row)}
    like = content.get("like")
    if like is None:
        return own
    base = _rows(json.loads((LISTS / f"{like['file']}.json").read_text(encoding="utf-8")))
    without = set(like.get("without", []))
    renamed = {like.get("prefix", "") + key.removeprefix(like.get("strip", "")): row for key, row in base.items()}
    rows = {key: row for key, row in renamed.items() if key not in without}
    return (
        rows
        | {key: (shape, dtype) for row in like.get("tensors", []) for key, shape, dtype in _spelled_out(*row)}
        | own
    )


def _spelled_out(key: str, shape: list[int], dtype: str) -> Iterator[tuple[str, list[int], str]]:
    """`{a-b}` in a key stands for each of the numbers."""
    pieces = re.split(r"\{(\d+)-(\d+)\}", key)
    words, spans = pieces[::3], [range(int(a), int(b) + 1) for a, b in zip(pieces[1::3], pieces[2::3], strict=True)]
    for numbers in product(*spans):
        yield words[0] + "".join(f"{n}{word}" for n, word in zip(numbers, words[1:], strict=True)), shape, dtype
