"""One picture, large, with all that is known of it; and handing it to the page that finds its model."""

from __future__ import annotations

import math
import mimetypes
from base64 import b64encode
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...curate.collection import UNKNOWN
from ...errors import ModelsimError
from ...templates import render
from ...text import readable, size_text
from ...workspace.curating.looking import Picture
from ...workspace.curating.remembered import Mark
from ...workspace.curating.thumbnails import LARGE
from ..view_state import ViewState
from ..work import Updates
from .panel import Begin
from .session import Curator


class LargerView:
    """What lies over the page while a picture is looked at; made inside gradio's Blocks."""

    id, title = "larger", "Larger view"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._view = gr.HTML(elem_id="modelsim_curate_larger")
        self._handed = gr.HTML(elem_id="modelsim_curate_handed")
        self.outputs = [self._view, self._handed]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:  # noqa: ARG002 - nothing is long
        """Open a picture, close it, or hand it to another page."""
        match action:
            case {"do": "open", "content": str(content)}:
                curator.opened = content
            case {"do": "close"}:
                curator.opened = ""
            case {"do": "find", "content": str(content), "number": number}:
                curator.opened, curator.handed = "", (content, float(number))
            case {"do": "arrived"}:
                curator.handed = None
        return (self.id,)

    def show(self, curator: Curator) -> Updates:
        """The picture that is open; and the one that is handed on, until the script says that it has arrived: of two
        answers that reach the page at once it sees the later one alone."""
        opened = curator.picture(curator.opened)
        view = self._shown(curator, opened) if opened is not None else Markup("")
        return {self._view: view, self._handed: _handed(curator)}

    def _shown(self, curator: Curator, picture: Picture) -> Markup:
        about, mark = picture.about, curator.marks.get(picture.about.content, Mark())
        url, why_not = "", ""
        try:
            large = self._backend.curating.thumbnails.of(about.content, about.path, LARGE)
            url = self._backend.host.picture_url(large)
        except ModelsimError as error:
            why_not = str(error)
        return render(
            "ui/templates/curate_larger.html",
            content=about.content,
            url=url,
            why_not=why_not,
            name=readable(about.path.name),
            stars=mark.stars,
            keep=mark.keep,
            facts=_facts(curator, picture),
            prompt=about.prompt,
            path=readable(about.path),
            infotext=self._infotext(picture),
        )

    def _infotext(self, picture: Picture) -> str:
        """The picture's settings for the WebUI's own tabs; nothing where there are none, or no WebUI."""
        if not self._backend.host.is_webui:
            return ""
        from ...pictures.records.reading import read_records

        try:
            return read_records(picture.about.path).pasted or ""
        except ModelsimError:  # the view says why it cannot be opened
            return ""


def _facts(curator: Curator, picture: Picture) -> list[tuple[str, str]]:
    """Label and value of what is known besides the prompt."""
    about = picture.about
    facts = [("Model", about.model), ("Seed", "" if about.seed == UNKNOWN else str(about.seed)), ("Suite", about.suite)]
    for name, label in curator.score_labels.items():
        value = picture.scores.get(name, math.nan)
        facts.append((label, "none" if math.isnan(value) else curator.number(name, value)))
    facts.append(("Category", picture.group))
    with suppress(OSError):  # it is gone: the view says so
        facts.append(("Size of the file", size_text(about.path.stat().st_size)))
    return [(label, value) for label, value in facts if value]


def _handed(curator: Curator) -> Markup:
    """The whole file, as Find takes it; nothing where none is handed on."""
    content, number = curator.handed or ("", 0.0)
    picture = curator.picture(content)
    if picture is None:
        return Markup("")
    path = picture.about.path
    try:
        data = b64encode(path.read_bytes()).decode()
    except OSError as error:
        curator.handed = None  # told once
        raise ModelsimError(f"this picture cannot be read ({error.strerror or error})", path, "open it anew") from error
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    name = readable(path.name)
    return render("ui/templates/picture.html", name=name, type=kind, data=data, number=repr(number))
