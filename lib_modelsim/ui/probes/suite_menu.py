"""The suites as the menu names them: what each generates, and what for."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ...probes.naming import file_name
from ...probes.suite import Suite, to_json
from ...templates import render
from ...text import counted

_APART = " — "


def suite_label(suite: Suite) -> str:
    """A suite by its name, with what it generates and what for; gradio 3 shows what it sends, so both are this."""
    return f"{suite.name}{_APART}{what_it_generates(suite)}{f': {_first_sentence(suite.about)}' if suite.about else ''}"


def what_it_generates(suite: Suite) -> str:
    """How many probes and images, of which size, in how many steps."""
    images = sum(len(probe.seeds) for probe in suite.probes)
    counts = counted(len(suite.probes), "probe")
    if images > len(suite.probes):
        counts += f" ({counted(images, 'image')})"
    parameters = [probe.parameters for probe in suite.probes]
    sizes = {f"{each.width} × {each.height}" for each in parameters}
    steps = {each.steps for each in parameters}
    size = next(iter(sizes)) if len(sizes) == 1 else f"{len(sizes)} sizes"
    return f"{counts}, {size}, {_range(steps)} steps"


def suite_named(shown: str | None, suites: Iterable[Suite]) -> str | None:
    """The name of the suite that a menu's choice, or a name, means; None where it is here no longer."""
    by_label = {suite_label(suite): suite.name for suite in suites}
    name = by_label.get(shown or "", (shown or "").partition(_APART)[0])
    return name if name in by_label.values() else None


def suite_cards(suites: Iterable[Suite], first: str) -> str:
    """A button for each suite, where none was ever chosen; `first` is what to take when unsure."""
    cards = [(suite.name, what_it_generates(suite), suite.about) for suite in suites]
    return render("ui/templates/suites.html", cards=sorted(cards, key=lambda card: card[0] != first), first=first)


def suite_file(suite: Suite, number: str) -> str:
    """A suite's file, which the script hands to the browser as a download."""
    name, text = f"{file_name(suite.name)}.json", json.dumps(to_json(suite))
    return render("ui/templates/suite_file.html", name=name, text=text, number=number)


def _range(numbers: Iterable[int]) -> str:
    least, most = min(numbers := list(numbers)), max(numbers)
    return str(least) if least == most else f"{least}–{most}"


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")
