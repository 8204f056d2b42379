"""What the WebUI runs of modelsim at its start: it learns of the tab, of the settings, and when to begin and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modules import script_callbacks

from lib_modelsim.hosts.settings import add_settings  # at the top: later the extension's folder is off sys.path again
from lib_modelsim.hosts.webui import WebUI

if TYPE_CHECKING:
    import gradio as gr

    from lib_modelsim.ui.desk import Desk

desks: list[Desk] = []
"""The tab's one; none where the WebUI shows no tabs."""


def tab() -> list[tuple[gr.Blocks, str, str]]:
    """The tab as the WebUI wants it: what it shows, its title, its element's id."""
    from lib_modelsim.library import Library
    from lib_modelsim.ui.desk import Desk
    from lib_modelsim.ui.tab import build_tab

    host = WebUI()
    desk = Desk(host, lambda: Library(host.data / "library.sqlite"))
    desks.append(desk)
    return [(build_tab(desk), "modelsim", "modelsim")]


def settings() -> None:
    """One page among the WebUI's settings."""
    import gradio as gr

    add_settings(gr.Dropdown)


def started(*_: object) -> None:
    """Index what is new, where a person wants that; whatever they ask for in the tab comes before it."""
    for desk in desks:
        if desk.host.settings().index_new:
            desk.hash_files()


def unloaded() -> None:
    """Before the scripts are run anew, by "Reload UI"."""
    for desk in desks:
        desk.close()


script_callbacks.on_ui_tabs(tab)
script_callbacks.on_ui_settings(settings)
script_callbacks.on_app_started(started)
script_callbacks.on_script_unloaded(unloaded)
