"""What happens on the page: each handler takes the values of its controls and tells the components what to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..errors import ModelsimError
from ..service.compare import LEAST_FOR_MEAN, by_architecture
from ..service.job import Cancelled
from .desk import Answer, Desk, Question, Task
from .models import models_table
from .relatives import relatives_list
from .status import message, note, working
from .tree import tree_drawing
from .words import MEASURES, size

if TYPE_CHECKING:  # scipy and matplotlib come with it
    from ..service.classify import Family

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
    tree: gr.HTML
    chosen: gr.Dropdown
    relatives: gr.HTML
    models: gr.HTML
    row: gr.Textbox
    hash_files: gr.Button

    @property
    def controls(self) -> list[Any]:
        """The components that say what to show, in the order of View's fields."""
        return [self.measure, self.base, self.classes, self.architecture, self.chosen]

    @property
    def panels(self) -> list[Any]:
        """The components that an answer changes."""
        lists = [self.base, self.architecture, self.chosen]
        return [*lists, self.tree, self.relatives, self.models, self.hash_files]


@dataclass(frozen=True)
class View:
    """What the controls say."""

    measure: str
    base: str
    classes: str
    architecture: str | None
    chosen: str | None

    @property
    def question(self) -> Question:
        """What has to be compared for it."""
        measure = MEASURES[self.measure]
        return Question(measure, self.base if measure == "delta-cosine" and self.base != MEAN else None)


class Handlers:
    """The handlers of the page, with what they work on."""

    def __init__(self, desk: Desk, parts: Parts) -> None:
        self._desk, self._parts = desk, parts

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
        view = self._with_base(View(*controls))
        waiting = self._desk.busy and view.question not in self._desk.answers
        return dict.fromkeys(self._parts.panels, gr.update()) if waiting else self._panels(view)

    def show_facts(self, *controls: str | None) -> Updates:
        """What hashes have found out, in the table."""
        return self._only([self._parts.models, self._parts.hash_files], controls)

    def refresh_relatives(self, *controls: str | None) -> Updates:
        """What hashes have found out, among the relatives."""
        return self._only([self._parts.relatives], controls)

    def show_tree(self, *controls: str | None) -> Updates:
        """The tree and the classes, for another architecture or number of classes."""
        return self._only([self._parts.tree, self._parts.models], controls)

    def show_relatives(self, *controls: str | None) -> Updates:
        """The relatives of another model."""
        return {self._parts.relatives: self._relatives(self._with_base(View(*controls)))}

    def choose_row(self, row: str, *controls: str | None) -> Updates:
        """A click on a row of the table chooses its model."""
        return {self._parts.row: "", self._parts.chosen: row, **self.show_relatives(*controls[:-1], row)}

    def _only(self, parts: Sequence[Any], controls: Sequence[str | None]) -> Updates:
        shown = self.show(*controls)
        return {part: shown[part] for part in parts}

    # what is shown

    def _panels(self, view: View) -> Updates:
        """All panels as this view and what is known give them."""
        p, index, answer = self._parts, self._desk.index, self._desk.answers.get(view.question)
        names = [model.name for model in index.models]
        families = [] if answer is None else [with_classes(family, view.classes) for family in answer.families]
        kinds = [family.architecture for family in families]
        kind = view.architecture if view.architecture in kinds else next(iter(kinds), None)
        classes = {
            name: int(number) for f in families for name, number in zip(f.features.models, f.classes, strict=True)
        }
        chosen = view.chosen if view.chosen in names else next(iter(names), None)
        view = replace(view, chosen=chosen)
        left = self._desk.unhashed
        return {
            p.base: gr.update(visible=view.question.measure == "delta-cosine", choices=[MEAN, *names], value=view.base),
            p.architecture: gr.update(visible=len(kinds) > 1, choices=kinds, value=kind),
            p.tree: next((tree_drawing(f) for f in families if f.architecture == kind), None) or self._no_tree(answer),
            p.chosen: gr.update(choices=names, value=chosen),
            p.relatives: self._relatives(view),
            p.models: models_table(index.models, index.unreadable, classes, self._desk.identities),
            p.hash_files: gr.update(visible=left > 0, value=f"Find files that are the same: reads {size(left)}"),
        }

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
