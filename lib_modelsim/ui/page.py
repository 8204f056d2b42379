"""The page: models, tree and ranked relatives, without a click. Its layout and wiring; each panel is a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import ModelsimError
from ..library import Library
from .desk import Desk
from .drawing import TREE, VIEWS
from .handlers import AUTOMATIC, MEAN, Handlers, Parts
from .models import ROW_FIELD
from .server import free_socket, run
from .status import note, working
from .words import MEASURES, escaped

STYLE = Path(__file__).parents[2] / "style.css"


def serve(
    models: list[Path],
    demo: Path | None,
    port: int | None,
    open_browser: bool,
    device: str,
    open_library: Callable[[], Library],
) -> int:
    """Show the checkpoints of these folders, or of the demonstration family, until Ctrl-C. Returns the exit code.

    Raises ModelsimError where there is nothing to show, the port is taken or the library cannot be used.
    """
    if not models and demo is None:
        raise ModelsimError(
            "no folder to show", None, "give --models DIR …, or --demo DIR for the demonstration family"
        )
    listener = free_socket(port)
    if not models:
        from ..demo import write_demo_family

        write_demo_family(
            demo, lambda name: print(f"modelsim: writing the demonstration family: {name}", file=sys.stderr, flush=True)
        )
        models = [demo]
    desk = Desk(models, device, open_library)
    try:
        run(build_page(desk), listener, open_browser)
    finally:
        desk.close()
    return 0


def build_page(desk: Desk) -> gr.Blocks:
    """The page as gradio's Blocks, ready to be served."""
    theme = gr.themes.Base(
        primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    with gr.Blocks(theme=theme, css=STYLE.read_text("utf-8"), title="modelsim", analytics_enabled=False) as blocks:
        parts = _lay_out(desk)
        _connect(blocks, parts, Handlers(desk, parts))
    blocks.queue(api_open=False)
    return blocks


def _lay_out(desk: Desk) -> Parts:
    folders = ", ".join(str(path) for path in desk.paths)
    gr.HTML(f'<header class="modelsim-head"><h1>modelsim</h1><span>{escaped(folders)}</span></header>')
    with gr.Row(elem_id="modelsim_controls"):
        measures = list(MEASURES)
        measure = gr.Dropdown(
            measures, value=measures[0], label="Measure", elem_id="modelsim_measure", scale=4, min_width=200
        )
        base = gr.Dropdown(
            [MEAN], value=MEAN, label="Base", elem_id="modelsim_base", visible=False, scale=3, min_width=200
        )
        numbers = [AUTOMATIC, *(str(k) for k in range(1, 21))]
        classes = gr.Dropdown(
            numbers, value=AUTOMATIC, label="Classes", elem_id="modelsim_classes", scale=1, min_width=120
        )
        again = gr.Button("Compare again", elem_id="modelsim_generate", scale=1, min_width=120)
        stop = gr.Button("Stop", elem_id="modelsim_interrupt", interactive=False, scale=1, min_width=80)
    status = gr.HTML(working(None, 0), elem_id="modelsim_status")
    with gr.Row(elem_id="modelsim_panels"):
        with gr.Column(scale=7, min_width=320):
            of_family = _lay_out_family()
        with gr.Column(scale=5, min_width=320):
            chosen = gr.Dropdown([], label="Relatives of", elem_id="modelsim_chosen")
            relatives = gr.HTML(elem_id="modelsim_relatives")
    models = gr.HTML(elem_id="modelsim_models")
    hash_files = gr.Button(visible=False, elem_id="modelsim_hash")
    with gr.Row(elem_id="modelsim_hidden"):
        row = gr.Textbox(elem_id=ROW_FIELD, show_label=False)
    return Parts(measure, base, classes, again, stop, status, *of_family, chosen, relatives, models, row, hash_files)


def _lay_out_family() -> tuple[Any, ...]:
    """The drawings of one architecture and what belongs to them, in the order of Parts' fields."""
    with gr.Row(elem_id="modelsim_kinds"):
        architecture = gr.Radio(
            [], label="Architecture", show_label=False, visible=False, elem_id="modelsim_architecture", min_width=120
        )
        view = gr.Radio(
            list(VIEWS), value=TREE, label="Drawing", show_label=False, elem_id="modelsim_view", min_width=120
        )
        export = gr.Button("Export", visible=False, elem_id="modelsim_export", scale=0, min_width=80)
    exporting = gr.HTML(elem_id="modelsim_exporting")
    exported = gr.File(visible=False, show_label=False, interactive=False, elem_id="modelsim_exported")
    drawing = gr.HTML(note("The tree comes here."), elem_id="modelsim_tree")
    trust = gr.HTML(elem_id="modelsim_trust")
    with gr.Row(visible=False, elem_id="modelsim_naming") as naming:
        named = gr.Dropdown([], label="Class", elem_id="modelsim_named", scale=4, min_width=180)
        name = gr.Textbox(label="Name", max_lines=1, elem_id="modelsim_name", scale=3, min_width=120)
        remark = gr.Textbox(label="Remark", max_lines=1, elem_id="modelsim_remark", scale=4, min_width=120)
        save = gr.Button("Save", elem_id="modelsim_save", scale=1, min_width=70)
    said = gr.HTML(elem_id="modelsim_said")
    return architecture, view, export, exporting, exported, drawing, trust, naming, named, name, remark, save, said


def _connect(blocks: gr.Blocks, parts: Parts, handlers: Handlers) -> None:
    """Long work is queued; all that answers at once is not, and so works beside it."""
    p, quiet = parts, {"show_progress": "hidden", "api_name": False}
    at_once, progress = {"queue": False, **quiet}, [p.status, p.stop]
    for start in (blocks.load, p.measure.input, p.base.input, p.again.click):
        begun = start(handlers.take_turn, None, None, **at_once)
        compared = begun.then(handlers.compare, p.controls, progress, **quiet)
        shown = compared.then(handlers.show, p.controls, p.panels, **at_once)
        weighed = _show_trust(shown, p, handlers, at_once)
        hashed = weighed.then(handlers.hash_few, p.controls, progress, **quiet)
        _show_facts(hashed, p, handlers, at_once)
    begun = p.hash_files.click(handlers.take_turn, None, None, **at_once)
    _show_facts(begun.then(handlers.hash_all, None, progress, **quiet), p, handlers, at_once)
    p.stop.click(handlers.stop, None, None, **at_once)
    for choice in (p.classes.input, p.architecture.input):
        _show_trust(choice(handlers.show_family, p.controls, p.of_family, **at_once), p, handlers, at_once)
    p.view.input(handlers.show_drawing, p.controls, p.drawing, **{**at_once, "show_progress": "minimal"})
    p.chosen.input(handlers.show_relatives, p.controls, p.relatives, **at_once)
    p.row.input(handlers.choose_row, [p.row, *p.controls], [p.row, p.chosen, p.relatives], **at_once)
    _connect_naming(p, handlers, at_once)


def _connect_naming(p: Parts, handlers: Handlers, at_once: dict[str, object]) -> None:
    """Names of classes and the export; a name is filled in only where another class is chosen, by whomever."""
    p.named.change(handlers.show_name, p.controls, [p.name, p.remark, p.said], **at_once)
    said_and_shown = [p.said, p.drawing, p.models]
    for save in (p.save.click, p.name.submit, p.remark.submit):
        save(handlers.save_name, [p.name, p.remark, *p.controls], said_and_shown, **at_once)
    begun = p.export.click(handlers.begin_export, None, [p.exporting, p.exported], **at_once)
    begun.then(handlers.export, p.controls, [p.exporting, p.exported], **at_once)


def _show_trust(
    shown: gr.events.Dependency, p: Parts, handlers: Handlers, at_once: dict[str, object]
) -> gr.events.Dependency:
    """Weigh the classes shown; in a step of its own, as others may be shown once that is done."""
    weighed = shown.then(handlers.weigh, p.controls, None, **at_once)
    return weighed.then(handlers.show_trust, p.controls, p.trust, **at_once)


def _show_facts(hashed: gr.events.Dependency, p: Parts, handlers: Handlers, at_once: dict[str, object]) -> None:
    """Show what hashes have found out; the relatives first and alone, lest they overtake a click on a new row."""
    ranked = hashed.then(handlers.refresh_relatives, p.controls, p.relatives, **at_once)
    ranked.then(handlers.show_facts, p.controls, [p.models, p.hash_files], **at_once)
