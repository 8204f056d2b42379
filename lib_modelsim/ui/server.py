"""The page's web server: on this machine alone, and with nothing in the page that lies elsewhere."""

from __future__ import annotations

import os
import re
import socket
import threading
import webbrowser
from collections.abc import Iterable
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ModelsimError
from .tab import SCRIPTS

HOST = "127.0.0.1"
PORTS = range(7861, 7961)


def free_socket(port: int | None) -> socket.socket:
    """A socket that listens on this port, or on the first free one of PORTS. Raises ModelsimError without one."""
    for candidate in PORTS if port is None else [port]:
        listener = socket.socket()
        if os.name == "posix":  # a port whose last owner has just ended is free; on Windows this would steal one
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except (OSError, OverflowError):
            listener.close()
            continue
        listener.listen()
        return listener
    taken = f"{PORTS[0]} to {PORTS[-1]}" if port is None else port
    raise ModelsimError(
        "the port is taken or not allowed", taken, "give another one with --port, or none for the first that is free"
    )


def run(page: gr.Blocks, data: Path, listener: socket.socket, open_browser: bool) -> None:
    """Serve the page and the pictures of the data folder until Ctrl-C; the address is told once it answers."""
    config = uvicorn.Config(_app(page, data), log_level="warning", timeout_graceful_shutdown=1)
    try:
        _Announced(config, open_browser).run(sockets=[listener])
    except KeyboardInterrupt:
        print("\nmodelsim: ended", flush=True)


class _Announced(uvicorn.Server):
    """A server that tells its address, and opens the browser, as soon as it answers and knows what Ctrl-C means."""

    def __init__(self, config: uvicorn.Config, open_browser: bool) -> None:
        super().__init__(config)
        self._open_browser = open_browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        address = f"http://{HOST}:{sockets[0].getsockname()[1]}/"
        print(f"modelsim: the page is at {address} (Ctrl-C ends it)", flush=True)
        if self._open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _app(page: gr.Blocks, data: Path) -> FastAPI:
    own = FastAPI()
    own.mount("/javascript", StaticFiles(directory=SCRIPTS[0].parent))
    own.mount("/data/gallery", StaticFiles(directory=data / "gallery", check_dir=False))
    app = gr.mount_gradio_app(own, page, path="")
    app.add_middleware(_OwnPage)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])  # no other site's name may lead here
    return app


class _OwnPage:
    """Takes out of gradio's page what it fetches from elsewhere (preconnects to font servers, a script for iframes),
    and puts in the script that a WebUI would load from our folder."""

    _FOREIGN = re.compile(rb'<link[^>]*href="https://fonts\.[^>]*>|<script[^>]*src="https://[^>]*>\s*</script>')

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
        body = self._FOREIGN.sub(b"", b"".join(m.get("body", b"") for m in messages))
        body = body.replace(b"</head>", b"".join(map(_script_tag, SCRIPTS)) + b"</head>", 1)
        start = messages[0]
        await send({**start, "headers": list(_with_length(start["headers"], len(body)))})
        await send({"type": "http.response.body", "body": body})


def _script_tag(script: Path) -> bytes:
    return f'<script src="/javascript/{script.name}"></script>'.encode()


def _with_length(headers: Iterable[tuple[bytes, bytes]], length: int) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        yield name, (str(length).encode() if name.lower() == b"content-length" else value)
