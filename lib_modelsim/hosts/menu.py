"""The WebUI's own menu of checkpoints: it shows what was chosen in it, not what others have loaded."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..engines.webui_loading import OPTION
from .host import Menu


def checkpoint_menu(shared: Any) -> Menu | None:  # noqa: ANN401 - the host's module
    """As of now; None where a WebUI offers none. Its choices change, too: a first hash becomes part of a title."""
    dropdown, list_titles = _dropdown(shared), getattr(shared, "list_checkpoint_tiles", None)
    if dropdown is None or list_titles is None:
        return None
    short = getattr(shared.opts, "sd_checkpoint_dropdown_use_short", False)
    return Menu(dropdown, tuple(list_titles(short)), getattr(shared.opts, OPTION))


def _dropdown(shared: Any) -> Any:  # noqa: ANN401 - gradio's component
    with suppress(ImportError, AttributeError):
        from modules_forge.main_entry import ui_checkpoint  # Forge's, and none of its settings

        return ui_checkpoint
    return (getattr(shared, "settings_components", None) or {}).get(OPTION)
