"""Run by the WebUI at its start: registers the tab, the settings, and what happens at start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modules import errors, script_callbacks

import lib_modelsim  # noqa: F401 - now, as later the extension's folder is not on sys.path any more

if TYPE_CHECKING:
    from lib_modelsim.ui.backend import Backend


def register() -> None:
    """Tell the WebUI what to call. Not at once: while a script is being imported, each takes a tenth of a second."""
    script_callbacks.on_ui_settings(settings)
    script_callbacks.on_ui_tabs(tab)


def settings() -> None:
    """One page among the WebUI's settings."""
    import gradio as gr

    from lib_modelsim.hosts.settings import add_settings

    add_settings(gr.Dropdown)


def tab() -> list[tuple[TabInPlace, str, str]]:
    """The tab as the WebUI wants it: what it shows, its title, its element's id."""
    from lib_modelsim.hosts.webui import WebUI
    from lib_modelsim.library import Library
    from lib_modelsim.ui.backend import Backend

    host = WebUI()
    backend = Backend(host, lambda: Library(host.data / "library.sqlite"))
    script_callbacks.on_app_started(lambda *_: index_new(backend))
    script_callbacks.on_script_unloaded(backend.close)
    return [(TabInPlace(backend), "modelsim", "modelsim")]


class TabInPlace:
    """The tab in the place of gradio's Blocks, made where the WebUI renders it: a Blocks of its own would cost gradio 4
    two web applications, half a second, that nobody uses."""

    children = ()  # for ui-config.json, which would remember our first values for ever

    def __init__(self, backend: Backend) -> None:
        from lib_modelsim.ui.tab import Tab
        from lib_modelsim.ui.view_state import ViewState

        self._make = lambda: Tab(ViewState(backend))

    def render(self) -> None:
        """Into the page that is being made, which does without it where it fails."""
        try:
            self._make()
        except Exception:  # noqa: BLE001 - the WebUI guards callbacks, but not this
            errors.report("the modelsim tab cannot be shown", exc_info=True)


def index_new(backend: Backend) -> None:
    """Index what is new, where a person wants that; whatever they ask for in the tab comes before it."""
    if backend.host.settings().index_new:
        backend.hash_files()


script_callbacks.on_before_ui(register)
