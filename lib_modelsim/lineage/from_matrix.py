"""What a matrix of distances alone tells: overall shares by the two or three best parents, and what nearly coincides.

W = Σ α_i W_i with Σ α_i = 1 can be solved from squared distances. A network has hundreds of millions of numbers, so
that three of its models lie on a line, or four in a plane, by no chance; what a matrix cannot tell is said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..families.groups import complete_group, connected_groups
from ..text import percent, several
from .kinds import ADD_DIFFERENCE, TRIPLE_SUM, UNKNOWN, WEIGHTED_SUM
from .recipe import ParentShare, Recipe

Array = NDArray[np.float64]

EXACT = 0.03
"""Share of the distance to the nearest parent that merges by constant shares leave at most: rounding, and digits that
were printed. Twelve published merges leave up to 0.017."""

PERHAPS = 0.15
"""The same of what is perhaps a merge: with shares by block, or trained on. Steps in the middle of a published series
of models leave 0.18 and more, models that are no merges 0.48."""

_CLEARER, _OF_THREE = 0.5, 0.1
"""Three parents must leave less than this share of what two leave, and no more than that; more fits by three."""

_FLAT = 0.01
"""sin² of the angle between two of three parents, seen from the third, below which they lie on one line."""

_LEAST = 0.01
"""The smallest share of a parent."""

_ONE = 0.1
"""How far from 1 the share of A in an add-difference may be."""

_MOST = 1.6
"""The largest factor of an add-difference; people use up to 1.5."""

_NEAR, _THIRD = 0.01, 16
"""Two models nearer to each other than this share of the distance to any third nearly coincide; so many of the nearest
are looked at as three parents."""

CANNOT = (
    "A distance of whole networks tells neither shares by block nor the method; and of models on one line it does not "
    "tell whether the middle one was merged from the outer ones, or an outer one by more than the whole difference."
)


@dataclass(frozen=True)
class MatrixMerge:
    """A model as a sum of others, all as positions. `left` is the share of the distance to the nearest of them that
    stays unexplained, 0 … 1."""

    target: int
    parents: tuple[int, ...]
    shares: tuple[float, ...]
    left: float

    @property
    def between(self) -> bool:
        """Whether it lies between its parents: no share is negative."""
        return min(self.shares) > 0

    @property
    def exact(self) -> bool:
        """Whether nothing but rounding is left."""
        return self.left <= EXACT


def merges_of(squares: Array, targets: Sequence[int], others: Sequence[int]) -> dict[int, MatrixMerge]:
    """Those of the targets that are merges of two or three of the others, by target.

    `squares` [n, n] is ‖a − b‖², without NaN among all these. Two parents must have it between them, or three; or of
    three one is added and another subtracted, as add-difference does. Three are looked for among those that are no
    merges of two themselves, where these explain it.
    """
    two = {target: _by_two(squares, target, others) for target in targets}
    plain = [i for i in others if (known := two.get(i)) is None or not known.exact]
    found: dict[int, MatrixMerge] = {}
    for target, pair in two.items():
        three = None
        if pair is None or not pair.exact:
            three = _by_three(squares, target, plain) or _by_three(squares, target, others)
        best = three if three is not None and (pair is None or three.left < _CLEARER * pair.left) else pair
        if best is not None:
            found[target] = best
    return found


def _by_two(squares: Array, target: int, others: Sequence[int]) -> MatrixMerge | None:
    """The two that leave least, or those beyond them: of models on one line the outermost are taken."""
    near = np.asarray([i for i in others if i != target and squares[target, i] > 0], dtype=np.intp)
    first, second = (near[i] for i in np.triu_indices(len(near), 1))
    share, left = _between(squares, target, first, second)
    fits = (share > _LEAST) & (share < 1 - _LEAST)
    if not fits.any() or left[fits].min() > PERHAPS:
        return None
    best = int(np.where(fits, left, np.inf).argmin())
    found = [_on_line(squares, target, int(first[best]), int(second[best]))]
    if found[0].exact:
        ends = [_outermost(squares, target, end, near) for end in found[0].parents]
        found.append(_on_line(squares, target, *ends))
    return found[-1] if found[-1].exact else found[0]


def _outermost(squares: Array, target: int, end: int, near: NDArray[np.intp]) -> int:
    """The farthest model beyond `end`, seen from the target: `end` lies between the two, but for rounding."""
    farther = near[squares[target, near] > squares[target, end]]
    share, left = _between(squares, end, np.full(len(farther), target), farther)
    beyond = farther[(left <= EXACT) & (share > 0) & (share < 1)]
    return int(beyond[squares[target, beyond].argmax()]) if len(beyond) else end


def _between(
    squares: Array, model: int, first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Where the model stands on the lines from first to second, as the share of the first, and how far beside, as a
    share of the distance to the nearer one; [p] each."""
    to_first, to_second, across = squares[model, first], squares[model, second], squares[first, second]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (to_second + across - to_first) / (2 * across)
        beside = np.maximum(to_second - share**2 * across, 0)
        return share, np.sqrt(beside / np.minimum(to_first, to_second))


