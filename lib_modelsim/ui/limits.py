"""How much a request may send, and how long it may take to do so: no request may fill the memory or hold a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

LARGEST = 420_000_000
"""Bytes of a request: the 300 MB of pictures that the page takes at once, as it sends them."""

PATIENCE = 20.0
"""Seconds for the next part of a request, its first line and headers included."""

LONGEST = 300.0
"""Seconds for all of it."""


class Limits:
    """Passes a request on once all of it is there, and refuses those that are too large or too slow in one line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        too_large = PlainTextResponse(f"More than {LARGEST // 10**6} MB at once.", 413, {"connection": "close"})
        if not announced.isdecimal() or len(announced) > len(str(LARGEST)) or int(announced) > LARGEST:
            await too_large(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(_body(receive), LONGEST)
        except asyncio.TimeoutError:  # its own class before Python 3.11
            await PlainTextResponse("The request took too long.", 408, {"connection": "close"})(scope, receive, send)
            return
        if body is None:
            await too_large(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes | None:
    """All of it; None where that is too much. Raises TimeoutError."""
    body, more = bytearray(), True
    while more:
        message = await asyncio.wait_for(receive(), PATIENCE)
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Callable[[], Any]:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return waiting.pop() if waiting else await receive()

    return given


class PatientProtocol(AutoHTTPProtocol):
    """A connection that is closed where no request comes, or only the beginning of one."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._waits_since(None)

    def _waits_since(self, last: object) -> None:
        self.loop.call_later(PATIENCE, self._close_if_idle, last)

    def _close_if_idle(self, last: object) -> None:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # a websocket by now
            return
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self._waits_since(self.cycle)
