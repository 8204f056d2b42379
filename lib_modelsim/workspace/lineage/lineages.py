"""What people ask about the making of the checkpoints of one library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import ModelsimError
from ...hosts.host import Host
from ...job import Cancelled, Job, Stage
from ...library import Library
from ...lineage.graph.graph import LineageGraph
from ...lineage.recipe import Recipe
from ...lineage.scripts.program import MergeProgram
from ..catalogue.index import Index, Model, Unreadable
from ..comparing.choosing import known_base
from ..comparing.compare import by_architecture, model_called
from ..turn import turn_for
from .claiming import known_models, with_claim
from .lineage import LibraryLineage, graph_of, read_network
from .matrices import MatrixRecipes, lineage_of_matrix, recipes_of_matrix
from .reading import RecipeReading, reading_for, reading_of_group
from .recipe import recipe
from .remembered import Recalled, RecipeInputs, recall, recall_all, remember
from .targets import checkpoints_of, files_for, may_be_made_from, require_base, require_checkpoint

_AT_WORK = "modelsim: looking for what a checkpoint is made of"
_DESCENT = "modelsim: looking for who descends from whom"


class Lineages:
    """The use cases of recipes and lineage: `Workspace.lineage`."""

    def __init__(self, host: Host, library: Callable[[], Library]) -> None:
        self._host, self._library = host, library

    def recipe(self, target: str, base: str | None, index: Index, job: Job) -> Recipe:
        """What a model, named as the others are, is made of. One that was made before of the same is remembered. Raises
        ModelsimError where that cannot be told."""
        return self._made(self._inputs(target, base, index), job)

    def recipes(
        self, base: str | None, index: Index, job: Job
    ) -> Iterator[Recipe | Unreadable]:
        """Those of all checkpoints, each from the others of its network, one after another as they are found; in the
        place of one that cannot be told, why. Adapters and parts are passed over. `base` speaks for its own network.
        Raises ModelsimError where it names no model."""
        origin = None if base is None else model_called(base, index.models, self._library())
        for model in index.models:
            try:
                require_checkpoint(model)
            except ModelsimError:
                continue
            suits = origin is not None and origin.architecture == model.architecture
            found = self._tried(model, origin if suits and origin is not model else None, index, job)
            if found is not None:
                yield found

    def script(self, program: MergeProgram, made: Recipe, index: Index) -> str:
        """What repeats a merge in a program. Raises CannotRepeat where nothing can."""
        return program.write(made, files_for(made, index.models))

    def reading(self, target: str, base: str | None, index: Index) -> RecipeReading:
        """What `recipe` will read. Raises ModelsimError where it names no model."""
        return reading_for(self._inputs(target, base, index), self._library())

    def reading_all(self, index: Index) -> RecipeReading:
        """What all recipes together will read."""
        library, whole, size, sampled, samples, weights = self._library(), 0, 0, 0, 0, 0
        for group in by_architecture(index.models):
            wanted = [model for model in group if self._is_wanted(model, index)]
            if wanted:
                of_group = reading_of_group(group, len(wanted), library)
                whole, size = whole + of_group.whole, size + of_group.size
                sampled, samples = sampled + len(wanted), samples + of_group.samples
                weights += of_group.weights
        return RecipeReading(whole, size, sampled, samples, weights, sampled)

    def _is_wanted(self, model: Model, index: Index) -> bool:
        """Whether there can be a recipe, and is none yet."""
        try:
            require_checkpoint(model)
            known = recall(self._inputs_of(model, None, index), self._library())
        except ModelsimError:
            return False
        return known is None or not known.exact

    def recalled(self, target: str, base: str | None, index: Index) -> Recalled | None:
        """The recipe of a model as it was made before, among these candidates or others; nothing is read. Raises
        ModelsimError where it names no model."""
        inputs, library = self._inputs(target, base, index), self._library()
        known = recall(inputs, library)
        if known is None:
            return None
        return replace(known, recipe=with_claim(known.recipe, inputs.target, known_models(inputs.others, library)))

    def all_recalled(self, models: Sequence[Model]) -> dict[str, Recipe]:
        """Name → recipe of these models, of those that have one from before; nothing is read."""
        by_name, library = {model.name: model for model in models}, self._library()
        found = recall_all(models, library)
        known = known_models(models, library) if found else []
        return {name: with_claim(made, by_name[name], known) for name, made in found.items()}

    def lineage(self, base: str | None, index: Index, job: Job) -> LibraryLineage:
        """Who descends from whom: a graph for each network, adapters and parts left out but where one is baked in.
        Recipes that were made before are remembered, and those made now are, one by one. Raises ModelsimError where the
        base names no model."""
        library, device = self._library(), self._host.settings().device
        origin = None if base is None else model_called(base, index.models, library)
        found = LibraryLineage(unreadable=list(index.unreadable))
        for group in by_architecture(checkpoints_of(index.models)):
            with turn_for(group, self._host, _DESCENT, job) as shown:
                read = read_network(group, library, shown, device)
            found.unreadable.extend(read.unreadable)
            if not read.models:
                continue
            named = origin if origin in read.models else None
            made = self._each(read.models, named, index, job) if read.blocks else []
            with turn_for(group, self._host, _DESCENT, job) as shown:
                found.graphs.append(graph_of(read, made, named, library, shown))
        return found

    def _each(
        self, models: Sequence[Model], base: Model | None, index: Index, job: Job
    ) -> list[Recipe | Unreadable]:
        """What is known of each; `job` hears how many are, as what is read for one says nothing of all."""
        stage, made = Stage(job, "making recipes", len(models), "recipes"), []
        quiet = Job(cancelled=job.cancelled, between=job.between)
        stage.advance(0)
        for model in models:
            made.append(self._tried(model, base, index, quiet))
            stage.advance(1)
        return [one for one in made if one is not None]

    def _tried(
        self, model: Model, base: Model | None, index: Index, job: Job
    ) -> Recipe | Unreadable | None:
        """The recipe of a model, or why there is none; None for the base itself."""
        if model is base:
            return None
        try:
            return self._made(self._inputs_of(model, base, index), job)
        except Cancelled:
            raise
        except ModelsimError as error:
            return Unreadable(model.path, str(error))

    @staticmethod
    def recipes_of_matrix(file: Path, component: str | None = None) -> MatrixRecipes:
        """Overall shares of all models of a matrix of distances; no model is read. Raises ModelsimError where the file
        is none."""
        return recipes_of_matrix(file, component)

    @staticmethod
    def lineage_of_matrix(file: Path, component: str | None = None, base: str | None = None) -> LineageGraph:
        """Who descends from whom of the models of a matrix; no model is read. Raises ModelsimError where the file is
        none, or holds no such base."""
        return lineage_of_matrix(file, component, base)

    def _made(self, inputs: RecipeInputs, job: Job) -> Recipe:
        library = self._library()
        known = recall(inputs, library)
        if known is not None and known.exact:
            return with_claim(known.recipe, inputs.target, known_models(inputs.others, library))
        with turn_for([inputs.target, *inputs.others], self._host, _AT_WORK, job) as shown:
            made = recipe(inputs.target, inputs.others, inputs.base, library, shown, self._host.settings().device)
        remember(inputs, made, library)
        return with_claim(made, inputs.target, known_models(inputs.others, library))

    def _inputs(self, target: str, base: str | None, index: Index) -> RecipeInputs:
        library = self._library()
        found = model_called(target, index.models, library)
        require_checkpoint(found)
        origin = None if base is None else model_called(base, index.models, library)
        if origin is not None:
            require_base(origin, found)
        return self._inputs_of(found, origin, index)

    def _inputs_of(self, target: Model, base: Model | None, index: Index) -> RecipeInputs:
        kin = may_be_made_from(target, index.models)
        base = base or known_base(kin, self._library())
        return RecipeInputs(target, [m for m in index.models if m in kin or m.header.adapter is not None], base)