def _on_line(squares: Array, target: int, first: int, second: int) -> MatrixMerge:
    share, left = (float(one[0]) for one in _between(squares, target, np.array([first]), np.array([second])))
    return _merge(target, (first, second), (share, 1 - share), left)


def _by_three(squares: Array, target: int, others: Sequence[int]) -> MatrixMerge | None:
    """Signed least squares with the sum 1, of all threes among the nearest at once."""
    near = sorted((i for i in others if i != target and squares[target, i] > 0), key=lambda i: squares[target, i])
    threes = np.array(list(combinations(near[:_THIRD], 3)), dtype=np.intp).reshape(-1, 3)
    own = squares[target, threes]  # [p, 3]
    inner = (own[:, :, None] + own[:, None, :] - squares[threes[:, :, None], threes[:, None, :]]) / 2
    between = inner[:, :2, :2] - inner[:, :2, 2:] - inner[:, 2:, :2] + inner[:, 2:, 2:]
    towards = inner[:, 2, 2, None] - inner[:, :2, 2]
    flat = np.linalg.det(between) <= _FLAT * between[:, 0, 0] * between[:, 1, 1]  # on one line
    between[flat] = np.eye(2)
    first = np.linalg.solve(between, towards[:, :, None])[:, :, 0]
    shares = np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1)
    left = np.sqrt(np.maximum(np.einsum("pi,pij,pj->p", shares, inner, shares), 0) / own.min(axis=1, initial=np.inf))
    fits = ~flat & (np.abs(shares).min(axis=1, initial=1) >= _LEAST) & (left <= _OF_THREE)
    for best in np.flatnonzero(fits)[np.argsort(left[fits], kind="stable")].tolist():
        found = _merge(target, tuple(threes[best].tolist()), tuple(shares[best].tolist()), float(left[best]))
        if found.between or added(found):
            return found
    return None


def _merge(target: int, parents: tuple[int, ...], shares: tuple[float, ...], left: float) -> MatrixMerge:
    order = sorted(range(len(parents)), key=lambda i: -shares[i])
    return MatrixMerge(target, tuple(parents[i] for i in order), tuple(shares[i] for i in order), float(left))


def added(merge: MatrixMerge) -> tuple[int, int, int, float] | None:
    """A, B, C and α where the model is A + α (B − C), positions; None where it is not."""
    if len(merge.shares) != 3 or sum(share < 0 for share in merge.shares) != 1:
        return None
    (a, b, c), (one, plus, minus) = merge.parents, merge.shares
    if abs(plus - 1) < abs(one - 1):
        a, b, one, plus = b, a, plus, one
    return (a, b, c, (plus - minus) / 2) if abs(one - 1) <= _ONE and -minus <= _MOST else None


def coinciding(squares: Array, rows: Sequence[int]) -> list[list[int]]:
    """Groups of these rows that are the same, or nearly: nearer to each other than a hundredth of the distance to any
    other. Rows alone are none."""
    left, groups = list(rows), []
    while left:
        first, *rest = left
        group = [first, *(i for i in rest if squares[first, i] == 0)]
        near = _NEAR**2 * squares[first, rows].max()
        nearly = [i for i in rest if 0 < squares[first, i] <= near and _nearly(squares, first, i, rows)]
        group += nearly
        left = [i for i in left if i not in group]
        if len(group) > 1:
            groups.append(group)
    return groups


