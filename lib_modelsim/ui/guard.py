"""Who may talk to the page's server: a browser that was opened with the token of this start, from our own page alone.

Any page of the web can make a browser send requests to this machine. Its requests are told by their Origin, by
Sec-Fetch-Site, and by lacking the cookie: that is set where the address with the token is opened, and a browser sends
it with requests of our own page only (SameSite=Strict). Other programs of this machine lack the token. With a login,
the page itself can be opened by whoever knows that, which gives the cookie, too; nothing else takes a password.
"""

from __future__ import annotations

import os
import re
import secrets
from tempfile import gettempdir
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..templates import render
from .access import Login, Patience, is_own_name

_SERVED = {
    "GET": r"/|/(config|info|theme\.css|favicon\.ico)/?|/(assets|static|javascript|heartbeat)/[^\\:\x00-\x1f]+"
    r"|/data/((demonstration-)?gallery|thumbnails)/[^\\:\x00-\x1f]+|/queue/(data|status)"
    r"|/file=(?!(?i:[a-z][a-z+.-]+:)|[\\/]{2})[^\x00-\x1f]+",
    "POST": r"/(run|api)/\w+/?|/queue/join|/reset/?|/cancel",
    "websocket": r"/queue/join",
}
"""What our page asks for. gradio has more that nobody needs here: uploads, a proxy, a dashboard, a list of routes.

No addresses and no other machine's folders as files, and below our own folders no Windows drive or stream."""

_PICTURE = re.compile(r"image/(png|jpeg|webp|gif|avif)\b")
"""Files that a browser may show; it saves all others: an HTML file of somebody else would count as our own page."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_ADVICE = "Open the address that the terminal shows."


class Tokens:
    """The secrets of one start."""

    def __init__(self) -> None:
        self.lasting, self._once = secrets.token_urlsafe(24), secrets.token_urlsafe(24)

    @property
    def once(self) -> str:
        """For the browser that we start: other users can see what a program was started with, so it opens one page."""
        return self._once

    def opens(self, token: str) -> bool:
        """Whether an address with this token opens the page."""
        if _same(token, self._once):
            self._once = secrets.token_urlsafe(24)
            return True
        return self.holds(token)

    def holds(self, token: str) -> bool:
        """Whether whoever sends this token has opened the page before."""
        return _same(token, self.lasting)


class Guard:
    """Passes on what our own page asks, refuses all else, and tells the browser how to treat what is answered.

    `inside` is the secret with which gradio 3's queue calls its own server; `listens` whether other machines may ask.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        inside: str | None = None,
        login: Login | None = None,
        listens: bool = False,
    ) -> None:
        self._app, self._tokens, self._inside = app, tokens, inside
        self._listens, self._patience = listens, Patience(login) if login is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        instead = await self._instead(asked)
        if instead is None:
            await self._app(scope, receive, _with_headers(send, scope["path"]))
        elif scope["type"] == "http":
            await instead(scope, receive, _with_headers(send, scope["path"]))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _instead(self, asked: HTTPConnection) -> Response | None:
        """The answer to what is not passed on; None for what is."""
        path, method = asked.scope["path"], asked.scope.get("method", "websocket")
        method = "GET" if method == "HEAD" else method
        opens = path == "/" and method == "GET"
        if not is_own_name(asked.headers.get("host", ""), self._listens):
            return PlainTextResponse("This is not a name of this machine.", 400)
        if _is_foreign(asked.headers, opens):
            return _refusal("This request comes from another page. " + _ADVICE)
        known = self._has_cookie(asked) or self._comes_from_inside(path, asked.headers)
        token = asked.query_params.get("token")
        if opens and token is not None and (self._tokens.opens(token) or known):
            return self._onwards(asked)
        if not known and opens and self._patience is not None:
            given = asked.headers.get("authorization")
            if given is not None and await self._patience.matches(given):
                return self._onwards(asked)
            return _page(401, advice="Enter the user and the password, or open the address that the terminal shows.")
        if not known:
            return _page(403, advice=_ADVICE) if opens else _refusal(_ADVICE)
        if not re.fullmatch(_SERVED.get(method, ""), path) or not _is_ours(path):
            return PlainTextResponse("Not found.", 404)
        return None

    def _has_cookie(self, asked: HTTPConnection) -> bool:
        return self._tokens.holds(asked.cookies.get(_cookie_name(asked.headers), ""))

    def _comes_from_inside(self, path: str, headers: Headers) -> bool:
        """Whether gradio 3 asks itself: with its secret, or without one that a generator begins anew."""
        if not self._inside:
            return False
        return path == "/reset" or _same(headers.get("authorization", ""), f"Bearer {self._inside}")

    def _onwards(self, asked: HTTPConnection) -> Response:
        """The cookie, and to the page without the token in its address. By a page, as a redirect from a link that
        stands elsewhere would be followed without the cookie."""
        others = [(key, value) for key, value in parse_qsl(asked.scope["query_string"].decode()) if key != "token"]
        answer = _page(200, onwards="/?" + urlencode(others) if others else "/")
        answer.set_cookie(_cookie_name(asked.headers), self._tokens.lasting, httponly=True, samesite="strict")
        return answer


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


def _cookie_name(headers: Headers) -> str:
    """One for each port, as the browser sees it: cookies are sent to all ports of a machine."""
    return "modelsim-" + (headers["host"].rpartition(":")[2] if ":" in headers["host"] else "80")


def _is_foreign(headers: Headers, opens: bool) -> bool:
    """Whether another page makes the browser ask this; opening our page from a link is allowed to all.

    The port of the own origin is that of Host: the page may be reached through a tunnel with another port.
    """
    own = f"http://{headers['host']}"
    if any(origin != own for origin in headers.getlist("origin")) or len(headers.getlist("host")) > 1:
        return True
    if opens and headers.get("sec-fetch-mode", "navigate") == "navigate":
        return False
    came_from_elsewhere = not headers.get("referer", own + "/").startswith(own + "/")
    return came_from_elsewhere or headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _is_ours(path: str) -> bool:
    """Whether a file that gradio is asked for is one that it wrote itself, and no link to another."""
    if not path.startswith("/file="):
        return True
    file, own = os.path.realpath(path.removeprefix("/file=")), os.path.realpath(_downloads())
    return os.path.isfile(file) and file.startswith(own + os.sep)  # noqa: PTH113 - pathlib's raises for long names


def _downloads() -> str:
    """Where gradio puts what it serves."""
    return os.environ.get("GRADIO_TEMP_DIR") or os.path.join(gettempdir(), "gradio")  # noqa: PTH118 - as gradio has it


def _refusal(reason: str) -> Response:
    return PlainTextResponse(reason, 403)


def _page(status: int, *, onwards: str | None = None, advice: str | None = None) -> Response:
    headers = {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    }
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="modelsim", charset="UTF-8"'
    page = render("ui/templates/opening.html", onwards=onwards, advice=advice)
    return HTMLResponse(page, status, headers)


def _with_headers(send: Send, path: str) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers.setdefault("referrer-policy", "same-origin")
            if path.startswith(("/file=", "/data/")) and not _PICTURE.match(headers.get("content-type", "")):
                headers["content-disposition"] = "attachment"
        await send(message)

    return told
