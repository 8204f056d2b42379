"""Memory that long work took, given back to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Free what nothing refers to, and have the C library hand on what it keeps for later; glibc alone does not of
    itself."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)
