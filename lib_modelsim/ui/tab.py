"""The tab: a line of status and a page for each thing to do. The same in a WebUI and standalone."""

from __future__ import annotations

import time
from importlib import metadata
from pathlib import Path

import gradio as gr

from ..templates import render
from .backend import Backend
from .families.page import FamiliesPage
from .help import help_marks
from .pages import PAGES, TabPage
from .view_state import ViewState
from .windows import asking_window
from .wiring import Wiring
from .work import Work


def _web_files() -> Path:
    """The folder of style.css and javascript/: where a WebUI takes them from an extension, or where pip put them."""
    here, name = Path(__file__).parents[2], "share/modelsim/style.css"
    if (here / "style.css").is_file():
        return here
    return next(Path(file.locate()).parent for file in metadata.files("modelsim") or () if file.match(name))


STYLE = _web_files() / "style.css"
SCRIPTS = sorted((_web_files() / "javascript").glob("*.js"))


def build_tab(backend: Backend) -> gr.Blocks:
    """The tab as gradio's Blocks, for a page of its own."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        Tab(ViewState(backend))
    return blocks


def _opened() -> str:
    """Whether the window's name has come along, for the script, which else opens again; `at` differs each time, as
    gradio tells no value twice."""
    name = "named" if asking_window() else "nameless"
    return render("ui/templates/opened.html", opened=name, at=str(time.monotonic_ns()))


class Tab:
    """Its pages, laid out and connected; made inside gradio's Blocks. Nothing is read before it is looked at."""

    def __init__(self, session: ViewState) -> None:
        self.pages: dict[str, TabPage] = {}
        with gr.Column(elem_id="modelsim_tab"):
            work = Work(session.backend.jobs)
            with gr.Row(elem_id="modelsim_window_hidden"):
                window = gr.Textbox(elem_id="modelsim_window_field", show_label=False)  # filled in by the script
                told = gr.HTML()
            wiring = Wiring(work, session.backend.host, window)
            with gr.Tabs(elem_id="modelsim_pages"):
                items = [self._made(kind, session, wiring) for kind in PAGES]
            opened = gr.Button("open", elem_id="modelsim_open")  # pressed by the script when the tab is opened
        wiring.beside(work.asked.input, work.show, work.outputs, work.asked)
        wiring.beside(work.stop.click, work.stop_shown, None)
        wiring.beside(work.action.input, work.act, None, work.action)
        wiring.beside(opened.click, _opened, told)
        first, *others = zip(self.pages.values(), items, strict=True)
        first[0].connect(opened.click)
        for page, item in others:
            page.connect(item.select)
        self.pages[FamiliesPage.id].come_back(items[0].select)

    def _made(self, kind: type[TabPage], session: ViewState, wiring: Wiring) -> gr.TabItem:
        with gr.TabItem(kind.title, id=kind.id) as item:
            self.pages[kind.id] = kind(session, wiring)
            gr.HTML(help_marks(kind.id), elem_classes="modelsim-help-texts")
        return item
