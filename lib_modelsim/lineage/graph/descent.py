"""Origins of models that are no merges: the likeliest one where a base is known, else the nearest, which may be none.

What is trained leaves its origin at right angles to what its origin did before, so squared distances add up along the
way: from an origin X, ‖T − base‖² = ‖T − X‖² + ‖X − base‖². Two models that come from a third, which is not here, share
a part of their ways instead. Right angles hold within a cosine of 0.1 (published and trained families), so what that
blurs is not told: neither which of two close models is nearer to a far base, nor where among close ones a far one
branches off. An even merge with a model that is not here stands to its parent as an origin does; so that is said, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...families.base_names import named_as_base
from ...families.strangers import spanning_tree
from ...text import percent
from .draft import Draft
from .graph import DESCENDANT, LIKELY, NEAREST, WEAK, Edge

Array = NDArray[np.float64]

_BLUR = 0.1
"""Cosines of what is at right angles, at most."""

_ALONE = 0.25
"""What an origin went alone is at most this share of the squared distance to its descendant, and its descendant has its
way from the base but for this share, or so much more. On a trained family with a known tree these are 0.13 and 0.08, in
a published series of epochs 0.18; sisters have about 0.5."""

_TURN = -0.8
"""Least cosine between the ways from an origin to its descendant and to the base. Epochs that go on in a like direction
have −0.25 to −0.7 in published series; what lies between the base and another as a merge of the two has −1."""

_CLEAR = 0.3
"""Least cosine, at the descendant, between the ways to its origin and to the base: it cannot be the origin itself."""

_SHARED = 0.2
"""Least cosine between the changes of two models from their base to speak of a shared way: what was trained apart has
up to 0.1."""


@dataclass(frozen=True)
class Ground:
    """The models of the graph: `rows` are positions in `models` and `squares`, without strangers; `base` is one of
    them, None where none is known, `why` says how it is."""

    models: Sequence[str]
    squares: Array
    rows: Sequence[int]
    base: int | None = None
    why: str = ""

    def alone(self, origin: int, target: int, third: int) -> float:
        """⟨target − origin, third − origin⟩ as a share of ‖target − origin‖²."""
        return self._inner(origin, target, third) / float(self.squares[origin, target])

    def turn(self, origin: int, target: int, third: int) -> float:
        """The cosine between the ways from the origin to the two."""
        size = np.sqrt(self.squares[origin, target] * self.squares[origin, third])
        return self._inner(origin, target, third) / float(size)

    def held(self, origin: int, target: int, base: int) -> float:
        """How much of the origin's way from the base the target has: 1 for a descendant."""
        return self._inner(base, target, origin) / float(self.squares[base, origin])

    def _inner(self, origin: int, target: int, third: int) -> float:
        s = self.squares
        return float(s[origin, target] + s[origin, third] - s[target, third]) / 2


def add_descent(draft: Draft, ground: Ground) -> None:
    """From the base: an edge to every model that has no origin yet, from the nearest one that can be it."""
    base, squares, names = ground.base, ground.squares, ground.models
    if base is None:
        raise ValueError("the base is not known")
    origins: dict[int, tuple[int, Edge]] = {}
    merged = {edge.target for edge in draft.edges if edge.directed}
    outward = sorted((row for row in ground.rows if row != base), key=lambda row: (squares[base, row], row))
    for target in outward:
        if _placed(draft, names[target]):
            continue
        if named_as_base(names[target]):
            _add_other_base(draft, ground, target)
            continue
        near = [row for row in outward if names[row] not in merged and _can_be(draft, ground, row, target)]
        origin = min([base, *near], key=lambda x: squares[x, target])
        origins[target] = origin, _edge(ground, origin, target)
        draft.add(origins[target][1])
    for target, (origin, edge) in list(origins.items()):  # a merge lies beside its parents' origins, too: only now
        near = [row for row in outward if names[row] in merged and _can_be(draft, ground, row, target, perhaps=True)]
        nearest = min([origin, *near], key=lambda x: squares[x, target])
        if nearest != origin:
            origins[target] = nearest, _edge(ground, nearest, target)
            draft.replace(edge, origins[target][1])
    for target, (origin, _) in origins.items():
        _add_shared(draft, ground, origin, target)


def _edge(ground: Ground, origin: int, target: int) -> Edge:
    first, second = ground.models[origin], ground.models[target]
    if origin == ground.base:
        return Edge(first, second, DESCENDANT, None, _from_base(ground, target), LIKELY)
    directed = _is_farther(ground, origin, target)
    return Edge(first, second, DESCENDANT, None, _by_the_way(ground, origin, target, directed), WEAK, directed)


def _placed(draft: Draft, name: str) -> bool:
    """Whether an edge says already how it was made, with a direction or without."""
    undirected = (edge for edge in draft.edges if not edge.directed and edge.kind not in (NEAREST, DESCENDANT))
    return draft.has_origin(name) or any(name in (edge.source, edge.target) for edge in undirected)


def _can_be(draft: Draft, ground: Ground, origin: int, target: int, perhaps: bool = False) -> bool:
    if not on_the_way(ground, origin, target):
        return False
    return not draft.comes_from(ground.models[origin], ground.models[target], perhaps)


def on_the_way(ground: Ground, origin: int, target: int) -> bool:
    """Whether a model lies on the way from the base to another."""
    base, squares = ground.base, ground.squares
    if origin == target or squares[origin, target] == 0:
        return False
    if squares[base, origin] < (_BLUR / _ALONE) ** 2 * squares[base, target]:
        return False  # too near to the base to tell whether the target has its way
    turn = ground.turn(origin, target, base)
    return (
        squares[base, origin] < squares[base, target]
        and (ground.alone(origin, target, base) <= _ALONE or turn <= _BLUR)
        and abs(ground.held(origin, target, base) - 1) <= _ALONE
        and turn >= _TURN
    )


