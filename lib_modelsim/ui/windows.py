"""What each browser window has of its own, which nobody else sees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 16
"""Browser windows whose state is in memory."""


class Windows(Generic[T]):
    """One of something for each browser window. They are in memory alone: of more windows than _MOST the one that asked
    longest ago is forgotten."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make, self._of = make, OrderedDict[str, T]()
        self._lock = Lock()

    def of(self, window: str) -> T:
        """That of the window with this secret name, which the script keeps over a reload, but for spaces around it; one
        without a name sees a fresh one each time."""
        with self._lock:
            window = window.strip()
            found = self._of.pop(window, None) or self._make(window)
            if window:
                self._of[window] = found
                if len(self._of) > _MOST:
                    self._of.popitem(last=False)
            return found
