"""Questions to a WebUI over HTTP, and errors that say what to do."""

from __future__ import annotations

import base64
import http.client
import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import ModelsimError, Sentence

PATIENCE = 60.0
"""Seconds for an answer that generates nothing; a WebUI that loads a checkpoint is slow in everything."""


_START = Sentence(
    "start it with --api, or check the address", "start it with --api, or change its address on the page Probes"
)


class Refused(ModelsimError):  # noqa: N818  the WebUI's answer
    """The WebUI answered with an error: `status` is HTTP's, `kind` the name of the exception where it tells one."""

    def __init__(self, what: str, value: object, fix: str, status: int, kind: str = ""):
        super().__init__(what, value, fix)
        self.status, self.kind = status, kind


class Api:
    """A WebUI under `url`, which may carry credentials and may lack its scheme."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        """`patience` in seconds for an answer that generates nothing. Raises ModelsimError for what is no address."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError as error:
            raise _no_address(url) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _no_address(url)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        place = host if port is None else f"{host}:{port}"
        self.url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        self._patience = patience
        self._login: str | None = None
        if parts.username is not None:
            words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._login = f"Basic {base64.b64encode(words.encode()).decode()}"

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON. Raises as `post`."""
        return self._answer(path, None, self._patience)

    def post(self, path: str, question: object, patience: float | None = PATIENCE) -> Any:  # noqa: ANN401
        """The answer's JSON; `patience` in seconds or None for ever.

        Raises Refused where the WebUI answers with an error, ModelsimError where it does not answer.
        """
        return self._answer(path, json.dumps(question).encode(), patience)

    def _answer(self, path: str, body: bytes | None, patience: float | None) -> Any:  # noqa: ANN401
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 - http or https
        if self._login is not None:
            request.add_unredirected_header("Authorization", self._login)
        try:
            with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refused(error, path) from error
        except ValueError as error:
            raise ModelsimError("this address is not a WebUI", self.url, "check the address") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise ModelsimError(
                f"the WebUI does not answer ({reason})", self.url, _START
            ) from error

    def _refused(self, error: urllib.error.HTTPError, path: str) -> Refused:
        if error.code == 401:
            fix = "put the user and password of --api-auth into the address: http://user:password@host:7860"
            return Refused("the WebUI does not accept this user and password", self.url, fix, 401)
        if error.code == 404:
            return Refused("the WebUI's API is off or lacks this route", path, "start it with --api", 404)
        text = error.read().decode("utf-8", "replace")
        try:
            told = json.loads(text)
        except ValueError:
            told = {}
        told = told if isinstance(told, dict) else {}
        words = told.get("errors") or told.get("detail") or told.get("message") or text[:200] or error.reason
        kind = str(told.get("error") or "")
        return Refused(f"the WebUI answered {error.code} {kind}".rstrip(), words, "see its log", error.code, kind)


def _no_address(url: str) -> ModelsimError:
    shown = re.sub(r"^([a-z][a-z0-9+.-]*://)?.*@", r"\1", url, flags=re.IGNORECASE | re.DOTALL)  # no password
    return ModelsimError("this is not the address of a WebUI", shown, "write it like http://127.0.0.1:7860")
