"""What the files of a library say of their origin, as far as it names models of the library."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone

from ...checkpoints.embedded import Origin, Parent, origin
from ...library import Library
from ...lineage.claims.claims import model_meant
from ...lineage.graph.evidence import SaidOrigin
from ..catalogue.index import Model
from .claiming import known_models


def said_origins(models: Sequence[Model], library: Library) -> dict[str, SaidOrigin]:
    """Model → what its metadata say, of those that say anything of this."""
    known, found = known_models(models, library), {}
    for model in models:
        told = origin(model.header.metadata)
        others = [other for other in known if other.name != model.name]
        parents = [*told.parents, *([Parent(None, told.base)] if told.base else [])]
        meant = [one.name for parent in parents if (one := model_meant(parent, others)) is not None]
        date = _date(told)
        if meant or date is not None:
            found[model.name] = SaidOrigin(tuple(dict.fromkeys(meant)), date)
    return found


def _date(told: Origin) -> str | None:
    """The day on which it was made."""
    text = told.spec.get("date")
    if text:
        with suppress(ValueError):
            return datetime.fromisoformat(text.replace("Z", "+00:00")).date().isoformat()
    for name in ("training_finished_at", "training_started_at"):
        with suppress(KeyError, ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(float(told.training[name]), timezone.utc).date().isoformat()
    return None
