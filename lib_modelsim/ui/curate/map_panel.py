"""The map of a folder's pictures: computed in the background, shown, answered and acted on as a person looks at it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gradio as gr
from markupsafe import Markup

from ...errors import ModelsimError
from ...job import Job
from ...templates import render
from ...text import counted
from ...workspace.workspace import Workspace
from ..view_state import ViewState
from ..wiring import Wiring
from ..work import Updates
from .grouping import no_folder
from .map_answers import about_point, colours_of, packed_points
from .panel import Begin
from .session import Curator
from .small import name_in

if TYPE_CHECKING:  # NumPy comes with them
    from ...curate.collection import Collected
    from ...workspace.curating.colourings import Colouring
    from ...workspace.curating.picture_map import PictureMap

FIELD = "modelsim_map_field"
"""Id of the hidden text field into which the script writes what it asks about a map."""

_FILES = ("list", "csv", "sheet")
"""What a selection can be written as."""


@dataclass(frozen=True)
class _Shown:
    """The map that one window has, of these contents."""

    key: str
    contents: tuple[str, ...]
    map: PictureMap


class MapPanel:
    """A choice of projections, and the map; made inside gradio's Blocks."""

    id, title = "map", "Map"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._maps = WeakKeyDictionary[Curator, _Shown]()
        self._files = WeakKeyDictionary[Curator, str]()
        self._panel = gr.HTML(elem_id="modelsim_curate_map")
        self._file = gr.File(visible=False, show_label=False, interactive=False, elem_id="modelsim_map_file")
        with gr.Row(elem_id="modelsim_map_hidden"):
            self._field = gr.Textbox(elem_id=FIELD, show_label=False)
            self._answers = gr.HTML(elem_id="modelsim_map_answers")
        self.outputs = [self._panel, self._file]

    def connect(self, wiring: Wiring, curator: Callable[[], Curator]) -> None:
        """What the script asks about a map is answered beside all else: pictures are made small for it."""
        wiring.beside(
            self._field.input,
            lambda sent: self.answers(sent, curator()),
            self._answers,
            self._field,
        )

    # what a person does

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:
        """Make a map; select on it, open a picture, write what is selected."""
        found, mine = self._of(curator), (self.id,)
        match action:
            case {"do": "project", "method": str(method)}:
                begin(lambda: curator.run(("map", method), partial(self._project, curator, method), "Make the map"))
            case {"do": "write", "kind": str(kind)} if kind in _FILES:
                begin(lambda: curator.run(("write", kind), partial(self._write, curator, kind), "Write the map"))
            case {"do": "gallery"}:
                curator.show(selected=bool(curator.selected))
                return "gallery", "chosen"
            case {"map": str(key)} if found is None or found.key != key:
                return mine  # of a map that is shown no longer
            case {"do": "select", "points": str(points)}:
                curator.select(found.contents[i] for i in _chosen(points, len(found.contents)))
                return "gallery", "chosen"
            case {"do": "open", "at": int(at)} if 0 <= at < len(found.contents):
                curator.opened = found.contents[at]
                return ("larger",)
        return mine

    def _project(self, curator: Curator, method: str, job: Job, workspace: Workspace) -> None:
        collection = curator.collection
        if collection is None:
            raise ModelsimError("there are no pictures to make a map of", None, "choose a folder first")
        found = workspace.curating.picture_map(collection, method, job)
        contents = tuple(each.content for each in collection.pictures)
        digest = hashlib.sha256("".join((found.method.identity, *contents)).encode() + found.projected.points.tobytes())
        self._maps[curator] = _Shown(digest.hexdigest()[:16], contents, found)

    def _write(self, curator: Curator, kind: str, job: Job, workspace: Workspace) -> None:
        from ...workspace.curating.selection import write_selection

        wanted = [each for each in curator.pictures if each.about.content in curator.selected]
        small, folder = workspace.curating.thumbnails, self._backend.exports
        labels, marks = curator.score_labels, curator.marks
        self._files[curator] = str(write_selection(wanted, marks, labels, kind, folder, small, job))

    # what is shown

    def show(self, curator: Curator) -> Updates:
        """The projections there are, and the map made last, while its pictures are those that are looked at."""
        file = self._files.get(curator)
        return {self._panel: self._shown(curator), self._file: gr.update(value=file, visible=file is not None)}

    def _shown(self, curator: Curator) -> Markup:
        from ...curate.projections.registry import projection_kinds
        from ...installing import how_to_install

        if not curator.pictures:
            return no_folder()
        found, kinds = self._of(curator), projection_kinds()
        missing = [(kind.label, how_to_install(*kind.missing())) for kind in kinds if kind.missing()]
        about = {} if found is None else self._about(curator, found)
        return render(
            "ui/templates/curate_map.html",
            methods=[(kind.name, kind.label, not kind.missing()) for kind in kinds],
            method=found.map.method.name if found else kinds[0].name,
            missing=missing,
            key=found.key if found else "",
            about=json.dumps(about),
            colours=about.get("colours", ()),
            count=counted(len(curator.pictures), "picture"),
            told=found.map.told() if found else "",
            remarks=found.map.remarks if found else (),
        )

    def _about(self, curator: Curator, found: _Shown) -> dict[str, object]:
        colours = [(name, each.label, each.version) for name, each in self._colourings(curator).items()]
        return {"count": len(found.contents), "colours": colours}

    def _colourings(self, curator: Curator) -> dict[str, Colouring]:
        from ...workspace.curating.colourings import clusters_of, colourings

        curated = curator.curated
        units = {} if curated is None else {name: score.unit for name, score in curated.scores.items()}
        return colourings(curator.pictures, curator.marks, curator.score_labels, units, clusters_of(curated))

    def _of(self, curator: Curator) -> _Shown | None:
        found = self._maps.get(curator)
        contents = tuple(each.about.content for each in curator.pictures)
        return found if found is not None and found.contents == contents else None

    # what the script asks

    def answers(self, sent: str, curator: Curator) -> Markup | str:
        """Points, colours, and what is told of a point, as the script asks; what makes no sense is not answered."""
        asked, found = json.loads(sent or "{}"), self._of(curator)
        if found is None or asked.get("map") != found.key:
            return ""
        answers = [self._answer(each, curator, found) for each in asked.get("questions", ())]
        told = json.dumps(
            {"map": found.key, "answers": [each for each in answers if each is not None], "at": asked["at"]}
        )
        return render("ui/templates/curate_map_answers.html", answers=told)

    def _answer(self, question: Mapping[str, Any], curator: Curator, found: _Shown) -> dict[str, object] | None:
        match question:
            case {"ask": "points"}:
                answer = packed_points(found.map.projected.points)
            case {"ask": "colours", "by": str(name)} if (by := self._colourings(curator).get(name)) is not None:
                answer = {"by": name, **colours_of(by)}
            case {"ask": "tell", "at": int(at)} if 0 <= at < len(curator.pictures):
                picture = curator.pictures[at]
                lines = about_point(picture, curator)
                answer = {
                    "at": at,
                    "name": name_in(curator.folder, picture.about.path),
                    "lines": lines,
                    "url": self._url(picture.about),
                }
            case _:
                return None
        return {"name": "", **answer, "question": question["name"]}

    def _url(self, about: Collected) -> str:
        """Where the small copy of a picture is, made now where there is none; "" where it cannot be opened."""
        try:
            return self._backend.host.picture_url(self._backend.curating.thumbnails.of(about.content, about.path))
        except ModelsimError:  # it has changed, or the disk is full: the name alone is told
            return ""


def _chosen(points: str, count: int) -> Iterable[int]:
    """The places of the bits that are set."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(b64decode(points), np.uint8))[:count]
    return np.flatnonzero(bits).tolist()
