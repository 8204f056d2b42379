"""Buttons inside the HTML of a panel: the script sends what they are for to the server."""

from __future__ import annotations

from .words import escaped


def button(do: str, label: str, name: str, title: str = "") -> str:
    """A button that does something with a model."""
    return f'<button type="button" data-do="{do}" data-name="{escaped(name)}" title="{escaped(title)}">{label}</button>'


def data_button(label: str, title: str = "", **data: str) -> str:
    """A button for which the script does what its data say."""
    marks = "".join(f' data-{name}="{escaped(value)}"' for name, value in data.items())
    return f'<button type="button"{marks} title="{escaped(title)}">{escaped(label)}</button>'


def disabled_button(label: str, why: str) -> str:
    """A button that cannot be pressed, and says why."""
    return f'<button type="button" disabled title="{escaped(why)}">{escaped(label)}</button>'


def load_button(name: str, cannot: str | None) -> str:
    """Loads the checkpoint in the WebUI; where it `cannot`, it says why."""
    if cannot is not None:
        return disabled_button("Load", cannot)
    return button("load", "Load", name, "Make it the checkpoint of the WebUI")


def reference_button(name: str) -> str:
    """Takes a model among the references, or out of them."""
    return button("reference", "Use as reference", name, "Tell families by the similarity to the references chosen")


def copy_button(text: str, label: str, title: str = "") -> str:
    """Copies a text."""
    return f'<button type="button" data-copy="{escaped(text)}" title="{escaped(title)}">{label}</button>'
