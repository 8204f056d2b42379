"""The backend's side of recipes and lineage: what models are made of, and who descends from whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import ModelsimError
from ..job import Job
from ..workspace.catalogue.index import Index
from ..workspace.workspace import Workspace
from .tasks import Task

if TYPE_CHECKING:  # NumPy comes with them
    from ..lineage.graph.graph import LineageGraph
    from ..lineage.recipe import Recipe
    from ..workspace.catalogue.index import Model
    from ..workspace.lineage.reading import RecipeReading
    from ..workspace.lineage.remembered import Recalled

_Models = frozenset[tuple[int, str]]
T = TypeVar("T")


class AncestryHost(Protocol):
    """What it needs of the backend."""

    index: Index

    @property
    def exports(self) -> Path: ...

    def run(
        self, key: Hashable, work: Callable[[Job, Workspace], object], title: str, series: Hashable = None
    ) -> Task: ...

    def ask(self, question: Callable[[Workspace], T]) -> T: ...

    def index_by(self, workspace: Workspace, job: Job) -> Index: ...


class Ancestry:
    """Recipes lie in the library; graphs are in memory. `recipes` are those of models that have one from before."""

    def __init__(self, backend: AncestryHost) -> None:
        self._backend = backend
        self.recipes: dict[str, Recipe] = {}
        self._graphs: tuple[_Models, list[LineageGraph]] | None = None  # of which models

    def look(self, workspace: Workspace, models: Sequence[Model]) -> None:
        """See which of these models have a recipe; nothing is read."""
        self.recipes = workspace.lineage.all_recalled(models)

    # long work

    def make_recipe(self, name: str | None, base: str | None) -> Task:
        """Find out what a model is made of, where that is not remembered. It fails where there is no model."""
        title = f"Make the recipe of {name}"
        return self._backend.run(("recipe", name, base), partial(self._make_recipe, name, base), title)

    def _make_recipe(self, name: str | None, base: str | None, job: Job, workspace: Workspace) -> None:
        if name is None:
            raise ModelsimError("no model is chosen", None, "choose one in the field Model")
        index = self._backend.index_by(workspace, job)
        workspace.lineage.recipe(name, base, index, job)
        self.look(workspace, index.models)

    def make_lineage(self) -> Task:
        """Find out who was made of whom: recipes that are not remembered are made."""
        return self._backend.run("lineage", self._make_lineage, "Make lineage")

    def _make_lineage(self, job: Job, workspace: Workspace) -> None:
        index = self._backend.index_by(workspace, job)
        try:
            found = workspace.lineage.lineage(None, index, job)
        finally:  # recipes that were finished before a stop count too
            self.look(workspace, index.models)
        self._graphs = _key(index.models), found.graphs

    # at once

    def known_recipe(self, name: str, base: str | None) -> tuple[Recalled | None, RecipeReading]:
        """A model's recipe as it was made before, and what one made now would read. Raises ModelsimError where that
        cannot be told."""
        index = self._backend.index

        def ask(workspace: Workspace) -> tuple[Recalled | None, RecipeReading]:
            return workspace.lineage.recalled(name, base, index), workspace.lineage.reading(name, base, index)

        return self._backend.ask(ask)

    @property
    def graphs(self) -> list[LineageGraph] | None:
        """One for each network, of the models as they are now; None before they were made of these."""
        known = self._graphs
        return known[1] if known is not None and known[0] == _key(self._backend.index.models) else None

    def reading(self) -> RecipeReading | None:
        """What `make_lineage` would read; None before anything is indexed."""
        index = self._backend.index
        return self._backend.ask(lambda workspace: workspace.lineage.reading_all(index)) if index.models else None

    def export(self) -> Path:
        """The graphs' files in one archive, which lasts as long as the backend. Raises ModelsimError where the disk
        refuses, or there are none."""
        from ..exports.lineage_files import write_lineage_archive

        if self.graphs is None:
            raise ModelsimError("there is no lineage yet", None, "press Make lineage")
        file = self._backend.exports / f"lineage {datetime.now():%Y-%m-%d %H%M%S}.zip"
        return write_lineage_archive(self.graphs, file)


def _key(models: Sequence[Model]) -> _Models:
    return frozenset((model.id, model.name) for model in models)
