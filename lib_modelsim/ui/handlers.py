"""What happens on the page: each handler takes the values of its controls and tells the components what to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..errors import ModelsimError
from ..job import Cancelled
from ..service.compare import LEAST_FOR_MEAN, by_architecture
from .classes import class_choices, class_number, trust_line
from .desk import Answer, Desk, Question, Task
from .drawing import drawing
from .models import models_table
from .relatives import relatives_list
from .status import message, note, working
from .words import MEASURES, size

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from ..service.family import Family

MEAN = "the mean of all models"
AUTOMATIC = "automatic"

HASHED_UNASKED = 20e9
"""Bytes up to which files are hashed as soon as the tree is shown; more only when a button says so."""

Updates = dict[Any, Any]
"""Component → its new value, as gradio takes it."""


@dataclass(frozen=True)
class Parts:
    """The components of the page."""

    measure: gr.Dropdown
    base: gr.Dropdown
    classes: gr.Dropdown
    again: gr.Button
    stop: gr.Button
    status: gr.HTML
    architecture: gr.Radio
    view: gr.Radio
    export: gr.Button
    exporting: gr.HTML
    exported: gr.File
    drawing: gr.HTML
    trust: gr.HTML
    naming: gr.Row
    named: gr.Dropdown
    name: gr.Textbox
    remark: gr.Textbox
    save: gr.Button
    said: gr.HTML
    chosen: gr.Dropdown
    relatives: gr.HTML
    models: gr.HTML
    row: gr.Textbox
    hash_files: gr.Button

    @property
    def controls(self) -> list[Any]:
        """The components that say what to show, in the order of View's fields."""
        return [self.measure, self.base, self.classes, self.architecture, self.view, self.named, self.chosen]

    @property
    def panels(self) -> list[Any]:
        """The components that an answer changes."""
        return [self.base, self.chosen, self.relatives, self.hash_files, *self.of_family]

    @property
    def of_family(self) -> list[Any]:
        """The components that another architecture or number of classes changes."""
        return [self.architecture, self.export, self.drawing, self.trust, self.naming, self.named, self.models]


@dataclass(frozen=True)
class View:
    """What the controls say."""

    measure: str
    base: str
    classes: str
    architecture: str | None
    drawing: str
    named: str | None
    chosen: str | None

    @property
    def question(self) -> Question:
        """What has to be compared for it."""
        measure = MEASURES[self.measure]
        return Question(measure, self.base if measure == "delta-cosine" and self.base != MEAN else None)


@dataclass(frozen=True)
class Shown:
    """The families of an answer in the classes wanted, and the one that is drawn; none before there is an answer."""

    answer: Answer | None
    families: list[Family]
    family: Family | None