def _is_farther(ground: Ground, origin: int, target: int) -> bool:
    """Whether the target is farther from the base than the origin by more than right angles are blurred."""
    base = ground.base
    return ground.turn(target, origin, base) >= _CLEAR and ground.alone(origin, target, base) <= _ALONE


def _from_base(ground: Ground, target: int) -> tuple[str, ...]:
    name, base = ground.models[target], ground.models[ground.base]
    return (f"{base} is the base: {ground.why}.", f"No other model lies on the way from it to {name}.")


def _by_the_way(ground: Ground, origin: int, target: int, directed: bool) -> tuple[str, ...]:
    name, by, base = ground.models[target], ground.models[origin], ground.models[ground.base]
    held = ground.held(origin, target, ground.base)
    way = f"{name} has {percent(held)} of the change of {by} from {base}, and its own beside it"
    if not directed:
        which = f"both are as far from {base}, so it cannot be told which"
        return (f"{way}.", f"One comes from the other, or both from a model near them that is not here; {which}.")
    nearer = float(np.sqrt(ground.squares[ground.base, origin] / ground.squares[ground.base, target]))
    return (
        f"{way}, and {by} is nearer to {base}, at {percent(nearer)} of the distance.",
        f"So it comes from {by}, or from a model near that; unless {by} is a merge of it with one that is not here.",
    )


def _add_other_base(draft: Draft, ground: Ground, target: int) -> None:
    name, base = ground.models[target], ground.models[ground.base]
    if not draft.joined(name, base):
        why = f"Both are called as bases are, so nothing says that {name} comes from {base}."
        draft.add(Edge(base, name, NEAREST, None, (why,), WEAK, directed=False))


def _add_shared(draft: Draft, ground: Ground, origin: int, target: int) -> None:
    """An edge without direction to the nearest model, where that is nearer than the origin and shares a way."""
    squares, base, names = ground.squares, ground.base, ground.models
    others = [row for row in ground.rows if row not in (target, base) and squares[row, target] > 0]
    nearest = min(others, key=lambda row: squares[row, target], default=None)
    if nearest is None or squares[nearest, target] >= squares[origin, target]:
        return
    if draft.joined(names[nearest], names[target]) or draft.comes_from(names[nearest], names[target]):
        return
    if draft.comes_from(names[target], names[nearest]):
        return
    shared = ground.turn(base, nearest, target)
    if shared >= _SHARED:
        why = (
            "No other model is nearer.",
            f"They share a part of their change from {names[base]} (cosine {shared:.2f}): one may be merged into the "
            "other, or both come from a model that is not here.",
        )
        draft.add(Edge(names[nearest], names[target], NEAREST, None, why, WEAK, directed=False))


def add_nearest(draft: Draft, ground: Ground, skip: Sequence[int] = ()) -> None:
    """Without a base: edges without direction between nearest models, those of the shortest tree that joins all. `skip`
    are rows whose origins are known. Where one branches off from the others at the other, one comes from the other."""
    rows = [row for row in ground.rows if row not in skip]
    if len(rows) < 2:
        return
    edges, _ = spanning_tree(np.sqrt(ground.squares[np.ix_(rows, rows)]))
    for a, b in ((rows[a], rows[b]) for a, b in edges):
        names = ground.models[a], ground.models[b]
        if draft.joined(*names):
            continue
        why = _branches_off(ground, a, b, rows) or _branches_off(ground, b, a, rows)
        kind = DESCENDANT if why else NEAREST
        draft.add(Edge(*names, kind, None, (why or _merely(ground, a, b, rows),), WEAK, directed=False))


def _branches_off(ground: Ground, stem: int, branch: int, rows: Sequence[int]) -> str | None:
    """A sentence where the branch leaves the ways to at least two others at the stem; None where it does not, or where
    the others are too near to the stem to tell."""
    squares = ground.squares
    beyond = [
        row
        for row in rows
        if row not in (stem, branch) and squares[stem, row] >= (2 * _BLUR) ** 2 * squares[stem, branch]
    ]
    if len(beyond) < 2 or any(squares[branch, row] < squares[stem, row] for row in beyond):
        return None
    alone = float(np.median([ground.alone(stem, branch, row) for row in beyond]))
    turns = [ground.turn(stem, branch, row) for row in beyond]
    if alone > _ALONE or min(turns) < _TURN or max(turns) > _ALONE:
        return None
    first, second = ground.models[stem], ground.models[branch]
    return (
        f"{second} leaves the ways to the others at {first}: one comes from the other, by training or by a merge "
        "with something that is not here; which of them was first cannot be told without a base."
    )


def _merely(ground: Ground, a: int, b: int, rows: Sequence[int]) -> str:
    distance = float(np.sqrt(ground.squares[a, b]))
    if len(ground.rows) == 2:
        return f"The only two, {distance:.4g} apart: whether they are kin cannot be told from one distance."
    nearest = min((row for row in rows if row != b), key=lambda row: ground.squares[row, b])
    first, second = ground.models[a], ground.models[b]
    if nearest == a:
        return f"No model is nearer to {second} than {first} ({distance:.4g}). That says nothing of its origin."
    return f"Two groups are nearest at {first} and {second} ({distance:.4g}). That says nothing of their origin."
