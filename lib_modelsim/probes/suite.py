"""Suites of probes: data files that say which pictures every checkpoint generates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..errors import ModelsimError
from ..reading import require_file
from .naming import file_name
from .parameters import Parameters

SHIPPED = Path(__file__).parent / "suites"

_FIELDS = {each.name for each in fields(Parameters)} - {"seed", "batch", "modules"}


@dataclass(frozen=True)
class Probe:
    """One prompt with its settings, generated with one seed or several.

    `parameters` hold for every architecture that has no form of its own; `forms` are architecture → the fields of
    Parameters that differ there, above all width and height. A form for a variant of an architecture ("SD 1.x tiny")
    comes on top of the architecture's.
    """

    name: str
    parameters: Parameters
    seeds: tuple[int, ...] = (1,)
    category: str = ""
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ModelsimError(f"probe {self.name!r} needs seeds without repeats", self.seeds, "give each seed once")
        for architecture in ("", *self.forms):
            self.pictures(architecture)

    def pictures(self, architecture: str | None, batch: int = 1, variant: str | None = None) -> list[Parameters]:
        """What a checkpoint of this architecture (None where it is not known) and variant generates: one picture per
        seed.

        `batch` seeds at a time are generated at once. Raises ModelsimError for values that no picture can have.
        """
        form = {**self.forms.get(architecture or "", {}), **self.forms.get(f"{architecture} {variant}", {})}
        options = dict(self.parameters.options) | dict(form.pop("options", {}))
        here = replace(self.parameters, **form, options=options)
        batches = [self.seeds[start : start + batch] for start in range(0, len(self.seeds), batch)]
        return [replace(here, seed=seed, batch=seeds if len(seeds) > 1 else ()) for seeds in batches for seed in seeds]

    def variants(self, architecture: str | None) -> list[str | None]:
        """The variants of an architecture that have forms of their own; None, the plain one, first."""
        begin = f"{architecture} "
        return [None, *(name.removeprefix(begin) for name in self.forms if name.startswith(begin))]


@dataclass(frozen=True)
class Suite:
    """Probes in their order. `about` says what it is for, `source` where it comes from."""

    name: str
    probes: tuple[Probe, ...]
    about: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ModelsimError("a suite needs a name", None, 'give it one: "name"')
        if not self.probes:
            raise ModelsimError("a suite needs probes", self.name, "add one")
        seen: dict[str, str] = {}
        for probe in self.probes:
            other = seen.setdefault(file_name(probe.name).casefold(), probe.name)
            if other is not probe.name:
                raise ModelsimError("two probes have the same file name", f"{other}, {probe.name}", "rename one")


def read_suite(path: Path) -> Suite:
    """A suite's file. Raises ModelsimError that says what is wrong with it."""
    try:
        text = require_file(path).read_text(encoding="utf-8-sig")
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise ModelsimError(f"cannot read the suite ({error})", path, "see docs/probes.md for the format") from error
    try:
        return from_document(document)
    except ModelsimError as error:
        raise ModelsimError(f"{path.name}: {error.what}", error.value, error.fix) from error


def from_document(document: object) -> Suite:
    """A suite from its parsed JSON. What stands beside "probes" under "parameters", "forms" and "seeds" holds for all
    probes that do not say otherwise."""
    known = {"name", "about", "source", "parameters", "forms", "seeds", "probes"}
    whole = _table("a suite", document, known)
    probes = tuple(_probe(_table("a probe", probe), whole) for probe in _list("probes", whole.get("probes", [])))
    texts = {key: _text(key, whole.get(key, "")) for key in ("name", "about", "source")}
    return Suite(probes=probes, **texts)


def to_document(suite: Suite) -> dict[str, Any]:
    """The suite as JSON; what all probes share is said once."""
    each = [_said(probe.parameters) for probe in suite.probes]
    shared = {name: value for name, value in each[0].items() if all(p.get(name) == value for p in each)}
    first = suite.probes[0]
    same_forms = all(probe.forms == first.forms for probe in suite.probes)
    same_seeds = all(probe.seeds == first.seeds for probe in suite.probes)
    document: dict[str, Any] = {"name": suite.name, "about": suite.about, "source": suite.source}
    document["parameters"] = shared
    if same_forms and first.forms:
        document["forms"] = first.forms
    if same_seeds:
        document["seeds"] = list(first.seeds)
    document["probes"] = [
        {
            "name": probe.name,
            **({"category": probe.category} if probe.category else {}),
            **({} if same_seeds else {"seeds": list(probe.seeds)}),
            **{name: value for name, value in own.items() if name not in shared},
            **({} if same_forms else {"forms": probe.forms}),
        }
        for probe, own in zip(suite.probes, each, strict=True)
    ]
    return document


def to_json(suite: Suite) -> str:
    """The text of a suite's file."""
    return json.dumps(to_document(suite), ensure_ascii=False, indent=2) + "\n"


def _said(parameters: Parameters) -> dict[str, Any]:
    """What a file says of a probe: its settings in full, the rare options only where there are some."""
    said = {name: getattr(parameters, name) for name in (each.name for each in fields(Parameters)) if name in _FIELDS}
    return said if parameters.options else {name: value for name, value in said.items() if name != "options"}


def _probe(given: dict[str, Any], suite: Mapping[str, Any]) -> Probe:
    name = _text("name", given.pop("name", ""))
    if not name.strip():
        raise ModelsimError("a probe needs a name", None, 'give it one: "name"')
    category = _text("category", given.pop("category", ""))
    seeds = _list("seeds", given.pop("seeds", suite.get("seeds", [1])))
    forms = _table("forms", given.pop("forms", suite.get("forms", {})))
    for architecture, form in forms.items():
        _table(f"the form for {architecture}", form, _FIELDS)
    settings = _table("parameters", suite.get("parameters", {}), _FIELDS) | _table(f"probe {name!r}", given, _FIELDS)
    return Probe(name, Parameters(**settings), tuple(seeds), category, forms)


def _table(what: str, value: object, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelsimError(f"{what} must be a table {{…}}", value, "see docs/probes.md for the format")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        raise ModelsimError(f"{what} has no {unknown[0]!r}", None, f"use {', '.join(sorted(known or ()))}")
    return dict(value)


def _list(what: str, value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ModelsimError(f"{what} must be a list […]", value, "see docs/probes.md for the format")
    return value


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise ModelsimError(f"{what} must be text in quotes", value, "write it in quotes")
    return value
