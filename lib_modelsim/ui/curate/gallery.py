"""The pictures of a folder, a page of them at a time: sorted, filtered, with stars and what is to be kept."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import gradio as gr

from ...curate.collection import Collected
from ...templates import render
from ...text import counted
from ...workspace.curating.looking import MODEL, NAME, PROMPT, STARS, Picture, looked_at
from ...workspace.curating.remembered import MOST_STARS, Mark
from ..status import note
from ..view_state import ViewState
from ..work import Updates
from .panel import Begin
from .session import Curator
from .small import small

TOGETHER = 60
"""Pictures on a page: more would be slow to draw, and nobody looks at more at once."""

_ORDERS = {"": "as in the folder", STARS: "stars", NAME: "name", MODEL: "model", PROMPT: "prompt"}
"""Orders without a score, and what the menu calls them."""

_PROMPT = 300
"""Characters of a prompt below the pointer; the larger view has all."""


class GalleryPanel:
    """A toolbar, the pictures, and turning the page; made inside gradio's Blocks."""

    id, title = "gallery", "Gallery"

    def __init__(self, session: ViewState) -> None:
        self._backend = session.backend
        self._tools = gr.HTML(elem_id="modelsim_curate_tools")
        self._pictures = gr.HTML(elem_id="modelsim_curate_pictures")
        self.outputs = [self._tools, self._pictures]

    def act(self, action: Mapping[str, Any], curator: Curator, begin: Begin) -> Collection[str]:  # noqa: ARG002 - nothing is long
        """Another order, other filters, another page; stars and what is to be kept."""
        match action:
            case {"do": "look", "changes": dict(changes)}:
                curator.show(**_known(changes))
            case {"do": "page", "page": int(page)}:
                curator.page = max(0, page)
            case {"do": "mark", "marks": dict(marks)}:
                curator.mark({str(content): _mark(said) for content, said in marks.items()})
                return ("chosen",)  # the script has shown it already, and the pictures stay where they are
            case {"do": "keep first", "count": str(count)} if count.isascii() and count.isdigit():
                curator.keep(each.about.content for each in self._shown(curator)[: int(count)])
            case {"do": "keep none"}:
                curator.keep(())
        return self.id, "chosen"

    def show(self, curator: Curator) -> Updates:
        """The page of pictures that is looked at."""
        if curator.collection is None:
            told = "Choose a folder above: the gallery that modelsim generated, or any folder with pictures."
            return {self._tools: "", self._pictures: note("No pictures yet", told)}
        if not curator.pictures:
            return {self._tools: "", self._pictures: note("No pictures in this folder", "Choose another one above.")}
        shown = self._shown(curator)
        pages = max(1, math.ceil(len(shown) / TOGETHER))
        curator.page = min(curator.page, pages - 1)
        part = shown[curator.page * TOGETHER : (curator.page + 1) * TOGETHER]
        tools = render(
            "ui/templates/curate_tools.html",
            look=curator.look,
            orders=[*_ORDERS.items(), *curator.score_labels.items()],
            models=_choices((each.about.key, each.about.model) for each in curator.pictures),
            suites=_choices((each.about.suite, each.about.suite) for each in curator.pictures),
            groups=[(name, name) for name in curator.groups],
            most_stars=MOST_STARS,
            selected=len(curator.selected),
            count=counted(len(shown), "picture"),
            of=len(curator.pictures) if len(shown) < len(curator.pictures) else 0,
            kept=len(curator.kept),
        )
        if not shown:
            return {self._tools: tools, self._pictures: note("None of the pictures", "Change the filters above.")}
        pictures = render(
            "ui/templates/curate_pictures.html",
            cards=[self._card(curator, each, curator.page * TOGETHER + i) for i, each in enumerate(part)],
            page=curator.page,
            pages=pages,
        )
        return {self._tools: tools, self._pictures: pictures}

    def pictures(self, curator: Curator) -> list[Collected]:
        """Those of the page."""
        part = self._shown(curator)[curator.page * TOGETHER : (curator.page + 1) * TOGETHER]
        return [each.about for each in part]

    def _shown(self, curator: Curator) -> list[Picture]:
        return looked_at(curator.pictures, curator.look, curator.marks, curator.selected)

    def _card(self, curator: Curator, picture: Picture, at: int) -> dict[str, object]:
        about, mark = picture.about, curator.marks.get(picture.about.content, Mark())
        order = curator.look.order
        value = picture.scores.get(order, math.nan)
        return {
            **small(self._backend, about, curator.folder),
            "prompt": about.prompt[:_PROMPT],
            "stars": mark.stars,
            "keep": mark.keep,
            "rank": at + 1 if order in curator.score_labels else 0,
            "value": "" if math.isnan(value) else curator.number(order, value),
            "unscored": order in curator.score_labels and math.isnan(value),
        }


def _mark(said: Any) -> Mark:  # noqa: ANN401 - the script's
    """Stars and whether to keep."""
    stars, keep = said
    return Mark(min(max(int(stars), 0), MOST_STARS), bool(keep))


def _choices(pairs: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an iterator of pairs
    """Value and label of a filter's menu, each once, by its label; nothing where there is but one."""
    found = sorted({(value, label) for value, label in pairs if value}, key=lambda pair: pair[1].casefold())
    return found if len(found) > 1 else []


_LOOK: dict[str, type] = {
    "order": str, "reverse": bool, "words": str, "model": str, "suite": str, "group": str, "stars": int, "kept": bool,
    "selected": bool,
}  # fmt: skip
"""What the script may change of a Look."""


def _known(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name in _LOOK and type(value) is _LOOK[name]}
