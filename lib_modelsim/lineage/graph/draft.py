"""A graph in the making: edges that make no cycle."""

from __future__ import annotations

from .graph import NEAREST, Edge


class Draft:
    """Edges between models by name; directed ones make no cycle, and two models have one edge, or one a kind.
    `turned_round` are models with a recipe that would have closed one."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self.remarks: list[str] = []
        self.turned_round: list[str] = []
        self._children: dict[str, set[str]] = {}

    def add(self, edge: Edge) -> None:
        """One more edge. Raises ValueError where it would close a cycle: ask `comes_from` before."""
        if edge.source == edge.target or (edge.directed and self.comes_from(edge.source, edge.target)):
            raise ValueError(f"a cycle by {edge}")
        self.edges.append(edge)
        if edge.directed:
            self._children.setdefault(edge.source, set()).add(edge.target)

    def replace(self, edge: Edge, by: Edge) -> None:
        """Another edge in the place of one of them. Raises ValueError where it would close a cycle."""
        place = self.edges.index(edge)
        del self.edges[place]
        ends = (edge.source, edge.target)
        if edge.directed and not any(other.directed and (other.source, other.target) == ends for other in self.edges):
            self._children[edge.source].discard(edge.target)
        self.add(by)
        self.edges.insert(place, self.edges.pop())

    def comes_from(self, model: str, origin: str, perhaps: bool = False) -> bool:
        """Whether there is a way along directed edges from the origin to the model; from itself always. With `perhaps`
        also along edges between kin whose direction is not known."""
        seen, left = {origin}, [origin]
        while left:
            each = left.pop()
            if each == model:
                return True
            new = self._children.get(each, set()) | (self._kin_of(each) if perhaps else set())
            left += new - seen
            seen |= new
        return False

    def _kin_of(self, model: str) -> set[str]:
        kin = (edge for edge in self.edges if not edge.directed and edge.kind != NEAREST)
        ends = ({edge.source, edge.target} for edge in kin)
        return {other for pair in ends if model in pair for other in pair - {model}}

    def has_origin(self, model: str) -> bool:
        """Whether a directed edge leads to it."""
        return any(model in children for children in self._children.values())

    def joined(self, a: str, b: str) -> bool:
        """Whether an edge of any kind joins the two."""
        return any({edge.source, edge.target} == {a, b} for edge in self.edges)
