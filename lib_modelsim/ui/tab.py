"""The tab: a line of status and a page for each thing to do. The same in a WebUI and standalone."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from .backend import Backend
from .families.page import FamiliesPage
from .find.page import FindPage
from .probes.page import ProbesPage
from .status import message
from .view_state import ViewState
from .wiring import Wiring
from .work import Work

STYLE = Path(__file__).parents[2] / "style.css"
SCRIPTS = sorted((Path(__file__).parents[2] / "javascript").glob("*.js"))


def build_tab(backend: Backend) -> gr.Blocks:
    """The tab as gradio's Blocks, for a page of its own."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        Tab(ViewState(backend))
    return blocks


class Tab:
    """Its pages, laid out and connected; made inside gradio's Blocks. Nothing is read before it is looked at."""

    def __init__(self, session: ViewState) -> None:
        with gr.Column(elem_id="modelsim_tab"):
            with gr.Row(elem_id="modelsim_bar"):
                status = gr.HTML(message(""), elem_id="modelsim_status")
                stop = gr.Button("Stop", elem_id="modelsim_interrupt", interactive=False, scale=0, min_width=80)
            wiring = Wiring(Work(session, status, stop), session.backend.host)
            with gr.Tabs(elem_id="modelsim_pages"):
                with gr.TabItem("Families", id="families"):
                    self.families = FamiliesPage(session, wiring)
                with gr.TabItem("Probes", id="probes") as probes:
                    self.probes = ProbesPage(session, wiring)
                with gr.TabItem("Find my model", id="find") as find:
                    self.find = FindPage(session, wiring)
            opened = gr.Button("open", elem_id="modelsim_open")  # pressed by the script
        wiring.beside(stop.click, wiring.work.stop, None)
        wiring.at_once(opened.click, self.families.look, None, self.families.outputs)
        wiring.at_once(probes.select, self.probes.show, self.probes.inputs, self.probes.outputs)
        wiring.beside(find.select, self.find.encoders.show, self.find.encoders.outputs)
        wiring.at_once(find.select, self.find.show, None, self.find.outputs)  # families may have come meanwhile
        self.families.connect()
        self.probes.connect()
        self.find.connect()
