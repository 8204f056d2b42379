"""What is on the screen: the choices of the person, and what the backend knows for them.

Handlers change the choices first and then show what follows from them. So a slow answer shows what was chosen last,
never what was chosen when it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ..checkpoints.networks import find
from ..errors import ModelsimError
from ..saying import logger_of
from ..similarity.measures.pictures import PICTURES
from ..similarity.measures.registry import measures_of_weights
from .answers import Answer, How
from .backend import Backend
from .choices import EVERYBODYS, TREE, Choices, keep_choices, read_choices
from .windows import Windows

if TYPE_CHECKING:  # scipy comes with them
    from ..workspace.catalogue.index import Model
    from ..workspace.comparing.detail import Detail
    from ..workspace.families.class_labels import ClassName
    from ..workspace.families.family import Family, Trust
    from .tasks import Task


_log = logger_of(__name__)


@dataclass(frozen=True)
class Shown:
    """The answer to the question chosen, its families, the one that is shown, and why there is none. Made once for an
    update of the page, and handed to all that it consists of."""

    answer: Answer | None = None
    how: How | None = None
    families: tuple[Family, ...] = ()
    family: Family | None = None
    why_none: str = ""
    called: Callable[[Family], dict[int, ClassName]] = lambda _: {}

    @cached_property
    def _names(self) -> list[dict[int, ClassName]]:
        return [self.called(family) for family in self.families]

    @property
    def class_names(self) -> dict[int, ClassName]:
        """Class number → what a person calls it, of the family that is drawn."""
        pairs = zip(self.families, self._names, strict=True)
        return next((names for family, names in pairs if family is self.family), {})

    @cached_property
    def classes(self) -> dict[str, tuple[int, str]]:
        """Model → the number and the name of its class."""
        return {
            model: (number, names[number].name if number in names else "")
            for family, names in zip(self.families, self._names, strict=True)
            for model, number in zip(family.features.models, family.classes.tolist(), strict=True)
        }

    @property
    def notes(self) -> list[str]:
        """What there is to tell of the family that is drawn."""
        return self.answer.told_of(self.family) if self.family is not None else []

    @property
    def trust(self) -> Trust | None:
        """How far to trust the family that is drawn; None where it was not weighed."""
        return self.answer.trust(self.how, self.family) if self.family is not None else None


@dataclass
class _Chosen:
    choices: Choices


class ViewState:
    """Each browser window has choices of its own, and begins with those that were made last in any."""

    def __init__(self, backend: Backend) -> None:
        measure, known = backend.host.settings().measure, [measure.name for measure in measures_of_weights()]
        first = Choices(measure=measure if measure in known else Choices.measure)
        self.backend = backend
        self._file = backend.host.data / "choices.json"
        self._lock = Lock()
        self._latest = read_choices(self._file, first)
        self._windows = Windows(lambda: _Chosen(self._latest))
        backend.leave_out(self.choices.left_out)
        self._webui = self.choices.webui
        if self._webui and not backend.host.is_webui:
            try:
                backend.host.generate_with(self._webui)
            except ModelsimError as error:
                _log.warning("the address kept in %s cannot be used (%s)", self._file, error)
                self._webui = ""
                self.choose(webui="")

    @property
    def choices(self) -> Choices:
        """Those of the window that asks."""
        return self._windows.here().choices

    def choose(self, **changes: object) -> None:
        """Take down what a person chose."""
        with self._lock:
            own, everybodys = self._windows.here(), {name: changes[name] for name in EVERYBODYS & changes.keys()}
            own.choices = self._latest = replace(own.choices, **changes)
            for each in self._windows.all() if everybodys else ():
                each.choices = replace(each.choices, **everybodys)
            keep_choices(self._file, self._latest)

    def generate_with(self, address: str) -> None:
        """Generate with the WebUI at this address from now on, without one where it is empty. A login in it holds until
        the end of the program, and is not kept. Raises ModelsimError for what is no address."""
        if address != self.choices.webui:  # else it is what is shown of one that may have a login
            shown = self.backend.host.generate_with(address)
            self._webui = address
            self.choose(webui=shown)

    def ask_webui(self) -> tuple[str, int] | None:
        """The name of the WebUI that is to generate, and how many checkpoints it lists; None without one. Raises
        ModelsimError where it does not answer."""
        return self.backend.webui_at(self._webui) if self._webui else None

    def show_in_tree(self, name: str) -> None:
        """Choose a model, and the tree that it is in."""
        model = self.backend.model(name)
        if model is not None:
            self.choose(chosen=name, other=None, view=TREE, architecture=model.architecture)

    def leave_out(self, name: str) -> None:
        """Go on without a model."""
        self._leave_out([*self.choices.left_out, name])

    def bring_back(self, *names: str) -> None:
        """Take models in again."""
        self._leave_out([other for other in self.choices.left_out if other not in names])

    def _leave_out(self, names: Sequence[str]) -> None:
        """A model is left out of the references and is no base, too."""
        left_out, had = tuple(dict.fromkeys(names)), self.choices
        references = tuple(name for name in had.references if name not in left_out)
        base = None if had.base in left_out else had.base
        self.choose(left_out=left_out, references=references, base=base)
        self.backend.leave_out(left_out)

    def toggle_reference(self, name: str) -> None:
        """Take a model among the references, or out of them."""
        had = self.choices.references
        self.choose(references=tuple(other for other in had if other != name) if name in had else (*had, name))

    @property
    def chosen(self) -> str | None:
        """The model chosen, while it is there."""
        return self.choices.chosen if self.backend.model(self.choices.chosen) is not None else None

    @property
    def originals(self) -> dict[str, str]:
        """Copy → the model that it is a copy of, as far as files are hashed."""
        return {row.name: row.copy.original for row in self.backend.rows if row.copy is not None}

    def settle_base(self) -> None:
        """For a measure that needs one: a base that is there, or none."""
        if self.choices.base not in [None, *(model.name for model in self.backend.index.models)]:
            self.choose(base=None)

    def shown(self) -> Shown:
        """The families as chosen; none before there is an answer."""
        choices = self.choices
        answer = self.backend.answers.get(choices.question)
        if answer is None:
            return Shown()
        how = How(choices.tree, choices.references, choices.classes)
        try:
            known = self.backend.ancestry.recipes
            families = tuple(family.without_merges(known) for family in answer.families(how))
        except ModelsimError as error:
            return Shown(answer, how, why_none=str(error))
        if not families:
            return Shown(answer, how, why_none=answer.why_no_family())
        wanted = [family for family in families if family.architecture == choices.architecture]
        drawn = max(wanted or families, key=lambda family: len(family.features.models))  # two of another network wait
        return Shown(answer, how, families, drawn, called=self.backend.class_names)

    def known(self) -> tuple[object, ...]:
        """All that the families follow from, to tell an older state from a newer one; whichever model is chosen, which
        changes neither table nor drawing."""
        backend, choices = self.backend, replace(self.choices, chosen=None, other=None)
        read = backend.index, backend.rows, backend.identities, backend.memory
        made = backend.ancestry.recipes, backend.ancestry.graphs
        return choices, *read, *made, backend.named, *backend.answers.values()

    @property
    def detail(self) -> Detail | None:
        """The chosen model beside the other one, where the two were compared in detail."""
        return self.backend.details.get((self.choices.question, self.chosen, self.choices.other))

    def begin_detail(self, other: str) -> Task:
        """Compare the chosen model with another in detail. Raises ModelsimError where there is no answer yet."""
        if self.shown().answer is None or self.chosen is None:
            raise ModelsimError("nothing is compared yet", None, "press Show families")
        self.choose(other=other)
        return self.backend.compare_two(self.choices.question, self.chosen, other)

    @property
    def references_file(self) -> Path:
        """The list of references: the settings' or our own."""
        return self.backend.host.settings().references or self.backend.host.data / "references.txt"

    def plot_names(self, family: Family | None) -> str:
        """The models of a tree in its order, as the X/Y/Z plot takes them."""
        from ..workspace.families.plot_names import plot_names

        return "" if family is None else plot_names(family, self.backend.index.models, self.backend.host.listed())

    def cannot_load(self, model: Model) -> str | None:
        """Why the host does not load a model; None where it does."""
        if model.opener is not None:
            return "It is already in memory, and has no file."
        network = find(model.architecture)
        if network is not None and not network.generates:
            return f"It is no checkpoint: {model.architecture}."
        return self.backend.host.cannot.get("load")

    def other_family(self, family: Family | None) -> Family | None:
        """The same architecture's family by the other kind of evidence, pictures or weights, with the same tree
        options; None where that was not compared."""
        chosen = self.choices.question
        for question, answer in reversed(self.backend.answers.items()):
            if family is None or (question.measure == PICTURES.name) == (chosen.measure == PICTURES.name):
                continue
            how = How(replace(self.choices.tree, distance=None))
            try:
                found = answer.families(how)
            except ModelsimError:
                continue
            return next((each for each in found if each.architecture == family.architecture), None)
        return None
