"""What a comparison answers: its families for every way to tell them, and how far to trust each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import ModelsimError

if TYPE_CHECKING:  # scipy comes with them, on first use
    from ..families.support import Resampling
    from ..workspace.comparing.compare import Comparison
    from ..workspace.families.family import Family, TreeOptions, Trust


@dataclass(frozen=True)
class How:
    """How families are told from a comparison: `references` by name, none for all models, `classes` None for
    automatic ones."""

    tree: TreeOptions
    references: tuple[str, ...] = ()
    classes: int | None = None

    @property
    def trees(self) -> How:
        """The same without the number of classes, which changes no tree."""
        return replace(self, classes=None)


@dataclass(frozen=True, eq=False)
class Answer:
    """A comparison; its families are made when they are asked for, and how far to trust one when it is weighed. Each is
    equal to itself alone. `deltas` is asked for then, in the thread that weighs, if it is not there yet."""

    comparison: Comparison
    deltas: dict[str, Resampling] | Callable[[], dict[str, Resampling]] = field(default_factory=dict)
    made: datetime = field(default_factory=datetime.now)
    _families: dict[How, list[Family] | ModelsimError] = field(default_factory=dict)
    _trusts: dict[tuple[How, str | None], Trust] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def families(self, how: How) -> list[Family]:
        """The families, one per architecture, a small one in as many classes as it can make. Raises ModelsimError
        where there can be none."""
        with self._lock:
            if how.trees not in self._families:
                self._families[how.trees] = self._told(how.trees)
            found = self._families[how.trees]
        if isinstance(found, ModelsimError):
            raise found
        return found if how.classes is None else [family.cut(how.classes) for family in found]

    def _told(self, how: How) -> list[Family] | ModelsimError:
        from ..workspace.families.classify import families_of

        models = {model.name: model for model in self.comparison.models}
        references = [models[name] for name in how.references if name in models]
        try:
            found = families_of(self.comparison, how.tree, references or None)
        except ModelsimError as error:
            return error
        return [self._with_deltas(family) for family in found]

    def told_of(self, family: Family) -> list[str]:
        """What there is to tell of one of the families: the measure and base, who was left out, what is missing."""
        from ..workspace.families.classify import told_of

        return told_of(self.comparison, family)

    def why_no_family(self) -> str:
        """Why there is no family, where nothing was wrong with what was asked for."""
        from ..workspace.families.classify import why_no_family

        return why_no_family(self.comparison)

    def _with_deltas(self, family: Family) -> Family:
        if family.distance != "matrix" or family.resampling is None or not self.deltas:
            return family
        known, network, without = self.deltas, family.architecture or "", family.resampling
        return replace(family, resampling=lambda: (known() if callable(known) else known).get(network) or without())

    def trust(self, how: How, family: Family) -> Trust | None:
        """How far to trust one of the families; None where it was not weighed."""
        return self._trusts.get((how, family.architecture))

    @property
    def weighed(self) -> tuple[object, ...]:
        """Of which families it is known how far to trust them."""
        return tuple(self._trusts)

    def weigh(self, how: How, family: Family) -> Trust:
        """Compute how far to trust one of the families, unless it is known; may take seconds."""
        from ..workspace.families.family import trust_of

        found = self.trust(how, family) or trust_of(family)
        self._trusts[how, family.architecture] = found
        return found
