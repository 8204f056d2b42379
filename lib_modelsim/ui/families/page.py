"""The families: their controls, the library's table or a drawing, the chosen model; and what each sets going."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ..backend import MODELS
from ..choices import LIBRARY, TREE
from ..newest import Newest
from ..view_state import ViewState
from ..windows import Windows, asking_window
from ..wiring import Event, Wiring, without_value
from ..work import Updates
from . import references
from .chosen import ChosenPanel
from .folders import FoldersPanel
from .greeting import Greeting
from .naming import save_name
from .panel import FamiliesControls, FamiliesPanel

CHOSEN, EXPORTED = "chosen", "exported"
"""Whose work it is that shows in the panels of the chosen model alone, and beside Export."""


@dataclass
class _Window:
    """What a browser window's page knows: these recipes."""

    recipes: object


class FamiliesPage:
    """Its components, laid out and connected; made inside gradio's Blocks."""

    id, title = "families", "Families"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        self.session, self.work, self._wiring = session, wiring.work, wiring
        self._greeting, self._folders = Greeting(session), FoldersPanel(session)
        self._controls = FamiliesControls(session)
        with gr.Row(elem_id="modelsim_panels"):
            with gr.Column(scale=1, min_width=0):
                self._families = FamiliesPanel(session)
            with gr.Column(scale=0, min_width=0, elem_id="modelsim_side"):
                self._chosen = ChosenPanel(session)
        with gr.Row(elem_id="modelsim_families_hidden"):
            self._newest = Newest("modelsim_families_seen", session.known)
            self._newest_classes = Newest("modelsim_classes_seen", self._known_of_classes)
        self._windows = Windows(lambda: _Window(session.backend.ancestry.recipes), share=True)
        self._taken = [*self._controls.taken(), *self._families.taken()]
        parts = (self._greeting, self._folders, self._controls, self._families, self._chosen)
        hidden = [self._newest.field, self._newest_classes.field]
        self.outputs = [*hidden, *(output for part in parts for output in part.outputs)]

    def show(self) -> Updates:
        """Everything as chosen and known by now."""
        told = self._newest.told(), self._newest_classes.told()
        self._windows.here().recipes = self.session.backend.ancestry.recipes
        shown = self.session.shown()
        return {
            self._newest.field: told[0],
            self._newest_classes.field: told[1],
            **self._greeting.updates(),
            **self._folders.updates(),
            **self._controls.updates(),
            **self._families.updates(shown),
            **self._chosen.panels(shown),
        }

    def come_back(self, selected: Event) -> None:
        """Show what has become known of the models on other pages, where that is more."""
        self._at_once(selected, self._after_recipes)

    def _after_recipes(self) -> Updates:
        window, recipes = self._windows.here(), self.session.backend.ancestry.recipes
        before, window.recipes = window.recipes, recipes
        return {self._newest.field: gr.update()} if before == recipes else self._changes(self.show)

    def _known_of_classes(self) -> object:
        """What the table of classes follows from."""
        return self.session.known(), [answer.weighed for answer in self.session.backend.answers.values()]

    def look(self) -> Updates:
        """Everything, after another look at the files."""
        self.session.backend.look()
        return self.show()

    def connect(self, opened: Event) -> None:
        """Set going what each control is for; at the first opening the files are looked at."""
        self._weigh(self._wiring.at_once(opened, self.look, None, self.outputs))  # a tree from before the start
        controls, families, chosen = self._controls, self._families, self._chosen
        seen, seen_classes, seen_card = self._newest.field, self._newest_classes.field, chosen.newest.field
        self._wiring.settle(seen, self._settled, [seen, families.view], self.outputs)
        self._wiring.settle(seen_classes, self._settled_classes, [seen_classes], [seen_classes, families.classes])
        self._wiring.settle(seen_card, chosen.settled, [seen_card], chosen.outputs)
        self._at_once(families.refresh.click, self._refreshed)
        self._wiring.beside(families.index.click, self._index, None)
        self._wiring.beside(families.hash.click, self._hash, None)
        self._compare(self._at_once(controls.go.click, self._showing(self.towards_tree), families.view))
        for control, field, meaning in self._taken:
            taken = self._at_once(control.input, self._taker(control, field, meaning), control)
            if control in (controls.measure, controls.base):
                self._compare(taken)
            elif control is not families.view:
                self._weigh(taken)
        for button, inputs, act in (
            (controls.suggest, controls.count, references.suggest),
            (controls.load, None, references.load),
            (controls.save, None, references.save),
        ):
            self._weigh(self._at_once(button.click, self._telling(act, controls.said), inputs))
        exported = [families.exporting, families.exported]
        self._wiring.beside(families.export.click, self._export, exported)
        self._wiring.when_ended(EXPORTED, families.show_exported, None, exported)
        self._at_once(chosen.chosen_field.input, chosen.choose, chosen.chosen_field, chosen.outputs)
        self._at_once(chosen.family_field.input, chosen.choose_family, chosen.family_field, chosen.outputs)
        acting = self._showing(lambda action: self._changes(lambda: self.act(action)))
        self._at_once(chosen.action_field.input, acting, [chosen.action_field, families.view])
        compared = self._wiring.when_ended(MODELS, self._look_after, None, self.outputs)
        self._at_once(self._weigh(compared).then, lambda: self._changes(self.show))
        acted = self._wiring.when_ended(CHOSEN, chosen.panels, None, chosen.outputs)
        self._wiring.tell_menu(acted)

    def _at_once(
        self,
        event: Callable[..., Dependency],
        answer: Callable[..., object],
        inputs: Any = None,  # noqa: ANN401 - a component of gradio
        outputs: Any = None,  # noqa: ANN401 - the same
    ) -> Dependency:
        return self._wiring.at_once(event, answer, inputs, outputs or self.outputs)

    def _compare(self, shown: Dependency) -> None:
        self._wiring.beside(shown.then, self.compare, None)

    def _weigh(self, shown: Dependency) -> Dependency:
        """Weigh the classes shown, in a step of its own, as it may take a second."""
        weighed = self._wiring.beside(shown.then, self._weigh_shown, None)
        return self._at_once(weighed.then, self._classes, None, [self._newest_classes.field, self._families.classes])

    def _weigh_shown(self) -> None:
        shown = self.session.shown()
        if shown.family is not None:
            shown.answer.weigh(shown.how, shown.family)

    def _classes(self) -> Updates:
        told = self._newest_classes.told()
        return {self._newest_classes.field: told, self._families.classes: self._families.named_classes()}

    def _look_after(self) -> Updates:
        """As `look`, after a task. The first families end the greeting."""
        if self.session.shown().families and not self.session.choices.greeted:
            self.session.choose(greeted=True)
        return self._changes(self.look)

    def _changes(self, answer: Callable[[], Updates]) -> Updates:
        """An answer without the values of controls that it leaves as they were: a person may be about to choose others,
        which are not to be taken back. (The network is what is drawn, whoever chose it.)"""
        before = self.session.choices
        updates, after = answer(), self.session.choices
        for control, field, _ in self._taken:
            if field != "architecture" and getattr(before, field) == getattr(after, field):
                updates[control] = without_value(updates.get(control))
        return updates

    def _taker(
        self, control: gr.components.Component, field: str, meaning: Callable[[Any], object]
    ) -> Callable[[object], Updates]:
        """Takes a control's value down as a choice, and shows what follows; the control shows it already."""

        def take(value: object) -> Updates:
            self.session.choose(**{field: meaning(value)})
            updates = self._changes(self._settled_base)
            return {**updates, control: without_value(updates[control])}

        return take

    def _settled_base(self) -> Updates:
        self.session.settle_base()
        return self.show()

    def _showing(self, answer: Callable[..., Updates]) -> Callable[..., Updates]:
        """An answer that may lead to another view than the page has, which comes last: it is sent only then."""

        def shown(*values: object) -> Updates:
            updates, chosen = answer(*values[:-1]), self.session.choices.view
            return {**updates, self._families.view: gr.update() if values[-1] == chosen else chosen}

        return shown

    def _settled(self, seen: str, view: str) -> Updates:
        """Nothing, where the page shows what was chosen; else all that follows from it."""
        if self._newest.is_in(seen):
            if view == self.session.choices.view:
                return {self._newest.field: gr.update()}
            self.session.choose(view=view)  # a choice that never arrived, or was taken back on the page
        return self._changes(self.show)

    def _settled_classes(self, seen: str) -> Updates:
        """The same for the table of classes."""
        newest = self._newest_classes
        return {newest.field: gr.update()} if newest.is_in(seen) else self._classes()

    def _telling(self, act: Callable[..., str], said: gr.HTML) -> Callable[..., Updates]:
        """Does something, shows what follows, and tells what became of it."""

        def told(*values: object) -> Updates:
            told_of: list[str] = []

            def acted() -> Updates:
                told_of.append(act(self.session, *values))
                return self.show()

            return {**self._changes(acted), said: told_of[0]}

        return told

    def compare(self) -> None:
        """Compare the models as chosen, unless only the library is looked at."""
        session, window = self.session, asking_window()
        if session.choices.view != LIBRARY:
            session.settle_base()
            question = session.choices.question
            stopped = "Stopped. What is finished is kept. To go on, press Show families."
            self.work.begin(MODELS, lambda: session.backend.compare(question, window), stopped)

    def _export(self) -> Updates:
        begin = partial(self.work.begin_own, EXPORTED, stopped="Stopped. Nothing was written.", done="Exported.")
        return self._families.begin_export(begin)

    def _index(self) -> None:
        self.work.begin(MODELS, self.session.backend.read_index, "Stopped. What was read so far is kept.")

    def _hash(self) -> None:
        self.work.begin(MODELS, self.session.backend.hash_files, "Stopped. The files hashed so far are kept.")

    def towards_tree(self) -> Updates:
        """Who asks for families wants to see them."""
        if self.session.choices.view == LIBRARY:
            self.session.choose(view=TREE)
        return self._settled_base()

    def _refreshed(self) -> Updates:
        backend = self.session.backend
        backend.host.refresh()
        if backend.host.settings().index_new:
            self.work.begin(MODELS, lambda: backend.hash_files(asked=False))
        return self.look()

    def _without(self, what: str, *names: str) -> None:
        """Leave a model out or bring some back, and compare anew if there was an answer."""
        session, compared = self.session, self.session.shown().answer is not None
        (session.leave_out if what == "leave out" else session.bring_back)(*names)
        session.settle_base()
        question, backend = session.choices.question, session.backend
        if compared and question not in backend.answers:
            self.compare()
        elif what == "bring back":
            self._index()

    def act(self, action: str) -> Updates:
        """What a button or a field inside a panel's HTML asks for; long work is begun here and followed after."""
        asked = json.loads(action) if action else {}
        session, said = self.session, self._families.said
        match asked:
            case {"do": "load", "name": name}:
                self.work.begin_own(CHOSEN, lambda: session.backend.load(name), "Not loaded.", "Loaded.")
            case {"do": "compare", "name": name}:
                self.work.begin_own(CHOSEN, lambda: session.begin_detail(name), "Stopped.")
            case {"do": "lineage"}:
                stopped = "Stopped. Recipes that were finished are kept. To go on, press Make lineage."
                self.work.begin(MODELS, session.backend.ancestry.make_lineage, stopped)
            case {"do": "close" | "close panel" as what}:
                return self._chosen.close(panel=what == "close panel")
            case {"do": "tree", "name": name}:
                session.show_in_tree(name)
                return self.show()
            case {"do": "reference", "name": name}:
                session.toggle_reference(name)
                return self.show()
            case {"do": "clear references"}:
                session.choose(references=())
                return self.show()
            case {"do": "leave out" | "bring back" as what}:
                self._without(what, *([asked["name"]] if "name" in asked else session.choices.left_out))
                return self.show()
            case {"do": "add folder" | "remove folder" | "show demonstration"}:
                self._folders.change(asked, partial(self.work.begin, MODELS))
                return self.show()
            case {"do": "close greeting"}:
                session.choose(greeted=True)
                return self.show()
            case {"do": "name"}:
                told = save_name(session, asked)
                return {**self.show(), said: told}
        return {said: ""}
