"""How much of the network a number speaks of: [n, n], beside every overall number.

The coverage of a pair is the number of parameters that both hold under one name in one shape, with finite values,
divided by the number that the larger of the two networks has. The network is the UNet or transformer; in a file
without one, its first component. Matrices that no rule places are counted as its own and as not compared, since no
overall number speaks of them: of a transformer taken for something else, a VAE or a few scales are all that is placed.
For a score of attention layers the coverage is the share of the layers that it reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.layout import OTHER, Layout
from .matrix import SimilarityMatrix

Array = NDArray[np.float64]

LEAST = 0.9
"""Below it there is no overall number, no verdict and no place in a tree.

Measured at full size, on the key lists of the networks that people hold in 2026: variants of one network that differ
in their first or last layer or in an embedding (inpainting, edit, depth, Flux's tools, Kolors, HunyuanDiT 1.1 and 1.2)
have 0.984 to 0.9999 in common; those that add or lack whole blocks (SSD-1B beside SDXL, Chroma and Flex beside Flux.1,
Wan with speech) at most 0.88; SD 3.5 medium and large norm scales alone. In between, 0.926 to 0.945, are networks that
share most names and shapes (SD 1.5 and 2.1, Flux.1 and HunyuanVideo, Anima and Cosmos): recognition tells those apart.
"""

Held = dict[tuple[str, tuple[int, ...]], int]
"""(key, shape) → parameters."""


@dataclass(frozen=True)
class _Network:
    """What one layout has of the network: all of it, and what was compared of it."""

    all: Held
    compared: Held
    blocks: Mapping[str | None, str | None]
    """Key → block."""
    unplaced: int
    """Parameters of the matrices that no rule places, or that are not read."""

    @classmethod
    def of(cls, layout: Layout, main: str | None, left_out: frozenset[str], base: Held | None, unread: int) -> _Network:
        own = layout.parameters(main)
        compared = {what: n for what, n in own.items() if what[0] not in left_out and (base is None or what in base)}
        unplaced = {} if main == OTHER else layout.parameters(OTHER)
        return cls(own, compared, {key: layout.places[key].block for key, _ in own}, sum(unplaced.values()) + unread)

    @cached_property
    def by_block(self) -> dict[str | None, _Network]:
        """The same of each block alone."""
        parts: dict[str | None, tuple[Held, Held]] = {}
        for what, n in self.all.items():
            everything, compared = parts.setdefault(self.blocks[what[0]], ({}, {}))
            everything[what] = n
            if what in self.compared:
                compared[what] = n
        return {block: _Network(*both, {}, 0) for block, both in parts.items()}


_NOTHING = _Network({}, {}, {}, 0)


def coverage(
    layouts: Sequence[Layout],
    main: str | None,
    left_out: Mapping[int, frozenset[str]] | None = None,
    base: Layout | None = None,
    unread: Sequence[int] | None = None,
) -> Array:
    """Coverage of all pairs, [n, n], each 0 … 1 and symmetric; worked out once per pair of different layouts.

    `main` is the component that overall numbers speak of. `left_out` has the keys of a model that were not compared,
    by its position; with a `base` only keys count that it holds, too. `unread` are the parameters of each model's
    matrices that are not read as weights (`Header.uncompared`).
    """
    networks, index = _networks(layouts, main, left_out, base, unread)
    return _shares(networks)[np.ix_(index, index)]


def covered(
    matrix: SimilarityMatrix,
    layouts: Sequence[Layout],
    main: str | None,
    left_out: Mapping[int, frozenset[str]] | None = None,
    base: Layout | None = None,
    unread: Sequence[int] | None = None,
) -> SimilarityMatrix:
    """The matrix with its coverage; where that is below `LEAST`, without the overall number, the UNet's, and those of
    blocks that have less in common themselves."""
    networks, index = _networks(layouts, main, left_out, base, unread)
    pick = np.ix_(index, index)
    found = _shares(networks)[pick]
    low = found < LEAST
    if not low.any():
        return replace(matrix, coverage=found)
    values, own = matrix.values.copy(), low.diagonal()
    hidden = (own[:, None] | own[None, :]) & (main == "unet")  # nobody knows which blocks the rest belongs to
    own_blocks = {block for network in networks for block in network.by_block}
    for i, block in enumerate(matrix.blocks):
        if block in own_blocks:
            of_block = _shares([network.by_block.get(block, _NOTHING) for network in networks])[pick]
            values[low & (hidden | (of_block < LEAST)), i] = np.nan
    return without_overall(replace(matrix, values=values, coverage=found), low)


def without_overall(matrix: SimilarityMatrix, pairs: NDArray[np.bool_]) -> SimilarityMatrix:
    """The matrix without the numbers of the whole and of the UNet or transformer of some pairs, [n, n]."""
    components = {
        name: np.where(pairs, np.nan, numbers) if name == "unet" else numbers
        for name, numbers in matrix.components.items()
    }
    return replace(matrix, overall=np.where(pairs, np.nan, matrix.overall), components=components)


def share_in_words(share: float) -> str:
    """A coverage as people read it, never rounded up: "96.2 %", "more than 99.9 %", "less than 0.1 %"."""
    if share >= 1:
        return "100 %"
    if share > 0.999:
        return "more than 99.9 %"
    return "less than 0.1 %" if share < 0.001 else f"{math.floor(1000 * share) / 10:g} %"


def _networks(
    layouts: Sequence[Layout],
    main: str | None,
    left_out: Mapping[int, frozenset[str]] | None,
    base: Layout | None,
    unread: Sequence[int] | None,
) -> tuple[list[_Network], list[int]]:
    """The different networks, and which of them each layout is."""
    excluded = left_out or {}
    of_base = None if base is None else base.parameters(main)
    distinct: dict[tuple[str, frozenset[str], int], int] = {}
    networks: list[_Network] = []
    index = []
    for i, layout in enumerate(layouts):
        mark = layout.digest, excluded.get(i, frozenset()), unread[i] if unread else 0
        if mark not in distinct:
            distinct[mark] = len(networks)
            networks.append(_Network.of(layout, main, mark[1], of_base, mark[2]))
        index.append(distinct[mark])
    return networks, index


def _shares(networks: Sequence[_Network]) -> Array:
    """Shares of the larger network that each pair compares, [u, u]; 0 where there is none."""
    shared = in_common([network.compared for network in networks])
    totals = [sum(network.all.values()) + network.unplaced for network in networks]
    largest = np.maximum.outer(totals, totals).astype(float).reshape(shared.shape)
    return np.divide(shared, largest, out=np.zeros_like(shared), where=largest > 0)


def in_common(networks: Sequence[Held]) -> Array:
    """The parameters that each pair holds under one name in one shape, [u, u].

    They are added up first by who holds them, which is few different sets.
    """
    holders: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for i, network in enumerate(networks):
        for what in network:
            holders.setdefault(what, []).append(i)
    sizes: dict[tuple[int, ...], int] = {}
    for what, members in holders.items():
        sizes[tuple(members)] = sizes.get(tuple(members), 0) + math.prod(what[1])
    shared = np.zeros((len(networks), len(networks)))
    for members, size in sizes.items():
        shared[np.ix_(members, members)] += size
    return shared
