"""The JSON documents of the command line: plain dictionaries, a missing value is null."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..checkpoints.adapter_facts import AdapterFacts
from ..checkpoints.embedded import origin
from ..checkpoints.facts import Facts
from ..checkpoints.identity import Identity, known_name
from ..checkpoints.networks import public_name
from ..text import readable
from ..workspace.catalogue.index import Model, Unreadable, plain_name
from ..workspace.catalogue.remarks import remarks
from ..workspace.catalogue.sameness import sameness_facts

if TYPE_CHECKING:  # each command imports its own service only
    from ..workspace.catalogue.scan import Scan
    from ..workspace.comparing.compare import Comparison
    from ..workspace.comparing.detail import SubBlock
    from ..workspace.comparing.elements import Element
    from ..workspace.families.classify import Classified
    from ..workspace.families.family import Family
    from ..workspace.families.results import Result
    from ..workspace.probing.kinship import Kinship


def scan(found: Scan) -> dict[str, Any]:
    """The document of `scan`."""
    same = sameness_facts({model.name: identity for model, identity in found.found if identity})
    rows = [
        _checkpoint(model, identity) | {"same_as": same.get(model.name, [])} for model, identity in found.found
    ]
    rows += [_unreadable_checkpoint(bad) for bad in found.unreadable]
    return {"checkpoints": rows, "copies": [asdict(copy) for copy in found.copies()]}


def _checkpoint(model: Model, identity: Identity | None) -> dict[str, Any]:
    header = model.header
    components = {
        name: {
            "parameters": component.parameters,
            "dtype": component.dtype,
            "content": asdict(identity.content[name]) if identity and name in identity.content else None,
            **_not_finite(name, identity),
        }
        for name, component in header.components.items()
    }
    return {
        "name": model.name,
        "path": readable(model.path),
        "format": header.format,
        "architecture": header.architecture,
        "variant": header.layout.variant,
        "components": components,
        "coverage": 1 - header.unplaced,
        "unplaced": header.unplaced,
        "barred": header.barred,
        "facts": _facts(header.facts),
        "remarks": remarks(header, identity),
        "size": model.key.size,
        "also_at": [{"path": readable(each.path), "kind": each.kind} for each in model.also_at],
        "sha256": identity.sha256 if identity else None,
        "short_hash": identity.short_hash if identity else None,
        "legacy_hash": identity.legacy_hash if identity else None,
        "autov3": identity.autov3 if identity else None,
        "known": known_name(identity) if identity else None,
        "adapter": _adapter(header.adapter),
        "metadata": header.metadata,
        "origin": asdict(origin(header.metadata)),
        "error": None,
    }


def _adapter(facts: AdapterFacts | None) -> dict[str, Any] | None:
    """What an adapter is: `type` in its makers' words, `network` null where it is not known."""
    if facts is None:
        return None
    found = facts.to_dict()
    return {"type": found.pop("kind"), "why_not_comparable": found.pop("why_not") or None, **found}


def _facts(facts: Facts) -> dict[str, Any]:
    """What changes the pictures besides weights: `ema` is "beside" the weights, "only" or null."""
    found = facts.to_dict()
    return {
        "markers": found["markers"],
        "sampling": list(facts.sampling),
        "ema": found["ema"],
        "position_ids": found["positions"],
    }


def _not_finite(component: str, identity: Identity | None) -> dict[str, int | None]:
    """Null until the file was hashed."""
    nans, infinities = (None, None) if identity is None else identity.not_finite.get(component, (0, 0))
    return {"nans": nans, "infinities": infinities}


def _unreadable_checkpoint(bad: Unreadable) -> dict[str, Any]:
    there = os.path.isfile(bad.path)  # noqa: PTH113  Path.is_file raises for names too long
    size = bad.path.stat().st_size if there else None
    nothing = ("format", "architecture", "variant", "sha256", "short_hash", "legacy_hash", "autov3", "known")
    row = {"name": plain_name(bad.path), "path": readable(bad.path), **dict.fromkeys(nothing)}
    row |= {"components": {}, "coverage": None, "unplaced": None, "barred": {}, "facts": None, "size": size}
    row |= {"remarks": [], "also_at": [], "adapter": None, "same_as": []}
    return row | {"metadata": {}, "origin": None, "error": bad.error}


