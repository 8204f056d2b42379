"""The tab on a page of its own, without a WebUI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ..errors import ModelsimError
from ..hosts.host import Host
from ..library import Library
from .access import Login
from .backend import Backend
from .server import free_socket, run
from .tab import STYLE, build_tab

ALONE = """footer { display: none !important; } .gradio-container { max-width: 1700px !important; }
@media (max-width: 700px) {
    #modelsim_tab { width: calc(100vw - 1rem) !important; margin-left: calc(50% - 50vw + .5rem); }
}
html:has(body.dark) { color-scheme: dark; }
"""
"""Style of the page where nobody else's is on it."""


def serve(
    host: Host,
    port: int | None,
    open_browser: bool,
    open_library: Callable[[], Library],
    login: Login | None = None,
    listen: bool = False,
) -> int:
    """Show the tab until Ctrl-C, with `listen` to other machines, too, who need the login. Returns the exit code.

    Raises ModelsimError where the port is taken or the library cannot be used.
    """
    if listen and login is None:
        raise ModelsimError("other machines may open the page only with a password", None, "choose one")
    listener = free_socket(port, listen)
    with open_library():
        pass  # says now, not at the first click, that it cannot be used
    backend = Backend(host, open_library)
    try:
        run(build_page(backend), host.data, listener, open_browser, login)
    finally:
        backend.close()
    return 0


def build_page(backend: Backend) -> gr.Blocks:
    """The page as gradio's Blocks, ready to be served."""
    theme = gr.themes.Base(
        primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    style = ALONE + STYLE.read_text("utf-8")
    tab = build_tab(backend)  # apart from the page, as a WebUI builds it, too
    with _OwnBlocks(theme=theme, css=style, title="modelsim", analytics_enabled=False) as blocks:
        tab.render()
    blocks.queue(api_open=False)
    return blocks


class _OwnBlocks(gr.Blocks):
    """gradio copies any file, and downloads any address, that is sent to whatever field. Ours take texts, numbers and
    lists of them."""

    def validate_inputs(self, fn: Any, inputs: list[Any]) -> None:  # noqa: ANN401 - gradio's
        """Raises ValueError for anything else."""
        super().validate_inputs(fn, inputs)
        parts = (part for value in inputs for part in (value if isinstance(value, list) else [value]))
        if not all(part is None or isinstance(part, (str, int, float)) for part in parts):
            raise ValueError("no field of this page takes a file")