def _nearly(squares: Array, a: int, b: int, rows: Sequence[int]) -> bool:
    others = [i for i in rows if squares[a, i] > squares[a, b] and squares[b, i] > squares[a, b]]
    closer = any(0 < squares[x, i] <= squares[a, b] for x in (a, b) for i in rows if i not in (a, b))
    if closer or not others:
        return False
    return bool(squares[a, b] <= _NEAR**2 * squares[np.ix_((a, b), others)].min())


def recipes_of(models: Sequence[str], l2: Array) -> list[Recipe]:
    """Every model by its two or three best parents; one that the others do not explain has none, and says so.

    `l2` [n, n] are distances ‖a − b‖, NaN where missing: models that cannot be compared explain nothing of each other.
    """
    squares, found = l2**2, {}
    for group in connected_groups(~np.isnan(l2)):
        rows = complete_group(l2, group)
        found |= _recipes(models, squares, rows)
        found |= {i: _nothing(models[i], ["It lacks distances to some of the others."]) for i in group if i not in rows}
    return [found[i] for i in range(len(models))]


def _recipes(models: Sequence[str], squares: Array, rows: Sequence[int]) -> dict[int, Recipe]:
    nearly = coinciding(squares, rows)
    heads = [row for row in rows if not any(row in group[1:] for group in nearly)]
    merges = merges_of(squares, heads, heads)
    found: dict[int, Recipe] = {}
    for row in rows:
        group = next((group for group in nearly if row in group), [row])
        if row not in heads:
            merges |= merges_of(squares, [row], [i for i in heads if i not in group])
        found[row] = _recipe(models, squares, merges.get(row), row, [i for i in group if i != row], len(heads), nearly)
    return found


def _recipe(
    models: Sequence[str],
    squares: Array,
    merge: MatrixMerge | None,
    target: int,
    close: Sequence[int],
    others: int,
    groups: Sequence[Sequence[int]],
) -> Recipe:
    same = [models[i] for i in close if squares[target, i] == 0]
    near = [models[i] for i in close if squares[target, i] > 0]
    remarks = [f"The same as {several(same)} by this matrix."] if same else []
    remarks += [f"Nearly the same as {several(near)}, which was not taken for a parent."] if near else []
    if merge is None:
        far = f"No two or three of the others leave less than {percent(PERHAPS)} of its distance to the nearest."
        few = "There are fewer than two others to compare it with."
        return _nothing(models[target], [*remarks, few if others < 3 else far])
    parents = tuple(
        ParentShare(models[i], round(share, 6), role=role, same_as=_same(models, i, groups))
        for i, share, role in zip(merge.parents, merge.shares, _roles(merge), strict=True)
    )
    doubts = (*remarks, *_doubts(merge))
    return Recipe(models[target], "", kind_of(merge), parents=parents, residual=merge.left, remarks=doubts)


def _nothing(target: str, remarks: Sequence[str]) -> Recipe:
    return Recipe(target, "", UNKNOWN, remarks=tuple(remarks))


def _same(models: Sequence[str], parent: int, groups: Sequence[Sequence[int]]) -> tuple[str, ...]:
    group = next((group for group in groups if parent in group), ())
    return tuple(models[i] for i in group if i != parent)


def _roles(merge: MatrixMerge) -> tuple[str | None, ...]:
    letters = added(merge)
    by_parent = dict(zip(letters[:3], "ABC", strict=True)) if letters else {}
    return tuple(by_parent.get(parent) for parent in merge.parents)


def kind_of(merge: MatrixMerge) -> str:
    """The word for it, "unknown" where more is left than rounding."""
    if added(merge) is not None:
        return ADD_DIFFERENCE
    if not merge.exact:
        return UNKNOWN
    return WEIGHTED_SUM if len(merge.parents) == 2 else TRIPLE_SUM


def _doubts(merge: MatrixMerge) -> list[str]:
    doubts = []
    if not merge.exact:
        doubts.append(
            f"{percent(merge.left)} of its distance to the nearest parent stays unexplained: perhaps it was merged by "
            "block or trained on, perhaps it is no merge."
        )
    if added(merge) is not None:
        doubts.append("The four stand so that each of them is a sum of the others: which one was made, cannot be told.")
    return doubts
