"""Curate: choose a folder of pictures, score them, and look at them: gallery, best ones, map, clusters, duplicates.

Everything that a person does inside a panel comes as a numbered action through one hidden field, which the script fills
again until the answer says that it was taken: gradio 3 drops what is asked for while an answer is on its way. Answers
are numbered, too, as they can be lost or overtake each other, and most show a part of the page: then the script asks
for all of it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...errors import ModelsimError
from ...templates import render
from ..status import message
from ..view_state import ViewState
from ..windows import Windows
from ..wiring import Event, Wiring
from ..work import Updates
from .best_panel import BestPanel
from .checkpoint_copies import CheckpointCopiesPanel
from .chosen_files import ChosenFiles
from .clusters_panel import ClustersPanel
from .duplicates_panel import DuplicatesPanel
from .folder_choice import FolderChoice
from .gallery import GalleryPanel
from .larger import LargerView
from .map_panel import MapPanel
from .models_panel import ModelsPanel
from .panel import Panel
from .prompts_panel import PromptsPanel
from .scores_panel import ScoresPanel
from .session import Curator
from .small import ShowsPictures, make_missing
from .verbatim_panel import VerbatimPanel

FIELD = "modelsim_curate_field"
"""Id of a hidden text field into which the script writes what a person does."""

ABOVE: list[type[Panel]] = [FolderChoice, ScoresPanel, ChosenFiles, LargerView]
"""Panels above the tabs, in their order."""

PANELS: list[type[Panel]] = [
    GalleryPanel,
    BestPanel,
    MapPanel,
    ClustersPanel,
    ModelsPanel,
    PromptsPanel,
    DuplicatesPanel,
    VerbatimPanel,
    CheckpointCopiesPanel,
]
"""Panels with a tab each, in their order."""

_SHOW = "show"
"""The script's action for all of the page."""

_STOPPED = "Stopped. What is finished is kept."


class CuratePage:
    """Its panels, laid out and connected; made inside gradio's Blocks."""

    id, title = "curate", "Curate"

    def __init__(self, session: ViewState, wiring: Wiring) -> None:
        self._backend = session.backend
        self._curators, self._wiring = Windows(partial(Curator, session)), wiring
        self.panels: dict[str, Panel] = {}
        for kind in ABOVE:
            self.panels[kind.id] = kind(session)
        self._said = gr.HTML(elem_id="modelsim_curate_said")
        with gr.Tabs(elem_id="modelsim_curate_panels"):
            for kind in PANELS:
                with gr.TabItem(kind.title, id=kind.id):
                    self.panels[kind.id] = kind(session)
        with gr.Row(elem_id="modelsim_curate_hidden"):
            self._field = gr.Textbox(elem_id=FIELD, show_label=False)
            self._taken = gr.HTML(elem_id="modelsim_curate_taken")
            self._made = gr.HTML(elem_id="modelsim_curate_made")
        shown = [component for panel in self.panels.values() for component in panel.outputs]
        self.outputs = [*shown, self._said, self._taken]

    @property
    def curator(self) -> Curator:
        """What the browser window looks at."""
        return self._curators.here()

    def connect(self, opened: Event) -> None:
        """Set going what each panel is for."""
        wiring = self._wiring
        shown = wiring.at_once(opened, self.opened, None, self.outputs)
        wiring.beside(shown.then, self.look_around, self.panels["scores"].outputs)
        for panel in self.panels.values():
            if isinstance(panel, MapPanel):
                panel.connect(wiring, lambda: self.curator)
        acted = wiring.at_once(self._field.input, self.act, self._field, self.outputs)
        wiring.beside(acted.then, self.later, self._made)
        ended = wiring.when_ended(self.id, self.show, None, self.outputs)
        wiring.beside(ended.then, self.later, self._made)

    def opened(self) -> Updates:
        """The page is looked at: another window, or another program, may have given stars meanwhile."""
        self.curator.read_marks()
        return self.show()

    def look_around(self) -> Updates:
        """Which CLIP there is; takes seconds the first time."""
        scores = self.panels["scores"]
        if isinstance(scores, ScoresPanel):
            scores.look_for_clip()
        return scores.show(self.curator)

    def act(self, sent: str) -> Updates:
        """What a person did, one action after the other; long work is begun here and followed after."""
        curator, touched, said = self.curator, set[str](), ""
        new = _new_actions(sent, curator)
        for action in new:
            panel = self.panels.get(action.get("panel", ""))
            if panel is None:
                continue
            try:
                changed = panel.act(action, curator, self._begin)
                touched |= {panel.id} if changed is None else set(changed)
            except ModelsimError as error:
                said = message(str(error), "error")
        if not new or any(action.get("do") == _SHOW for action in new):  # the answer to what was taken before was lost
            return {**self.show(), self._said: said}
        updates = self._shown(curator, [panel for panel in self.panels.values() if panel.id in touched])
        return {**updates, self._said: said, self._taken: _taken(curator)}

    def _begin(self, task: Any, stopped: str = _STOPPED, done: str = "") -> None:  # noqa: ANN401
        self._wiring.work.begin_own(self.id, task, stopped, done)

    def show(self) -> Updates:
        """All that is known by now."""
        curator = self.curator
        return {**self._shown(curator, list(self.panels.values())), self._taken: _taken(curator, whole=True)}

    def later(self) -> Markup:
        """What takes its time, beside what is answered at once: small copies of the pictures that are shown."""
        curator = self.curator
        panels = [panel for panel in self.panels.values() if isinstance(panel, ShowsPictures)]
        shown = [each for panel in panels for each in panel.pictures(curator)]
        made, refused = make_missing(self._backend, shown)
        after = curator.answered  # gradio draws no text that is the one before
        told = json.dumps(refused)
        return render("ui/templates/curate_made.html", made=" ".join(made), refused=told, after=after)

    def _shown(self, curator: Curator, panels: list[Panel]) -> Updates:
        return {part: update for panel in panels for part, update in panel.show(curator).items()}


def _new_actions(sent: str, curator: Curator) -> list[dict[str, Any]]:
    """Those that the script has sent and were not taken before; they are numbered upwards."""
    actions = [each for each in json.loads(sent or "{}").get("actions", ()) if isinstance(each, dict)]
    new = [each for each in actions if float(each.get("number", 0)) > curator.acted]
    curator.acted = max([curator.acted, *(float(each["number"]) for each in new)])
    return new


def _taken(curator: Curator, whole: bool = False) -> Markup:
    """Tells the script which actions were taken, and which answer this is: of a part of the page, or of the whole."""
    curator.answered += 1
    return render("ui/templates/curate_taken.html", number=repr(curator.acted), answer=curator.answered, whole=whole)
