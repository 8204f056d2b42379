"""A hub of models: a real server of our own, with the redirects and ranges of the real ones."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub:
    """What it serves: one file, under every path that ends in `weights` or `.safetensors`. `digest` is what it names as
    the file's SHA-256; after `breaks_after` bytes the connection is lost; `served` are the bytes of each answer."""

    def __init__(self, content: bytes) -> None:
        self.url = ""
        self.content, self.digest = content, hashlib.sha256(content).hexdigest()
        self.breaks_after: int | None = None
        self.served: list[int] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path.endswith(("/weights", ".safetensors")):
            request.send_response(302)
            request.send_header("Location", f"{self.url}/content")
            request.send_header("X-Linked-Etag", f'"{self.digest}"')
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif request.path == "/content":
            self._send(request)
        else:
            request.send_error(404)

    def _send(self, request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        if asked and start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        rest = self.content[start:]
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        rest = rest[: self.breaks_after]
        self.served.append(len(rest))
        request.wfile.write(rest)
        request.close_connection = True


@contextmanager
def serving(content: bytes) -> Iterator[Hub]:
    """A hub that serves this content as long as this lasts."""
    hub = Hub(content)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
