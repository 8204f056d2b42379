"""The page's web server: on this machine alone, unless a person has it listen to others, who then need a password; and
with nothing in the page that lies elsewhere."""

from __future__ import annotations

import mimetypes
import os
import re
import secrets
import socket
import sys
import threading
import webbrowser
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ModelsimError
from ..hosts.host import DEMONSTRATION_GALLERY, GALLERY, THUMBNAILS
from ..saying import tell
from ..templates import render
from .access import EVERYWHERE, LOCAL, Login, address_for_others
from .guard import Guard, Tokens
from .limits import Limits, PatientProtocol
from .tab import SCRIPTS

PORTS = range(7861, 7961)


def free_socket(port: int | None, listen: bool = False) -> socket.socket:
    """A socket that listens on this port, or on the first free one of PORTS, to this machine alone or to others, too.
    Raises ModelsimError without one."""
    for candidate in PORTS if port is None else [port]:
        listener = socket.socket()
        if os.name == "posix":  # a port whose last owner has just ended is free; on Windows this would steal one
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((EVERYWHERE if listen else LOCAL, candidate))
        except (OSError, OverflowError):
            listener.close()
            continue
        listener.listen()
        return listener
    taken = f"{PORTS[0]} to {PORTS[-1]}" if port is None else port
    raise ModelsimError(
        "the port is taken or not allowed", taken, "choose another with --port, or leave --port out to use a free one"
    )


def run(page: gr.Blocks, data: Path, listener: socket.socket, open_browser: bool, login: Login | None = None) -> None:
    """Serve the page and the pictures of the data folder until Ctrl-C; the address is told once it answers."""
    tokens, listens = Tokens(), listener.getsockname()[0] == EVERYWHERE
    app = _app(page, data, tokens, login, listens)
    config = uvicorn.Config(app, http=PatientProtocol, log_level="warning", timeout_graceful_shutdown=1)
    try:
        _Announced(config, tokens, open_browser).run(sockets=[listener])
    except KeyboardInterrupt:
        tell("ended", sys.stdout)


class _Announced(uvicorn.Server):
    """A server that tells its address, and opens the browser, as soon as it answers and knows what Ctrl-C means."""

    def __init__(self, config: uvicorn.Config, tokens: Tokens, open_browser: bool) -> None:
        super().__init__(config)
        self._tokens, self._open_browser = tokens, open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        bound, port = sockets[0].getsockname()
        address = f"http://{LOCAL}:{port}/?token="
        tell(f"the page is at {address}{self._tokens.lasting} (Ctrl-C ends it)", sys.stdout)
        if bound == EVERYWHERE:
            others = f"http://{address_for_others()}:{port}/"
            told = f"other machines open {others} with the user and the password; the network can read both"
            tell(told, sys.stdout)
        if self._open_browser:
            threading.Thread(target=webbrowser.open, args=(address + self._tokens.once,), daemon=True).start()


def _app(page: gr.Blocks, data: Path, tokens: Tokens, login: Login | None, listens: bool) -> FastAPI:
    own = FastAPI(openapi_url=None)
    own.mount("/javascript", StaticFiles(directory=SCRIPTS[0].parent))
    mimetypes.add_type("image/webp", ".webp")  # Python before 3.13 knows it only where the system does
    for folder in (GALLERY, DEMONSTRATION_GALLERY, THUMBNAILS):
        own.mount(f"/data/{folder}", _Pictures(directory=data / folder, check_dir=False))
    app = gr.mount_gradio_app(own, page, path="")
    app.add_middleware(_OwnPage)
    app.add_middleware(Limits)
    inside = getattr(page._queue, "access_token", None)
    app.add_middleware(Guard, tokens=tokens, inside=inside, login=login, listens=listens)
    return app


class _Pictures(StaticFiles):
    """A folder that may not be there yet. Links out of it are not followed."""

    async def check_config(self) -> None:
        """Called at the first request. Raises HTTPException as long as there is no folder."""
        if not os.path.isdir(self.directory):  # noqa: PTH112 - as StaticFiles has it
            raise HTTPException(404)
        await super().check_config()

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """As StaticFiles; a name that no system knows is that of no file."""
        try:
            return super().lookup_path(path)
        except (OSError, ValueError):
            return "", None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.config_checked = False  # it may be gone by now
        await super().__call__(scope, receive, send)


class _OwnPage:
    """Takes out of gradio's page what it fetches from elsewhere (preconnects to font servers, a script for iframes),
    puts in the script that a WebUI would load from our folder, and allows the page nothing but what the server sent."""

    _FOREIGN = re.compile(rb'<link[^>]*href="https://fonts\.[^>]*>|<script[^>]*src="https://[^>]*>\s*</script>')
    _POLICY = (
        "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, collect)
        nonce = secrets.token_urlsafe(16)
        body = self._FOREIGN.sub(b"", b"".join(m.get("body", b"") for m in messages))
        body = body.replace(b"</head>", b"".join(map(_script_tag, SCRIPTS)) + b"</head>", 1)
        body = body.replace(b"<script", b'<script nonce="%s"' % nonce.encode())  # in gradio's JSON no < is left
        headers = MutableHeaders(scope=messages[0])
        headers["content-length"] = str(len(body))
        headers["content-security-policy"] = self._POLICY.format(nonce=nonce)
        await send(messages[0])
        await send({"type": "http.response.body", "body": body})


def _script_tag(script: Path) -> bytes:
    return render("ui/templates/script.html", address=f"/javascript/{script.name}").encode()
