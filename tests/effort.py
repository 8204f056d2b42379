"""How much work something is, counted instead of timed: a busy machine counts the same as an idle one."""

from __future__ import annotations

import sys


def effort(act):
    """How many functions `act` calls, those written in C among them."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls
