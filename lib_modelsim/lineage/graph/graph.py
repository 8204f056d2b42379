"""The graph that every face shows, and nothing in it without a sentence that says how it is known."""

from __future__ import annotations

from dataclasses import dataclass

PROVEN, LIKELY, WEAK = "proven", "likely", "weak"
"""How strong the evidence of an edge is: its numbers leave no other way; they speak for it; a hint."""

MODEL, ADAPTER = "model", "adapter"

NEAREST, STEP, DESCENDANT, MERGE = "nearest", "step", "descendant", "merge"
"""Kinds of edges beside those of recipes: no other model is nearer, which is no kinship; the next of one series, such
as epochs of a training; comes from it, by training or by merging with something that is not here; and is a merge of it
and others by a method that is not known."""


@dataclass(frozen=True)
class LineageNode:
    """A model, or an adapter that is baked into one. `missing` is the share, 0 … 1, that a parent which is not here
    has in it, None where none is missed."""

    name: str
    kind: str = MODEL
    network: str = ""
    missing: float | None = None


@dataclass(frozen=True)
class Edge:
    """From an origin to what was made of it.

    `kind` is a word of `kinds`, a method's name, or one of those above; `share` is signed and may be above 1, None
    where it has none or it is not known. `evidence` are sentences; `strength` is that of the kind, and of the direction
    where the edge is `directed`. One that is not stays without an arrow: `source` is the one named first, no more.
    """

    source: str
    target: str
    kind: str
    share: float | None = None
    evidence: tuple[str, ...] = ()
    strength: str = WEAK
    directed: bool = True


@dataclass(frozen=True)
class FoldedModels:
    """Models that are one in the graph: the first stands for all, `why` says in a sentence what they share."""

    models: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class LineageGraph:
    """The models of one network. Of a group only its first is a node; directed edges make no cycle. `remarks` are
    sentences that a person has to know: what could not be told, and why."""

    nodes: tuple[LineageNode, ...]
    groups: tuple[FoldedModels, ...] = ()
    edges: tuple[Edge, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def network(self) -> str:
        """That of its models; empty where it is not known."""
        return self.nodes[0].network if self.nodes else ""

    def folded(self, name: str) -> tuple[str, ...]:
        """The models that a node stands for beside itself."""
        return next((group.models[1:] for group in self.groups if group.models[0] == name), ())
