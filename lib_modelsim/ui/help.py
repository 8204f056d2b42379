"""The help marks of a page: a few words on each control, from one file a page. The script puts a mark beside each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from markupsafe import Markup

from ..templates import render


@cache
def help_marks(page: str) -> Markup:
    """The texts of a page, by its id: what each control is for, and what to choose when unsure."""
    return render("ui/templates/help.html", texts=json.dumps(help_texts(page)))


def help_texts(page: str) -> dict[str, str]:
    """Element → text; empty where a page has none."""
    file = Path(__file__).parent / page / "help.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}
