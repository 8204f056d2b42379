"""What people ask about the making of the checkpoints of one library."""

from __future__ import annotations

from collections.abc import Callable

from ...hosts.host import Host
from ...job import Job
from ...library import Library
from ...lineage.recipe import Recipe
from ..catalogue.index import Index
from ..comparing.choosing import known_base
from ..comparing.compare import model_called
from .recipe import recipe


class Lineages:
    """The use cases of recipes and lineage: `Workspace.lineage`."""

    def __init__(self, host: Host, library: Callable[[], Library]) -> None:
        self._host, self._library = host, library

    def recipe(self, target: str, base: str | None, index: Index, job: Job, task: str | None = None) -> Recipe:
        """What a model, named as the others are, is made of. Raises ModelsimError where that cannot be told."""
        library = self._library()
        found = model_called(target, index.models, library)
        others = [m for m in index.models if m.path != found.path and m.architecture == found.architecture]
        origin = known_base(others, library) if base is None else model_called(base, index.models, library)
        with self._host.at_work("modelsim: looking for what a checkpoint is made of", job, task) as shown:
            return recipe(found, others, origin, library, shown, self._host.settings().device)
