"""One large file over HTTP: goes on where an earlier try ended, and is in its place only when it is whole.

(huggingface_hub's own download can be neither stopped nor followed from outside, and not every version goes on.)
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from ...errors import ModelsimError
from ...job import Job, Stage

_PIECE = 1 << 20
_PATIENCE = 30.0
"""Seconds without a byte after which the connection counts as lost."""

_LOST = (urllib.error.URLError, http.client.HTTPException, ssl.SSLError, ConnectionError, TimeoutError)

_GOES_ON = "try again: the download continues where it stopped"


class FetchError(ModelsimError):
    """A file that could not be fetched, or not to its end."""


def fetch(url: str, target: Path, what: str, job: Job) -> None:
    """Fetch a file from a hub of models; beside the target lies a `.part` until it is whole.

    Reports bytes as `what`. Raises Cancelled within a megabyte, FetchError in one line whatever goes wrong: no network,
    no such file, a full disk, other content than the hub says there is.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _receive(url, part, what, job)
        if digest is not None and digest != _sha256(part):
            part.unlink()
            raise FetchError("the download is not the file that the hub lists", url, "download it again")
        part.replace(target)
    except urllib.error.HTTPError as error:
        said = f"{error.code} {error.reason} ({url})"
        raise FetchError("the server refused the download", said, "choose other weights") from error
    except _LOST as error:
        reason = getattr(error, "reason", error)
        raise FetchError(
            "the connection failed", f"{reason} ({url})", f"check the network connection, then {_GOES_ON}"
        ) from error
    except OSError as error:
        raise FetchError("the file cannot be saved", error, f"free some disk space, then {_GOES_ON}") from error


def _receive(url: str, part: Path, what: str, job: Job) -> str | None:
    """Everything that `part` lacks; the SHA-256 that the hub names for the whole, where it names one."""
    have = part.stat().st_size if part.exists() else 0
    redirects = _Redirects()
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - a hub's
    try:
        answer = urllib.request.build_opener(redirects).open(request, timeout=_PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            if error.headers.get("Content-Range", "").endswith(f"/{have}"):
                return redirects.sha256  # all of it was here
            part.unlink()
            return _receive(url, part, what, job)
        raise
    with answer:
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        have = have if goes_on else 0
        total = have + int(answer.headers["Content-Length"] or 0)
        stage = Stage(job, what, total)
        stage.advance(have)
        with part.open("ab" if goes_on else "wb") as file:
            _copy(answer, file, stage)
    if part.stat().st_size < total:
        raise ConnectionError(f"it ended after {part.stat().st_size} of {total} bytes")
    return redirects.sha256


def _copy(answer: Any, file: IO[bytes], stage: Stage) -> None:  # noqa: ANN401 - urllib's response
    while piece := answer.read(_PIECE):
        file.write(piece)
        stage.advance(len(piece))


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and keeps the SHA-256 that a hub names in the first of them."""

    sha256: str | None = None

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: ANN401
        named = (headers.get("X-Linked-Etag") or "").strip('W/"')
        if len(named) == hashlib.sha256().digest_size * 2:
            self.sha256 = named
        return super().redirect_request(req, fp, code, msg, headers, newurl)
