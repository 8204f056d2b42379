"""Pictures to ask about where the demonstration is shown: a click on one asks about it."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from markupsafe import Markup

from ...hosts.host import Host
from ...templates import render

_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


def samples_for(host: Host) -> Markup:
    """The pictures, whole and with their records; nothing where the demonstration is not shown."""
    shown = host.folders is not None and host.folders.shows_demonstration
    return _samples() if shown else Markup("")


@cache
def _samples() -> Markup:
    from ...demo.samples import SAMPLES  # numpy and more come with the family

    samples = [
        {
            "name": each.file.name,
            "type": _TYPES[each.file.suffix],
            "data": b64encode(each.file.read_bytes()).decode(),
            "what": each.what,
        }
        for each in SAMPLES
    ]
    return render("ui/templates/samples.html", samples=samples)
