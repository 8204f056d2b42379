"""`python -m lib_modelsim.cli.beside PID COMMAND …`: a command in the background of process PID, with which it ends.

It leaves the processors to others.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from .main import main

_NICE = 10


def _end_with(parent: int) -> None:
    """End when the parent has gone, however that went; what a command keeps withstands it."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    if os.name == "posix":  # on Windows the parent's number stays, and a console that is closed ends all in it
        os.nice(_NICE)
        threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    sys.exit(main(sys.argv[2:]))
