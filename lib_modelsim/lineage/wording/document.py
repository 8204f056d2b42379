"""A recipe in JSON."""

from __future__ import annotations

from typing import Any

from ..recipe import Recipe
from . import words


def document(found: Recipe) -> dict[str, Any]:
    """The JSON of one recipe."""
    method, missing, claim = found.method, found.missing, found.claim
    return {
        "target": found.target,
        "network": found.network,
        "kind": found.kind,
        "method": method and {"name": method.name, "parameters": dict(method.parameters),
                              "residual_in_roundings": method.residual_in_roundings, "why": method.why},
        "parameters": dict(method.parameters) if method else {},
        "parents": [{"model": p.model, "share": p.share, "low": p.low, "high": p.high, "role": p.role,
                     "same_as": list(p.same_as)} for p in found.parents],
        "blocks": {block: dict(shares) for block, shares in found.blocks.items()},
        "components": {name: {"from": c.source, "kind": c.kind} for name, c in found.components.items()},
        "keys": list(found.keys),
        "residual": found.residual,
        "missing": missing and {"unexplained": missing.unexplained, "why": missing.why},
        "trained_after": found.trained_after,
        "lora": [{"name": one.name, "rank": one.rank, "strength": one.strength} for one in found.lora],
        "claimed": claim and {"text": claim.text, "parents": list(claim.parents), "why": claim.why},
        "agrees": claim.agrees if claim else None,
        "coverage": found.coverage,
        "base": found.base,
        "sure": found.sure,
        "remarks": list(found.remarks),
        "told": words.sentence(found),
    }  # fmt: skip
