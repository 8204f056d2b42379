"""A request is refused that is too large or too slow, and a connection closed on which none comes."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import httpx
import pytest

pytest.importorskip("uvicorn", reason="the page needs gradio")

import uvicorn

from lib_modelsim.ui import limits
from lib_modelsim.ui.limits import Limits, PatientProtocol


async def echo(scope, receive, send):
    message = await receive()
    assert not message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


@pytest.fixture
def port(monkeypatch):
    """Of a server that takes 1,000 bytes and waits for a fifth of a second."""
    monkeypatch.setattr(limits, "LARGEST", 1000)
    monkeypatch.setattr(limits, "PATIENCE", 0.2)
    monkeypatch.setattr(limits, "LONGEST", 1.0)
    server = uvicorn.Server(uvicorn.Config(Limits(echo), http=PatientProtocol, log_level="error", lifespan="off"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def sent(port, *parts, pause=0.0):
    """What the server says to these parts of a request, a pause after each, until it closes the connection.
    Raises TimeoutError where it never does."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        except ConnectionError:  # it has closed the connection already
            pass
        try:
            while some := connection.recv(1000):
                answer += some
        except ConnectionError:
            pass
    return answer


HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_a_request_within_the_limits_arrives_whole(port):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for _ in range(2):
            assert client.post("/", content=b"x" * 1000).content == b"x" * 1000
        assert client.post("/", content=iter([b"a" * 400, b"b" * 400])).content == b"a" * 400 + b"b" * 400
        time.sleep(0.5)
        assert client.post("/", content=b"after a pause").content == b"after a pause"


@pytest.mark.parametrize("length", [b"1001", b"5000000000", b"9" * 4000])
def test_what_is_announced_as_too_large_is_refused_before_it_comes(port, length):
    assert sent(port, HEAD + b"Content-Length: " + length + b"\r\n\r\n").startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


def test_what_becomes_too_large_is_refused_then(port):
    chunks = [b"190\r\n" + b"x" * 400 + b"\r\n"] * 20
    assert sent(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(port):
    assert sent(port, HEAD + b"Content-Length: 900\r\n\r\n" + b"x").startswith(b"HTTP/1.1 408")


def test_a_body_in_drops_ends_by_time(port):
    drops = [b"x"] * 100
    assert sent(port, HEAD + b"Content-Length: 900\r\n\r\n", *drops, pause=0.05).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("beginning", [b"", b"POST / HT", HEAD])
def test_a_connection_without_a_request_is_closed(port, beginning):
    assert sent(port, beginning) == b""
