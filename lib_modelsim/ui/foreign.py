"""Whether another web page makes the browser ask: a WebUI answers it as its own, as far as gradio does.

A page of the web can reach a server on the person's own machine, by gradio 3's websocket without being asked first. The
browser says where the request comes from. A WebUI behind another server may not know its own name: what that one passes
on is believed where it says so, which a page cannot make a browser do.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


def is_foreign(headers: Mapping[str, str]) -> bool:
    """By a request's headers, their names in lower-case letters."""
    if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    if origin is None or any(name in headers for name in _PASSED_ON):
        return False
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
