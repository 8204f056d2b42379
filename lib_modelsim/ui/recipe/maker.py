"""What the page Recipe works on in one browser window: the model that is asked about, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import ModelsimError
from ...workspace.catalogue.table import State
from ..tasks import Task
from ..view_state import ViewState

if TYPE_CHECKING:  # NumPy comes with them
    from ...workspace.lineage.reading import RecipeReading
    from ...workspace.lineage.remembered import Recalled


@dataclass(frozen=True)
class KnownRecipe:
    """What is known of a model before anything is read: the recipe that was made before, and what one made now would
    read; or why neither can be told. What is not `indexed` is of no known network: then reading is at most so much.
    `changed` are models whose files are others than those that were indexed, or are gone."""

    recalled: Recalled | None = None
    reading: RecipeReading | None = None
    why_not: str = ""
    indexed: bool = True
    changed: tuple[str, ...] = ()


class Maker:
    """One browser window's side of the page; recipes themselves are everybody's, and lie in the library."""

    def __init__(self, session: ViewState) -> None:
        self.session, self.backend = session, session.backend
        self._chosen: str | None = None
        self._base: str | None = None

    @property
    def names(self) -> list[str]:
        """The models that can be asked about, as they are called everywhere."""
        rows = self.backend.rows
        return [row.name for row in rows if row.state is not State.UNREADABLE and not row.left_out]

    @property
    def chosen(self) -> str | None:
        """The model that is asked about, while it is there; at first the one that is chosen in Families."""
        wanted = self._chosen or self.session.chosen
        return wanted if wanted in self.names else None

    @property
    def base(self) -> str | None:
        """The base that a person named, while it is there; None for a known one."""
        return self._base if self._base in self.names else None

    def choose(self, name: str | None, base: str | None = None) -> None:
        """Ask about this model from now on."""
        self._chosen, self._base = name, base

    def make(self) -> Task:
        """Find out what the model is made of."""
        return self.backend.ancestry.make_recipe(self.chosen, self.base)

    def known(self) -> KnownRecipe:
        """What is known of the model by now; no weights are read."""
        name, base = self.chosen, self.base
        if name is None:
            return KnownRecipe()
        as_read = {row.name for row in self.backend.rows if row.state is State.INDEXED}
        if self.backend.model(name) is None or name not in as_read:
            return self._not_indexed()
        changed = tuple(model.name for model in self.backend.index.models if model.name not in as_read)
        try:
            return KnownRecipe(*self.backend.ancestry.known_recipe(name, base), changed=changed)
        except ModelsimError as error:
            return KnownRecipe(why_not=str(error))

    def _not_indexed(self) -> KnownRecipe:
        from ...workspace.lineage.reading import WEIGHTS_OF_A_FILE, RecipeReading

        here = set(self.names)
        sizes = [row.size or 0 for row in self.backend.rows if row.name in here]
        weights = len(sizes) * WEIGHTS_OF_A_FILE
        return KnownRecipe(reading=RecipeReading(len(sizes), sum(sizes), weights=weights, recipes=1), indexed=False)
