"""Which network a checkpoint holds, told by its common key names and shapes alone."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping

from . import blocks
from .networks import UNKNOWN, Network, Role, find, registry
from .networks.keys import Keys

FOREIGN_SHARE = 0.01
"""A file is called a VAE or a text encoder only where at most so much of its parameters is something else.

The smallest transformer beside the largest text encoder (PixArt's 0.6 beside T5-XXL's 4.8 thousand millions) is a ninth
of its file, and one beside a VAE nearly all of it; what tools leave beside a text encoder or a VAE (logvar, counters,
schedules, markers) is below a thousandth.
"""

_CONTROLNET = "controlnet_"
"""What keys of diffusers' ControlNets begin with, which have copies of a network's blocks and are none."""

_STACK = re.compile(r"([^0-9]*[._])[0-9]{1,9}[._]")
"""The name of one layer among several alike, up to its number."""


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The architecture of a model with these common key names → shapes: the name of one of `networks`."""
    return recognise(shapes).name


def kind_of(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """As `architecture_of`; of a text encoder or VAE alone with what it is one of ("VAE of Flux.2"), and of an unknown
    network with its pattern, so that two different ones are two kinds.

    The pattern is a digest of the names in the largest stack of layers that no rule places. Models of one unknown
    network agree in it whatever text encoder or VAE is in the file, and two that do not share their layers never do.
    """
    network = recognise(shapes)
    if network.name != UNKNOWN:
        return network.kind(Keys(shapes))
    pattern = _pattern(shapes)
    return f"{UNKNOWN} {pattern}" if pattern else UNKNOWN


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> Network:
    """The network that a model with these common key names → shapes is; the definition of `unknown` for the others."""
    keys = Keys(shapes)
    copies = bool(keys.starting(_CONTROLNET))
    for network in registry().networks:
        if not network.markers.must or (copies and network.role is Role.NETWORK):
            continue
        told = network.markers.hold(keys)
        if told and (network.role is not Role.PART or _foreign_share(network.name, shapes) <= FOREIGN_SHARE):
            return network
    return find(UNKNOWN)


def variant_of(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """The variant of its network that a model is ("inpainting", "schnell", …); None for the plain one."""
    network = recognise(shapes)
    return None if network.variants_are_kinds else network.variant(Keys(shapes))


def is_lora(keys: str) -> bool:
    """Whether among these keys, one a line, one names a factor of a low-rank change rather than a weight."""
    return any(word in keys for word in registry().adapter_words)


def _foreign_share(name: str, shapes: Mapping[str, tuple[int, ...]]) -> float:
    """The share of the parameters that no rule of this network places; the EMA copy does not count."""
    total = foreign = 0
    for key, shape in shapes.items():
        if blocks.place(name, key) != (None, None):
            total += math.prod(shape)
            foreign += 0 if blocks.is_placed(name, key) else math.prod(shape)
    return foreign / total if total else 0.0


def _pattern(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Eight hexadecimal digits for the names in the largest stack, or, where there is none, in the largest module;
    empty where rules place everything."""
    foreign = [key for key in shapes if not blocks.is_placed(UNKNOWN, key)]
    if not foreign:
        return ""
    stacks: dict[str, list[str]] = {}
    modules: dict[str, list[str]] = {}
    for key in foreign:
        modules.setdefault(key.partition(".")[0], []).append(key)
        if found := _STACK.match(key):
            stacks.setdefault(found[1], []).append(key)
    groups = (stacks or modules).values()
    largest = max(groups, key=lambda names: sum(math.prod(shapes[name]) for name in names))
    return hashlib.sha256("\n".join(sorted(largest)).encode("utf-8", "backslashreplace")).hexdigest()[:8]
