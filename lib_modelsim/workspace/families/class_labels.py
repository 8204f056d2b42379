"""What a person calls the classes: kept in the library, and given to the class that keeps most of the models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import ModelsimError
from ...library import Library, NamedClass
from ..catalogue.index import Model
from .family import Family


@dataclass(frozen=True)
class ClassName:
    """What a person wrote about a class; either may be empty."""

    name: str = ""
    remark: str = ""


@dataclass(frozen=True)
class ClassEdit:
    """A name or a remark that a person gives to a class; None leaves what it had. `architecture` is None where there
    is only one."""

    architecture: str | None
    number: int
    name: str | None = None
    remark: str | None = None


def class_names(family: Family, models: Iterable[Model], library: Library) -> dict[int, ClassName]:
    """Class number → its name and remark, for the classes that have one.

    A class gets what a person called the models of which it holds more than half; where several such names meet in
    one class, the name that more of its models bear, and of equals the newer one.
    """
    return {number: ClassName(named.name, named.remark) for number, named in _bearers(family, models, library).items()}


def name_class(family: Family, models: Iterable[Model], library: Library, words: ClassEdit) -> None:
    """Remember what a person says of a class as it is now. Raises ModelsimError where there is no such class."""
    require_class(family, words.number)
    models = list(models)
    old = _bearers(family, models, library).get(words.number)
    new = NamedClass(
        (old.name if old else "") if words.name is None else words.name,
        (old.remark if old else "") if words.remark is None else words.remark,
        _members(family, models)[words.number],
    )
    library.remember_class(family.architecture or "", new, [old] if old else [])


def require_class(family: Family, number: int) -> None:
    """Raises ModelsimError where the family has no class of this number."""
    classes = int(family.classes.max())
    if not 1 <= number <= classes:
        raise ModelsimError("there is no such class", number, f"use one of 1 to {classes}")


def _bearers(family: Family, models: Iterable[Model], library: Library) -> dict[int, NamedClass]:
    """Class number → the named class whose name it bears."""
    found: dict[int, NamedClass] = {}
    shared: dict[int, int] = {}
    classes = _members(family, models)
    for named in library.named_classes(family.architecture or ""):
        for number, members in classes.items():
            kept = len(named.models & members)
            if 2 * kept > len(named.models) and kept >= shared.get(number, 0):
                found[number], shared[number] = named, kept
    return found


def _members(family: Family, models: Iterable[Model]) -> dict[int, frozenset[int]]:
    """Class number → the ids of its models."""
    ids = {model.name: model.id for model in models}
    found: dict[int, set[int]] = {}
    for name, number in zip(family.features.models, family.classes.tolist(), strict=True):
        if name in ids:
            found.setdefault(number, set()).add(ids[name])
    return {number: frozenset(members) for number, members in found.items()}
