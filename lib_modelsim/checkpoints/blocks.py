"""A key's place in the network: its component and its block, by the rules of its definition in `networks`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from .networks import Network, find, registry

_SHARED = ("BASE", "IN", "M", "D", "S", "OUT", "VAE")
"""Blocks that several networks have, without their numbers, in network order; a network's own find their places
between these."""

_NUMBER = re.compile(r"([0-9]{1,9})")
"""Nine digits at most: a key can hold any number of them, and Python refuses to read very long numbers."""


def place(architecture: str, key: str) -> tuple[str | None, str | None]:
    """Component and block of a common key name; (None, None) for the EMA copy, ("other", None) for what has no place.

    An unknown architecture, and a LoRA, is divided by key groups: the names up to their first number.
    """
    if key.startswith("model_ema."):
        return None, None
    network = find(architecture)
    found = None if network is None else _by_rule(network, key)
    if found is not None:
        return found
    return _group(key) if network is not None and network.by_group else ("other", None)


def is_placed(architecture: str, key: str) -> bool:
    """Whether a rule of this architecture says where the key belongs."""
    network = find(architecture)
    return network is not None and _by_rule(network, key) is not None


def order(blocks: Iterable[str]) -> list[str]:
    """Blocks in network order, of one architecture or of several together; key groups after them in natural order."""
    words = {word: i for i, word in enumerate(_words(registry().block_words))}

    def rank(block: str) -> tuple:
        pieces = _NUMBER.split(block)  # words and numbers in turn, a word first
        natural = [int(piece) if i % 2 else piece for i, piece in enumerate(pieces)]
        return words.get(pieces[0], len(words)), natural

    return sorted(set(blocks), key=rank)


def sub_block(architecture: str, key: str) -> str | None:
    """The sub-block of a key as the network's mergers number it ("IN410"); None where they number nothing."""
    network = find(architecture)
    for pattern, name in network.sub_blocks if network is not None else ():
        match = pattern.match(key)
        if match:
            return match.expand(name)
    return None


def sub_block_order(architecture: str, names: Iterable[str]) -> list[str]:
    """Sub-blocks of one architecture in its mergers' order: by the word, as the definition lists them, then by the
    digits as text ("IN41", "IN410", "IN50")."""
    network = find(architecture)
    words = [re.match("[A-Z]*", name)[0] for _, name in (network.sub_blocks if network is not None else ())]
    return sorted(set(names), key=lambda name: (words.index(re.match("[A-Z]*", name)[0]), name))


@lru_cache(maxsize=8)
def _words(orders: Sequence[tuple[str, ...]]) -> list[str]:
    """One order of all networks' blocks: what is new in one of them stands before the next that is known."""
    found = list(_SHARED)
    for words in orders:
        for i, word in enumerate(words):
            if word not in found:
                following = (found.index(later) for later in words[i + 1 :] if later in found)
                found.insert(next(following, len(found)), word)
    return found


@lru_cache(maxsize=1 << 16)
def _by_rule(network: Network, key: str) -> tuple[str, str | None] | None:
    for pattern, component, block in network.rules:
        match = pattern.match(key)
        if match:
            return component, block and block.format(int(match.group(1)) if "{" in block else 0)
    return None


def _group(key: str) -> tuple[str, str]:
    """(`te` or `unet`, name up to its first number, or the first word where there is none)."""
    component = "te" if re.match(r"lora_te|text_encoder|te[0-9]?[._]", key) else "unet"
    return component, group_of(key)


def group_of(key: str) -> str:
    """The name up to its first number, or its first word where there is none."""
    return re.match(r"[^0-9]*[0-9]{1,9}|[^.]*", key).group(0)