class Handlers:
    """The handlers of the page, with what they work on."""

    def __init__(self, desk: Desk, parts: Parts) -> None:
        self._desk, self._parts, self._one_drawing = desk, parts, Lock()

    # with patience: only progress, as the controls may change meanwhile

    def compare(self, *controls: str | None) -> Iterator[Updates]:
        """Compare the models."""
        question = self._with_base(View(*controls)).question
        yield from self._follow(
            self._desk.compare(question), "Stopped. What is finished is kept: Compare again goes on."
        )

    def hash_few(self, *controls: str | None) -> Iterator[Updates]:
        """Hash the files that were not hashed before, unless they are many, or something else has begun."""
        wanted = len(self._desk.index.models) > 1 and 0 < self._desk.unhashed <= HASHED_UNASKED
        if wanted and not self._desk.busy and View(*controls).question in self._desk.answers:
            yield from self.hash_all()
        else:
            yield {self._parts.stop: gr.update()}  # gradio 3 takes a generator without a word for one that says None

    def hash_all(self) -> Iterator[Updates]:
        """Hash the files that were not hashed before."""
        yield from self._follow(self._desk.hash_files(), "Hashing stopped. What is finished is kept.")

    def _follow(self, task: Task, stopped: str) -> Iterator[Updates]:
        """A task's progress to its end, and how it ended. Whoever asked earlier leaves the queue to the last to ask."""
        p, turn = self._parts, self._desk.turn
        yield {p.status: working(None, 0), p.stop: gr.update(interactive=True)}
        try:
            for progress, seconds in task.follow():
                if self._desk.turn != turn:
                    break
                yield {p.status: working(progress, seconds)}
            status = message(self._summary())
        except Cancelled:
            status = message(stopped, "stopped")
        except ModelsimError as error:
            status = message(str(error), "error")
        except Exception as error:
            yield self._resting(message(f"Unexpected: {error!r}. The terminal tells more.", "error"))
            raise
        if self._desk.turn != turn:
            status = message("Another question came first, here or in another window.", "stopped")
        yield self._resting(status)

    # at once

    def take_turn(self) -> None:
        """Begin a new question."""
        self._desk.turn += 1

    def stop(self) -> None:
        """Stop what runs."""
        self._desk.stop()

    def show(self, *controls: str | None) -> Updates:
        """All panels, once a question is answered or given up."""
        return self._only(self._parts.panels, controls)

    def show_facts(self, *controls: str | None) -> Updates:
        """What hashes have found out, in the table."""
        return self._only([self._parts.models, self._parts.hash_files], controls)

    def refresh_relatives(self, *controls: str | None) -> Updates:
        """What hashes have found out, among the relatives."""
        return self._only([self._parts.relatives], controls)

    def show_family(self, *controls: str | None) -> Updates:
        """Another architecture, or its classes for another number of them."""
        return self._only(self._parts.of_family, controls)

    def show_drawing(self, *controls: str | None) -> Updates:
        """Tree, heat map or map."""
        return self._only([self._parts.drawing], controls)

    def weigh(self, *controls: str | None) -> None:
        """Compute how far to trust the tree; takes a second or two for hundreds of models."""
        shown = self._shown(View(*controls))
        if shown.family is not None:
            shown.answer.weigh(shown.family)

    def show_trust(self, *controls: str | None) -> Updates:
        """How far to trust the tree that is shown by now."""
        return self._only([self._parts.trust], controls)

    def show_relatives(self, *controls: str | None) -> Updates:
        """The relatives of another model."""
        return {self._parts.relatives: self._relatives(self._with_base(View(*controls)))}

    def choose_row(self, row: str, *controls: str | None) -> Updates:
        """A click on a row of the table chooses its model."""
        return {self._parts.row: "", self._parts.chosen: row, **self.show_relatives(*controls[:-1], row)}

    # names of classes, and files

    def show_name(self, *controls: str | None) -> Updates:
        """What the chosen class is called, to be changed."""
        p, view = self._parts, View(*controls)
        family = self._shown(view).family
        known = family is not None and view.named in class_choices(family)
        given = self._desk.class_names(family).get(class_number(view.named)) if known else None
        return {p.name: given.name if given else "", p.remark: given.remark if given else "", p.said: ""}

    def save_name(self, name: str, remark: str, *controls: str | None) -> Updates:
        """Keep what a person calls the chosen class, and show it."""
        p, view = self._parts, View(*controls)
        family = self._shown(view).family
        if family is None or view.named not in class_choices(family):
            return {p.said: message("The classes have changed. Choose one and save again.", "error")}
        number = class_number(view.named)
        if not self._desk.name_class(family, number, name.strip(), remark.strip()):
            return {p.said: message("The name could not be kept. The terminal tells why.", "error")}
        return {p.said: message(f"Class {number} is saved."), **self._only([p.drawing, p.models], controls)}

    def begin_export(self) -> Updates:
        """Say that it takes a while."""
        p = self._parts
        return {
            p.exporting: message("Writing tables, figures and report …", "working"),
            p.exported: gr.update(visible=False),
        }

    def export(self, *controls: str | None) -> Updates:
        """Write all files of all architectures, and offer them as one."""
        p, shown = self._parts, self._shown(View(*controls))
        if not shown.families:
            return {p.exporting: message("Nothing to export: there is no tree.", "error")}
        try:
            file = self._desk.export(shown.answer, shown.families)
        except ModelsimError as error:
            return {p.exporting: message(str(error), "error")}
        return {p.exporting: "", p.exported: gr.update(value=str(file), visible=True)}

    # what is shown

    def _only(self, parts: Sequence[Any], controls: Sequence[str | None]) -> Updates:
        """Some panels as the controls and what is known give them; none changes while their question is worked on."""
        view = self._with_base(View(*controls))
        if self._desk.busy and view.question not in self._desk.answers:
            return dict.fromkeys(parts, gr.update())
        panels = self._panels(view)
        return {part: panels[part]() for part in parts}

    def _shown(self, view: View) -> Shown:
        """The families of an answer in as many classes as wanted, and the one to draw."""
        view = self._with_base(view)
        answer = self._desk.answers.get(view.question)
        families = [] if answer is None else [with_classes(family, view.classes) for family in answer.families]
        wanted = [family for family in families if family.architecture == view.architecture]
        return Shown(answer, families, next(iter(wanted or families), None))

    def _panels(self, view: View) -> dict[Any, Callable[[], Any]]:
        """How to make each panel."""
        p, desk, index, shown = self._parts, self._desk, self._desk.index, self._shown(view)
        names = [model.name for model in index.models]
        chosen = view.chosen if view.chosen in names else next(iter(names), None)
        delta, left = view.question.measure == "delta-cosine", desk.unhashed
        hash_button = f"Find files that are the same: reads {size(left)}"
        return {
            p.base: lambda: gr.update(visible=delta, choices=[MEAN, *names], value=view.base),
            p.chosen: lambda: gr.update(choices=names, value=chosen),
            p.relatives: lambda: self._relatives(replace(view, chosen=chosen)),
            p.models: lambda: models_table(index.models, index.unreadable, self._classes(shown), desk.identities),
            p.hash_files: lambda: gr.update(visible=left > 0, value=hash_button),
            **self._panels_of_family(view, shown),
        }

    def _panels_of_family(self, view: View, shown: Shown) -> dict[Any, Callable[[], Any]]:
        p, family = self._parts, shown.family
        kinds = [family.architecture for family in shown.families]
        has_tree = family is not None and family.tree is not None
        choices = class_choices(family) if has_tree else []
        named = view.named if view.named in choices else next(iter(choices), None)
        return {
            p.architecture: lambda: gr.update(
                visible=len(kinds) > 1, choices=kinds, value=family.architecture if family else None
            ),
            p.drawing: lambda: self._drawing(shown, view.drawing),
            p.trust: lambda: trust_line(shown.answer.trust(family)) if has_tree else "",
            p.export: lambda: gr.update(visible=bool(shown.families)),
            p.naming: lambda: gr.update(visible=has_tree),
            p.named: lambda: gr.update(choices=choices, value=named),
        }

    def _drawing(self, shown: Shown, kind: str) -> str:
        """One at a time: a heat map asked for first never comes after the tree asked for since."""
        if shown.family is None:
            return self._no_tree(shown.answer)
        with self._one_drawing:
            return drawing(shown.family, self._desk.class_names(shown.family), kind)

    def _classes(self, shown: Shown) -> dict[str, tuple[int, str]]:
        """Model → its class's number and name."""
        found = {}
        for family in shown.families:
            names = {number: given.name for number, given in self._desk.class_names(family).items()}
            for model, number in zip(family.features.models, family.classes.tolist(), strict=True):
                found[model] = number, names.get(number, "")
        return found

    def _relatives(self, view: View) -> str:
        answer = self._desk.answers.get(view.question)
        if answer is None or view.chosen not in answer.comparison.matrix.models:
            return ""
        return relatives_list(answer.comparison, self._desk.identities, view.chosen)

    def _no_tree(self, answer: Answer | None) -> str:
        """Why there is no tree, and what to do."""
        index = self._desk.index
        if answer is not None and answer.no_tree:
            return note("No tree", answer.no_tree)
        if index.models or not index.unreadable:
            return note("Not compared yet", "Press Compare again.")
        what_to_do = (
            "Put checkpoints into the folder and press Compare again, or start with --models and another folder."
        )
        return note("No models that can be read", f"The table says why. {what_to_do}")

    def _summary(self) -> str:
        models, bad = len(self._desk.index.models), len(self._desk.index.unreadable)
        return f"{models} model{'' if models == 1 else 's'}" + (f", {bad} not read" if bad else "") + "."

    def _resting(self, status: str) -> Updates:
        return {self._parts.status: status, self._parts.stop: gr.update(interactive=False)}

    def _with_base(self, view: View) -> View:
        """For delta-cosine, with too few models for a mean: the first one as the base."""
        groups = by_architecture(self._desk.index.models)
        if (
            view.question.measure != "delta-cosine"
            or view.base != MEAN
            or not groups
            or max(map(len, groups)) >= LEAST_FOR_MEAN
        ):
            return view
        return replace(view, base=groups[0][0].name)


def with_classes(family: Family, wanted: str) -> Family:
    """The family in as many classes as wanted and its models can make, or as it came."""
    if family.tree is None or wanted == AUTOMATIC:
        return family
    return replace(family, classes=family.tree.cut(min(int(wanted), len(family.tree.models))))
