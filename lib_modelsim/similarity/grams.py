"""Gram matrices of one key of n models: the squares ‖a−b‖² and ‖a‖² from which the measures of weights follow.

‖a−b‖² = G_aa + G_bb − 2 G_ab. Checkpoints of one family differ by a percent of their weights or less, where float32
sums of the weights themselves are too coarse and float64 arithmetic too slow. So for each key the models are strung on
a minimum spanning tree of distances (of a sample), and each but the root is replaced by its difference from its parent,
which float32 holds exactly enough. The difference of any two models is the sum of the differences along the path
between them, none of which is longer than the one asked for: nothing cancels. The Gram matrix of those differences is
carried back by the tree's path matrix in float64. Where the sample told the wrong tree, a second pass has a better one.

Slices whose squares leave the range of float32 are summed in float64, and so is every key that a model stores in
float64. What leaves the range of float64, too, is told apart as what is not finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from .device import Device
from .parts import OF_ONE_SIZE, KeySums
from .pieces import Piece, cut, dtypes_of, every, exact_dtype, filled

Array = NDArray[np.float64]

_SLICE_NUMBERS = 1 << 20
"""Numbers worked on at a time on the CPU, over all models together: they stay in the cache between steps."""

_SHORTEST_SLICE = 1 << 14
"""Numbers per model in a slice at least: below, calls cost more than arithmetic."""

_SQUARED, _MULTIPLIED = 1 << 12, 1 << 16
"""Numbers whose squares, and whose products in a matrix, float32 adds up within 1e-6; beyond, sums go on in float64."""

_BAND = 64
"""Models multiplied with all after them at a time: of a symmetric matrix only one half is needed."""

_RESOLUTION = {torch.float32: 1e-6, torch.float64: 1e-13}
"""Of a square relative to the squares that it was summed up from."""

_CANCELS = 1e-9
"""Of the square of one step of a tree to that of another: below, sums over whole ways from the root have no digits left
for it."""

_MOST_PASSES = 5

_LEAST_SINGLE = 1e-12
"""Length of a slice from which on squares that vanish in float32 (below 1e-38) change nothing."""

_LEAST, _MOST = 1e-250, 1e290
"""The same of a square in float64; and the largest from which sums and differences can be made."""

_HALVES = {torch.float16, torch.float8_e4m3fn, torch.float8_e5m2}
"""Their smallest differences have squares that float32 holds."""


class GramSums:
    """Over the pieces of one key of m models: the squared norm of each, and the Gram matrix of the differences (its
    upper half, float64). The first piece's sample tells the tree, unless an earlier pass has told a better one."""

    def __init__(
        self, m: int, device: Device, tree: RootedTree | None = None, passes: int = 1, with_inner: bool = False
    ):
        self._norms, self._gram = np.zeros(m), np.zeros((m, m))
        self._nonzero, self._apart = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
        self._device, self._tree, self._passes, self._resolution = device, tree, passes, 0.0
        self._inner = np.zeros((m, m)) if with_inner else None
        self._found: tuple[Array, Array] | None = None

    @property
    def largest(self) -> Array:
        """[m], infinite for a model with numbers that are not finite, or whose squares float64 does not hold."""
        broken = ~(self._norms <= _MOST) | (self._nonzero & (self._norms < _LEAST))  # NaN is not below
        if not broken.any():
            broken = self._apart & (self._gram.diagonal() < _LEAST)
        return np.where(broken, np.inf, 0)

    def add(self, values: Piece) -> None:
        """Take in a piece of every model, in slices that stay in the cache (or fit the GPU) from step to step."""
        if not np.isfinite(self._norms).all():
            return  # the key will be summed anew
        if self._tree is None:
            self._tree = RootedTree.over(sampled_distances(values))
        count, m = len(values[0]), len(values)
        on_cpu = self._device.torch.type == "cpu"
        step = max(_SHORTEST_SLICE, (_SLICE_NUMBERS if on_cpu else self._device.budget // 16) // m)
        dtype = exact_dtype(values)
        rows = torch.empty(m, min(step, count), dtype=dtype, device=self._device.torch)
        vanish = not dtypes_of(values) <= _HALVES
        for first in range(0, count, step):
            pieces = cut(values, first, first + step)
            if not self._add_slice(filled(rows, pieces), self._tree, vanish):
                wide = torch.empty(m, len(pieces[0]), dtype=torch.float64, device=self._device.torch)
                self._add_slice(filled(wide, pieces), self._tree, vanish)

    def _add_slice(self, rows: torch.Tensor, tree: RootedTree, vanish: bool) -> bool:
        """Take in numbers [m, c], which are overwritten by their differences. False where float32 does not do, and
        then nothing was taken in; `vanish` says whether it may be too coarse."""
        lengths = (torch.linalg.vector_norm(part, dim=2).double() for part in _parts(rows, _SQUARED))
        norms = sum(length.square().sum(0) for length in lengths).cpu().numpy()
        nonzero = norms > 0
        if not self._fits(rows, norms, nonzero, vanish):
            return False
        inner = 0.0
        if self._inner is not None:
            wide = rows.double()
            inner = (wide @ wide.T).cpu().numpy()
        rows[1:] -= rows[torch.from_numpy(tree.parents[1:]).to(rows.device)]
        gram = np.zeros_like(self._gram)
        for first in range(0, len(rows), _BAND):
            for part in _parts(rows, _MULTIPLIED):
                band = torch.bmm(part[:, first : first + _BAND], part[:, first:].mT)
                gram[first : first + _BAND, first:] += band.double().sum(0).cpu().numpy()
        apart = gram.diagonal() > 0
        if not self._fits(rows, gram.diagonal(), apart, vanish):
            return False
        self._norms += norms
        self._gram += gram
        if self._inner is not None:
            self._inner += inner
        self._nonzero |= nonzero
        self._apart |= apart
        self._resolution = max(self._resolution, _RESOLUTION[rows.dtype])
        return True

    def _fits(self, rows: torch.Tensor, squares: Array, nonzero: NDArray[np.bool_], vanish: bool) -> bool:
        """Whether float32 holds the squares of these rows, [m]; in float64 always. `nonzero` [m] becomes true for rows
        whose squares vanished."""
        single = rows.dtype == torch.float32
        if single and not np.isfinite(squares).all():
            return False
        small = np.flatnonzero(squares <= _LEAST_SINGLE**2) if vanish else ()
        for i in small:
            nonzero[i] = bool(torch.linalg.vector_norm(rows[i], ord=np.inf) > 0)
        return not (single and any(nonzero[i] for i in small))

    def better(self) -> GramSums | None:
        """What sums the key anew with a better tree, where two models are much nearer than their path is long: of a
        minimum spanning tree no step is longer than the distance of the two. With inner products where models are not
        of one size."""
        tree, m = self._tree, len(self._norms)
        if tree is None or self._passes >= _MOST_PASSES:
            return None
        squares, longest = self._squares(tree)
        near = bool((squares * 16 * (m - 1) < longest).any())
        sizes = self._norms[self._norms > 0]
        uneven = sizes.max(initial=0) > OF_ONE_SIZE**2 * sizes.min(initial=np.inf)
        if not near and (not uneven or self._inner is not None):
            return None
        better = RootedTree.over(squares) if near else tree
        return GramSums(m, self._device, better, self._passes + 1, uneven)

    def finish(self, key: str, members: tuple[int, ...]) -> KeySums:
        """‖a−b‖² and ‖a‖² of the models themselves."""
        tree = self._tree or RootedTree.over(self._gram)  # of a key without numbers
        return KeySums(key, members, self._squares(tree)[0], self._norms, self._inner)

    def _squares(self, tree: RootedTree) -> tuple[Array, Array]:
        if self._found is None:
            gram = np.triu(self._gram, 1)
            gram += gram.T.copy()
            np.fill_diagonal(gram, self._gram.diagonal())
            self._found = tree.squares(gram, self._resolution)
        return self._found


def _parts(rows: torch.Tensor, length: int) -> list[torch.Tensor]:
    """Views of numbers [m, c]: as many stretches of this length as there are, [k, m, length], and the rest."""
    whole = rows.shape[1] // length
    parts = [rows[:, whole * length :].unsqueeze(0)] if rows.shape[1] % length or not whole else []
    if whole:
        parts.append(rows[:, : whole * length].unflatten(1, (whole, length)).transpose(0, 1))
    return parts


@dataclass(frozen=True)
class RootedTree:
    """A tree over m models as arithmetic: each model is the sum of the differences on its way from the root, node 0.

    `parents` [m], the root's its own; `levels` are the nodes by their number of steps from the root, from one on.
    """

    parents: NDArray[np.int64]
    levels: tuple[NDArray[np.int64], ...]

    @classmethod
    def over(cls, distances: Array) -> RootedTree:
        """The minimum spanning tree over distances [m, m] (Prim's algorithm).

        Not scipy's, which takes a zero for no edge: equal models are just those that belong side by side.
        """
        m = len(distances)
        parents, depth = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
        nearest = distances[0].copy() if m else np.zeros(0)
        nearest[:1] = np.inf
        for _ in range(m - 1):
            node = int(nearest.argmin())
            depth[node] = depth[parents[node]] + 1
            nearest[node] = np.inf
            closer = (distances[node] < nearest) & np.isfinite(nearest)
            np.copyto(nearest, distances[node], where=closer)
            np.copyto(parents, node, where=closer)
        return cls(parents, tuple(np.flatnonzero(depth == step) for step in range(1, depth.max(initial=0) + 1)))

    @cached_property
    def differences(self) -> Array:
        """[m, m]: a 1 where the difference of a node from its parent lies on a model's way."""
        own = np.eye(len(self.parents))
        own[:, :1] = 0
        return self._summed(own)

    def _summed(self, steps: Array) -> Array:
        """`differences` @ steps, in m² sums instead of m³ products; the root's row of steps [m, …] is zero."""
        found = steps.copy()
        for nodes in self.levels:
            found[nodes] += found[self.parents[nodes]]
        return found

    def _between(self, steps: Array) -> Array:
        """`differences` @ steps @ `differences`ᵀ of symmetric steps [m, m]; those of the root do not count."""
        inner = steps.copy()
        inner[:1], inner[:, :1] = 0, 0
        return self._summed(np.ascontiguousarray(self._summed(inner).T)).T

    def squares(self, gram: Array, resolution: float) -> tuple[Array, Array]:
        """‖a−b‖² of all pairs, [m, m], from the Gram matrix of the differences, and the sum of the squares along the
        path between the two.

        What is below the resolution of that sum counts as no difference at all.
        """
        steps = gram.diagonal()[1:]
        shortest = steps[steps > 0].min(initial=np.inf)
        if shortest < _CANCELS * steps.max(initial=0):
            squares, longest = self._pair_by_pair(gram, shortest < _CANCELS**2 * steps.max())
            return np.where(squares > resolution * longest, squares, 0), longest
        relative, along = self._between(gram), self._between(np.diag(gram.diagonal()))
        own, way = relative.diagonal(), along.diagonal()
        squares = own[:, None] + own[None, :] - (relative + relative.T)
        longest = way[:, None] + way[None, :] - 2 * along  # Σ of the squares on the path from a to b
        return np.where(squares > resolution * longest, squares, 0), longest

    def _pair_by_pair(self, gram: Array, extreme: bool) -> tuple[Array, Array]:
        """As `squares`, without the way from the root that two models share: m³ work, or m⁴ where even the products
        with that way would cancel."""
        differences, squares, longest = self.differences, np.zeros_like(gram), np.zeros_like(gram)
        products, own = differences @ gram, gram.diagonal()
        for i, way in enumerate(differences):
            between = differences - way
            squares[i] = ((between @ gram if extreme else products - products[i]) * between).sum(1)
            longest[i] = between**2 @ own
        return (squares + squares.T) / 2, (longest + longest.T) / 2


def sampled_distances(values: Piece, numbers: int = 256) -> Array:
    """Rough squared distances of all pairs, [m, m], from evenly spaced elements of each model's [c].

    Only the shape of the tree depends on it: a poor sample costs digits, never correctness.
    """
    step = max(1, len(values[0]) // numbers)
    points = every(values, step).numpy()
    points = np.nan_to_num(points, posinf=0, neginf=0).clip(-1e100, 1e100)  # squares stay finite
    points -= points[0]
    gram = points @ points.T
    own = gram.diagonal()
    return np.maximum(own[:, None] + own[None, :] - 2 * gram, 0)
