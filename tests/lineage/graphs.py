"""Graphs of lineage that several tests draw and write."""

from __future__ import annotations

from lib_modelsim.lineage.graph.graph import (
    ADAPTER,
    LIKELY,
    NEAREST,
    PROVEN,
    WEAK,
    Edge,
    FoldedModels,
    LineageGraph,
    LineageNode,
)

HOSTILE = "a \"b\" 'c' <script>alert(1)</script>\n| [x](y); --> é 日本語 \u202e#&"


def small(name: str = "mix") -> LineageGraph:
    """A base, two fine-tunes, a merge of both with a LoRA, a relative and a model apart."""
    nodes = [LineageNode(each) for each in ("base", "left", "right", name, "near", "apart")]
    nodes[3] = LineageNode(name, missing=0.32)
    return LineageGraph(
        (*nodes, LineageNode("style", ADAPTER)),
        (FoldedModels(("left", "left-fp16"), "They hold the same numbers."),),
        (
            Edge("base", "left", "fine-tune", None, ("It is the nearest.",), LIKELY),
            Edge("base", "right", "fine-tune", None, ("It is the nearest.",), LIKELY),
            Edge("left", name, "weighted sum", 0.6, ("They leave 0.4 roundings.",), PROVEN),
            Edge("right", name, "weighted sum", 0.4, ("They leave 0.4 roundings.",), PROVEN),
            Edge("style", name, "lora", 0.8, ("Its change is in it.",), LIKELY),
            Edge(name, "near", NEAREST, None, ("No other is nearer.",), WEAK, directed=False),
        ),
        ("It cannot be told which is older.",),
    )


def many(count: int, seed: int = 1) -> LineageGraph:
    """So many models that come from each other."""
    import random

    draw = random.Random(seed)
    names = [f"model_{i:03d}_v{draw.randint(1, 9)}-pruned" for i in range(count)]
    edges: list[Edge] = []
    for i, name in enumerate(names[1:], 1):
        if i > 3 and draw.random() < 0.4:
            share = round(draw.uniform(0.1, 0.9), 2)
            first, second = draw.sample(names[:i], 2)
            edges += [Edge(first, name, "weighted sum", share), Edge(second, name, "weighted sum", 1 - share)]
        elif draw.random() < 0.8:
            edges.append(Edge(names[0] if draw.random() < 0.5 else draw.choice(names[:i]), name, "fine-tune"))
        elif draw.random() < 0.5:
            edges.append(Edge(draw.choice(names[:i]), name, NEAREST, directed=False))
    return LineageGraph(tuple(map(LineageNode, names)), (), tuple(edges))
