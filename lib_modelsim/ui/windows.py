"""Browser windows: which of them asks, and what each has of its own, which nobody else sees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 16
"""Browser windows whose state is in memory."""

_ASKING: ContextVar[str] = ContextVar("window", default="")


@contextmanager
def asked_by(window: str) -> Iterator[None]:
    """What is done meanwhile is done for the window with this secret name, which the script keeps over a reload, but
    for spaces around it."""
    before = _ASKING.set(window.strip())
    try:
        yield
    finally:
        _ASKING.reset(before)


def asking_window() -> str:
    """The name of the window that asks; empty where it has not told it yet."""
    return _ASKING.get()


class Windows(Generic[T]):
    """One of something for each browser window. They are in memory alone: of more windows than _MOST the one that asked
    longest ago is forgotten. Windows without a name see a fresh one each time, unless it is nothing private and they
    `share` one."""

    def __init__(self, make: Callable[[], T], share: bool = False) -> None:
        self._make, self._share, self._of = make, share, OrderedDict[str, T]()
        self._lock = Lock()

    def here(self) -> T:
        """That of the window that asks."""
        window = asking_window()
        with self._lock:
            found = self._of.pop(window, None) or self._make()
            if window or self._share:
                self._of[window] = found
                if len(self._of) > _MOST:
                    self._of.popitem(last=False)
            return found

    def all(self) -> list[T]:
        """Those of all windows."""
        with self._lock:
            return list(self._of.values())
