"""A family with all that its files tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...checkpoints.identity import Identity
from ...errors import ModelsimError
from ...library import Library
from ..catalogue.index import Model, Unreadable
from ..catalogue.scan import known_identity
from .class_labels import ClassEdit, ClassName, class_names, name_class, require_class
from .family import Family, Trust, trust_of


@dataclass(frozen=True)
class Result:
    """A family with all that its files tell: how far to trust it, what its classes are called, its models and their
    identities by name (none for tables that were brought along); `paths` where files are told with their paths;
    the files `unreadable`, and the models that a person `left_out`, are in no family. `told` is what there is
    to know of the comparison."""

    family: Family
    trust: Trust
    names: Mapping[int, ClassName] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    paths: bool = False
    unreadable: tuple[Unreadable, ...] = ()
    left_out: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def own_models(self) -> list[Model]:
        """The models of the family's architecture, those too that are in no tree."""
        return [model for model in self.models.values() if model.architecture == self.family.architecture]

    def support(self, number: int) -> float:
        """Support of class 1, 2, …; NaN where it is unknown."""
        return float(self.trust.support[number - 1])

    def name(self, number: int) -> ClassName:
        """What a person calls class 1, 2, …."""
        return self.names.get(number, ClassName())

    @property
    def title(self) -> str:
        """What the figures and the report are of."""
        return self.family.title


def results_of(
    families: Sequence[Family], models: Sequence[Model], words: Sequence[ClassEdit], library: Library
) -> list[Result]:
    """The families of checkpoints, with the names that the library keeps; first it takes down `words`.

    Raises ModelsimError where these are of a class that does not exist, or may be of several.
    """
    for said in words:
        name_class(_meant(families, said), models, library, said)
    by_name = {model.name: model for model in models}
    known = {model.name: known_identity(model, library) for model in models}
    identities = {name: identity for name, identity in known.items() if identity is not None}
    return [
        Result(family, trust_of(family), class_names(family, models, library), by_name, identities)
        for family in families
    ]


def results_of_table(family: Family, words: Sequence[ClassEdit]) -> Result:
    """The family of a table that was brought along; nothing is kept of its names, as a table has no identity."""
    names: dict[int, ClassName] = {}
    for said in words:
        require_class(family, said.number)
        had = names.get(said.number, ClassName())
        names[said.number] = ClassName(said.name or had.name, said.remark or had.remark)
    return Result(family, trust_of(family), names)


def _meant(families: Sequence[Family], words: ClassEdit) -> Family:
    meant = [f for f in families if words.architecture in (None, f.architecture)]
    if len(meant) != 1:
        kinds = ", ".join(family.architecture or "" for family in families)
        raise ModelsimError(
            "the class needs its network", words.number, f"write ARCHITECTURE/K=TEXT with one of {kinds}"
        )
    return meant[0]
