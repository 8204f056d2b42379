"""By what and when a file was made, as every export says it."""

from __future__ import annotations

from datetime import datetime

from .. import __version__

PROGRAM = f"modelsim {__version__}"


def made_by() -> str:
    """ "Made by modelsim 1.0 on 2026-01-31 12:00 +0000"."""
    return datetime.now().astimezone().strftime(f"Made by {PROGRAM} on %Y-%m-%d %H:%M %z")
