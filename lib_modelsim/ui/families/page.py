"""The families: their controls, the library's table or a drawing, the chosen model; and what each sets going."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ..choices import LIBRARY, TREE
from ..newest import Newest
from ..view_state import ViewState
from ..windows import Windows
from ..wiring import Event, Wiring, without_value
from ..work import Updates
from . import references
from .chosen import ChosenPanel
from .folders import FoldersPanel
from .greeting import Greeting
from .naming import save_name
from .panel import FamiliesControls, FamiliesPanel


@dataclass
class _Window:
    """What a browser window's page has still to show: the models have `changed`; it knows these `recipes`."""

    recipes: object
    changed: bool = False


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
        self._wiring.at_once(opened, self.look, None, self.outputs)
        work, controls, families, chosen = self.work, self._controls, self._families, self._chosen
        seen, seen_classes, seen_card = self._newest.field, self._newest_classes.field, chosen.newest.field
        self._wiring.settle(seen, self._settled, [seen, families.view], self.outputs)
        self._wiring.settle(seen_classes, self._settled_classes, [seen_classes], [seen_classes, families.classes])
        self._wiring.settle(seen_card, chosen.settled, [seen_card], chosen.outputs)
        self._at_once(families.refresh.click, self._refreshed)
        self._start(families.index.click, work.index)
        self._start(families.hash.click, work.hash_all)
        self._compare(self._at_once(controls.go.click, self._showing(self.towards_tree), families.view).then)
        for control, field, meaning in self._taken:
            taken = self._at_once(control.input, self._taker(control, field, meaning), control)
            if control in (controls.measure, controls.base):
                self._compare(taken.then)
            elif control is not families.view:
                self._weigh(taken)
        for button, inputs, act in (
            (controls.suggest, controls.count, references.suggest),
            (controls.load, None, references.load),
            (controls.save, None, references.save),
        ):
            self._weigh(self._at_once(button.click, self._telling(act, controls.said), inputs))
        exported = [families.exporting, families.exported]
        begun = self._wiring.beside(families.export.click, families.begin_export, exported)
        self._wiring.beside(begun.then, families.run_export, exported)
        self._at_once(chosen.chosen_field.input, chosen.choose, chosen.chosen_field, chosen.outputs)
        self._at_once(chosen.family_field.input, chosen.choose_family, chosen.family_field, chosen.outputs)
        acting = self._showing(lambda action: self._changes(lambda: self.act(action)))
        acted = self._at_once(chosen.action_field.input, acting, [chosen.action_field, families.view])
        followed = self._wiring.in_background(acted.then, partial(work.follow_begun, self.id))
        shown = self._at_once(followed.then, self._acted)
        self._wiring.tell_menu(shown)
        self._at_once(self._weigh(shown).then, self._redrawn)

    def _at_once(
        self,
        event: Callable[..., Dependency],
        answer: Callable[..., object],
        inputs: Any = None,  # noqa: ANN401 - a component of gradio
        outputs: Any = None,  # noqa: ANN401 - the same
    ) -> Dependency:
        return self._wiring.at_once(event, answer, inputs, outputs or self.outputs)

    def _start(self, event: Callable[..., Dependency], task: Callable[..., object]) -> Dependency:
        """Follow a task to its end, then show everything."""
        return self._at_once(self._wiring.in_turn(event, task).then, self._look_after)

    def _compare(self, event: Callable[..., Dependency]) -> None:
        """Compare, show the families, weigh their classes, then look for what hashes can tell."""
        weighed = self._weigh(self._start(event, self.work.compare))
        self._at_once(self._wiring.in_background(weighed.then, self.work.hash_few).then, self._look_after)

    def _weigh(self, shown: Dependency) -> Dependency:
        """Weigh the classes shown, in a step of its own, as it may take a second."""
        weighed = self._wiring.beside(shown.then, self._weigh_shown, None)
        return self._at_once(weighed.then, self._classes, None, [self._newest_classes.field, self._families.classes])

    def _weigh_shown(self) -> None:
        shown = self.session.shown()
        if shown.family is not None and not self.session.backend.busy:
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

    def towards_tree(self) -> Updates:
        """Who asks for families wants to see them."""
        if self.session.choices.view == LIBRARY:
            self.session.choose(view=TREE)
        return self._settled_base()

    def _refreshed(self) -> Updates:
        backend = self.session.backend
        backend.host.refresh()
        if backend.host.settings().index_new and not backend.busy:
            backend.hash_files()
        return self.look()

    def _without(self, what: str, name: str) -> None:
        """Leave a model out or bring it back, and compare anew if there was an answer."""
        session, compared = self.session, self.session.shown().answer is not None
        (session.leave_out if what == "leave out" else session.bring_back)(name)
        session.settle_base()
        question, backend = session.choices.question, session.backend
        stopped = "Stopped. What is finished is kept. To go on, press Show families."
        self._windows.here().changed = True
        if compared and question not in backend.answers:
            self.work.begin(self.id, lambda: backend.compare(question), stopped)
        elif what == "bring back":
            self.work.begin(self.id, backend.read_index, stopped)

    def _acted(self) -> Updates:
        """What a button in a panel has led to: all of the page where the models have changed."""
        return self._look_after() if self._windows.here().changed else self._chosen.panels()

    def _redrawn(self) -> Updates:
        """The drawing with the support of its classes, where the models have changed. Where more was asked for
        meanwhile, its own end shows what it has changed."""
        window = self._windows.here()
        changed, window.changed = window.changed, window.changed and self.work.goes_on
        return self._look_after() if changed else {self._families.view: gr.update()}

    def act(self, action: str) -> Updates:
        """What a button or a field inside a panel's HTML asks for; long work is begun here and followed after."""
        asked = json.loads(action) if action else {}
        session, said = self.session, self._families.said
        match asked:
            case {"do": "load", "name": name}:
                self.work.begin(self.id, lambda: session.backend.load(name), "Not loaded.")
            case {"do": "compare", "name": name}:
                self.work.begin(self.id, lambda: session.begin_detail(name), "Stopped.")
            case {"do": "lineage"}:
                self._windows.here().changed = True
                stopped = "Stopped. Recipes that were finished are kept. To go on, press Make lineage."
                self.work.begin(self.id, session.backend.ancestry.make_lineage, stopped)
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
            case {"do": "leave out" | "bring back" as what, "name": name}:
                self._without(what, name)
                return self.show()
            case {"do": "add folder" | "remove folder" | "show demonstration"}:
                self._windows.here().changed = True
                self._folders.change(asked, partial(self.work.begin, self.id))
                return self.show()
            case {"do": "close greeting"}:
                session.choose(greeted=True)
                return self.show()
            case {"do": "name"}:
                told = save_name(session, asked)
                return {**self.show(), said: told}
        return {said: ""}
