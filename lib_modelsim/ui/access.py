"""Who may use the page besides the browser that was opened with the token: whoever knows the user and the password."""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from ..errors import ModelsimError
from ..reading import require_file

LOCAL, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 - only with a password

_SHORTEST = 8
"""Characters of a password: at one guess a second even a weak one of them lasts."""

_PAUSE = 1.0
"""Seconds that a wrong password costs everybody who enters one."""


@dataclass(frozen=True)
class Login:
    """A user and a password."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ModelsimError for one that protects nothing."""
        if not self.user or len(self.password) < _SHORTEST:
            raise ModelsimError(
                f"a user and a password of {_SHORTEST} characters or more are needed",
                None,
                "write them as USER:PASSWORD",
            )

    @classmethod
    def of(cls, text: str) -> Login:
        """From USER:PASSWORD. Raises ModelsimError."""
        user, _, password = text.strip().partition(":")
        return cls(user, password)

    @classmethod
    def of_file(cls, path: Path) -> Login:
        """From a file whose first line is USER:PASSWORD. Raises ModelsimError."""
        try:
            lines = require_file(path).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelsimError(f"cannot read the password ({error})", path, "name a text file") from error
        return cls.of(lines[0] if lines else "")

    def matches(self, authorization: str) -> bool:
        """Whether an Authorization header has them, as browsers send what a person enters."""
        kind, _, words = authorization.partition(" ")
        try:
            given = base64.b64decode(words, validate=True)
        except ValueError:  # other characters than those of base64
            return False
        return kind.lower() == "basic" and secrets.compare_digest(given, f"{self.user}:{self.password}".encode())


class Patience:
    """One login is looked at after the other, with a pause after each wrong one: many tries at once take as long."""

    def __init__(self, login: Login) -> None:
        self._login, self._turn = login, asyncio.Lock()

    async def matches(self, authorization: str) -> bool:
        """As Login.matches, in turn."""
        async with self._turn:
            found = self._login.matches(authorization)
            if not found:
                await asyncio.sleep(_PAUSE)
            return found


def is_own_name(host: str, listens: bool) -> bool:
    """Whether a request's Host is a name for this machine, so that no other site's name leads here.

    Where the page `listens` to others: an address in numbers, or this machine's name in any network.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name in (LOCAL, "localhost"):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        own = socket.gethostname().lower().partition(".")[0]
        return listens and name.lower().partition(".")[0] == own
    return listens


def address_for_others() -> str:
    """This machine's address in its network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
