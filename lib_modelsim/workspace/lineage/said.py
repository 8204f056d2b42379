"""What the files of a library say of their origin, as far as it names models of the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from ...checkpoints.embedded import Origin, origin
from ...library import Library
from ...lineage.graph.evidence import SaidOrigin
from ..catalogue.index import Model, other_names, plain_name
from ..comparing.compare import model_hashes


def said_origins(models: Sequence[Model], library: Library) -> dict[str, SaidOrigin]:
    """Model → what its metadata say, of those that say anything of this."""
    by_name: dict[str, list[str]] = {}
    by_hash: dict[str, str] = {}
    for model in models:
        for name in {plain_name(model.path).lower(), model.name.lower(), *other_names(model)}:
            by_name.setdefault(name, []).append(model.name)
        by_hash |= dict.fromkeys(model_hashes(model, library), model.name)
    found = {}
    for model in models:
        told = origin(model.header.metadata)
        named = [name for name in _named(told, by_name, by_hash) if name != model.name]
        date = _date(told)
        if named or date is not None:
            found[model.name] = SaidOrigin(tuple(dict.fromkeys(named)), date)
    return found


def _named(told: Origin, by_name: dict[str, list[str]], by_hash: dict[str, str]) -> Iterator[str]:
    """The models that are meant: by hash, or by a name that only one has."""
    for parent in told.parents:
        by_digits = next((by_hash[h] for h in by_hash if parent.sha256 and h.startswith(parent.sha256.lower())), None)
        if by_digits is not None:
            yield by_digits
        elif parent.name:
            yield from _called(parent.name, by_name)
    if told.base:
        yield from _called(told.base, by_name)


def _called(text: str, by_name: dict[str, list[str]]) -> list[str]:
    """Names and paths of any system; the WebUI adds a hash in brackets."""
    name = PurePosixPath(text.replace("\\", "/")).name.split(" [")[0]
    found = by_name.get(plain_name(Path(name)).lower(), [])
    return found if len(found) == 1 else []


def _date(told: Origin) -> str | None:
    """When it was made, as a day."""
    text = told.spec.get("date")
    if text:
        with suppress(ValueError):
            return datetime.fromisoformat(text.replace("Z", "+00:00")).date().isoformat()
    for name in ("training_finished_at", "training_started_at"):
        with suppress(KeyError, ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(float(told.training[name]), timezone.utc).date().isoformat()
    return None