def compare(
    found: Comparison | Kinship,
    elements: Sequence[Element] | None = None,
    fine: Sequence[SubBlock] | None = None,
    ema: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document of `compare`; `ema` is what there is to say of EMA copies, by model."""
    matrix = found.matrix
    document = {
        "measure": matrix.measure,
        "models": list(matrix.models),
        "blocks": list(matrix.blocks),
        "values": _numbers(matrix.values),
        "overall": _numbers(matrix.overall),
        "coverage": None if matrix.coverage is None else _numbers(matrix.coverage),
        "components": {name: _numbers(values) for name, values in matrix.components.items()},
        "base": found.base.told(matrix.models) if found.base else None,
        "reasons": [asdict(reason) for reason in found.reasons],
        "remarks": {
            name: [*found.remarks.get(name, ()), *ema.get(name, ())]
            for name in matrix.models
            if name in found.remarks or name in ema
        },
        "merges": [asdict(merge) for merge in found.merges],
        "roundings": [asdict(rounding) | {"text": rounding.fact} for rounding in found.roundings],
        "errors": errors(found.unreadable),
    }
    measures = {architecture: choice.measure for architecture, choice in found.choices.items()}
    if len(set(measures.values())) > 1:
        document["measures"] = measures
    if fine is not None:
        document["sub_blocks"] = [
            {"name": each.name, "relative": _number(each.relative), "cosine": _number(each.cosine)} for each in fine
        ]
    return document if elements is None else document | {"elements": [asdict(element) for element in elements]}


def classify(results: Sequence[Result], written: Sequence[Path], found: Classified | None = None) -> dict[str, Any]:
    """The document of `classify`: the paths written, the classes per architecture, the base, how each tree was made.

    `found` is None for a table in the place of checkpoints.
    """
    bases = [told for result in results if (told := _base(result.family))]
    return {
        "written": [readable(path) for path in written],
        "classes": [row for result in results for row in _classes(result)],
        "base": found.base if found else next(iter(bases), None),
        "errors": errors(found.unreadable) if found else [],
        "trees": [_tree(result) for result in results],
        "notes": found.notes if found else [],
    }


def _classes(result: Result) -> list[dict[str, Any]]:
    family = result.family
    return [
        {
            "architecture": public_name(family.architecture or "") or None,
            "variant": result.models[model].header.layout.variant if model in result.models else None,
            "model": model,
            "class": number,
            "name": result.name(number).name,
            "remark": result.name(number).remark,
            "support": _number(result.support(number)),
            "stranger": model in family.strangers,
        }
        for model, number in zip(family.features.models, family.classes.tolist(), strict=True)
    ]


def _tree(result: Result) -> dict[str, Any]:
    family = result.family
    return {
        "architecture": public_name(family.architecture or "") or None,
        "measure": family.measure,
        "base": _base(family),
        "distance": family.distance,
        "linkage": family.linkage,
        "references": list(family.references),
        "cophenetic": _number(result.trust.cophenetic),
        "models": list(family.features.models),
        "coverage": None if family.coverage is None else _numbers(family.coverage),
        "merges": [asdict(merge) for merge in family.merges],
        "notes": list(family.notes),
    }


def _base(family: Family) -> str | None:
    return family.base.told(family.features.models) if family.base else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def errors(unreadable: Sequence[Unreadable]) -> list[dict[str, str]]:
    """The files that could not be used, and why."""
    return [{"path": readable(bad.path), "error": bad.error} for bad in unreadable]


def _numbers(values: NDArray) -> list:
    def plain(value: float | list) -> float | list | None:
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return _number(value)

    return plain(values.tolist())
