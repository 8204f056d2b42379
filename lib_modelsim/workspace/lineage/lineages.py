"""What people ask about the making of the checkpoints of one library."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...hosts.host import Host
from ...job import Job
from ...library import Library
from ...lineage.recipe import Recipe
from ..catalogue.index import Index, Model
from ..comparing.choosing import known_base
from ..comparing.compare import model_called
from .reading import RecipeReading, reading_for
from .recipe import recipe
from .remembered import Recalled, RecipeInputs, recall, recall_all, remember


class Lineages:
    """The use cases of recipes and lineage: `Workspace.lineage`."""

    def __init__(self, host: Host, library: Callable[[], Library]) -> None:
        self._host, self._library = host, library

    def recipe(self, target: str, base: str | None, index: Index, job: Job, task: str | None = None) -> Recipe:
        """What a model, named as the others are, is made of. One that was made before of the same is remembered. Raises
        ModelsimError where that cannot be told."""
        inputs, library = self._inputs(target, base, index), self._library()
        known = recall(inputs, library)
        if known is not None and known.exact:
            return known.recipe
        found, origin = inputs.target, inputs.base
        others = [model for model in inputs.others if model.architecture == found.architecture]
        with self._host.at_work("modelsim: looking for what a checkpoint is made of", job, task) as shown:
            made = recipe(found, others, origin, library, shown, self._host.settings().device)
        remember(inputs, made, library)
        return made

    def reading(self, target: str, base: str | None, index: Index) -> RecipeReading:
        """What `recipe` will read. Raises ModelsimError where it names no model."""
        return reading_for(self._inputs(target, base, index), self._library())

    def recalled(self, target: str, base: str | None, index: Index) -> Recalled | None:
        """The recipe of a model as it was made before, among these candidates or others; nothing is read. Raises
        ModelsimError where it names no model."""
        return recall(self._inputs(target, base, index), self._library())

    def all_recalled(self, models: Sequence[Model]) -> dict[str, Recipe]:
        """Name → recipe of these models, of those that have one from before; nothing is read."""
        return recall_all(models, self._library())

    def _inputs(self, target: str, base: str | None, index: Index) -> RecipeInputs:
        library = self._library()
        found = model_called(target, index.models, library)
        others = [model for model in index.models if model.path != found.path]
        kin = [model for model in others if model.architecture == found.architecture]
        origin = known_base(kin, library) if base is None else model_called(base, index.models, library)
        return RecipeInputs(found, [model for model in others if model in kin or model.header.adapter], origin)
