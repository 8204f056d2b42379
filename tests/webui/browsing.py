"""Our tab in the page of a real WebUI, as a person has it before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .running import Running

WAIT = 120_000
"""Milliseconds for what takes one or two on an idle machine."""

MENU = "#setting_sd_model_checkpoint input, .model_selection input"
"""The host's own menu of checkpoints: A1111's and Forge's."""


@dataclass(frozen=True)
class Tab:
    """The page with our tab opened; `wrong` is what the browser's console had to complain of, and whom it named."""

    page: object
    webui: Running
    wrong: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Load the page and click our tab. Forge Neo goes to a theme by itself, and a click before is lost."""
        self.page.goto(f"{self.webui.url}/?__theme=light")
        self.page.locator("#tabs button", has_text=re.compile(r"^\s*modelsim\s*$")).first.click()
        shown = ":is(#modelsim_models, #modelsim_drawing) :is(.modelsim-scroll, .modelsim-note, svg)"
        self.page.locator(shown).first.wait_for()  # whichever was looked at before the page was loaded anew

    def show_families(self) -> None:
        """The second of the two clicks."""
        self.page.locator("#modelsim_generate").click()

    def show(self, view: str) -> None:
        """Library, Tree, Heat map or Map."""
        self.page.locator("#modelsim_view label", has_text=re.compile(f"^\\s*{view}")).click()

    def choose(self, control: str, words: str) -> None:
        """In one of our dropdowns, in either gradio."""
        self.page.locator(f"{control} input").first.click()
        options = f"{control} [data-testid=dropdown-option], {control} ul.options li, ul.options li"
        self.page.locator(options, has_text=words).first.click()

    @property
    def status(self) -> object:
        """The line that says what goes on."""
        return self.page.locator("#modelsim_status .modelsim-status")

    def leaf(self, name: str) -> object:
        """A model in the drawing."""
        return self.page.locator(f'#modelsim_drawing .modelsim-leaf[data-model="{name}"]')

    def relatives(self) -> list[str]:
        """The names of the ranked matches, nearest first."""
        return self.page.locator(".modelsim-relatives summary b").all_inner_texts()


@contextmanager
def opened(browser: object, webui: Running) -> Iterator[Tab]:
    """Our tab in a page of its own; in the end nobody has complained in the browser's console.

    What the host asks of other machines, its fonts say, fails without a network, and is none of our business.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.set_default_timeout(WAIT)
    tab = Tab(page, webui)

    def on_console(message: object) -> None:
        elsewhere = not message.location["url"].startswith(webui.url)
        if message.type == "error" and not (elsewhere and "Failed to load resource" in message.text):
            tab.wrong.append(f"{message.text} ({message.location['url']})")

    page.on("console", on_console)
    page.on("pageerror", lambda error: tab.wrong.append(error.stack))
    try:
        tab.open()
        yield tab
    finally:
        page.close()
    assert tab.wrong == [], "\n".join(tab.wrong)
