"""Opens every file of a folder in a process that is watched, and prints what happened as JSON.

    python -m tests.checkpoints.open_under_watch GOOD_FOLDER DAMAGED_FOLDER

Python's audit events (PEP 578) tell of imports, files opened, processes started, code compiled; tracemalloc tells of
every allocation that Python asks for, touched or not. Both can be armed for good only, hence a process of its own.
The good files are opened first, so that what Python itself imports late (codecs) is there before the watch begins.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import time
import tracemalloc
from pathlib import Path

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.errors import CheckpointError

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def main(good: Path, damaged: Path) -> None:
    codecs.lookup("cp437")  # names in zip archives
    codecs.lookup("raw-unicode-escape")  # the opcode UNICODE
    for path in sorted(good.iterdir()):
        read_weights(path)

    paths, modules, events = sorted(damaged.iterdir()), set(sys.modules), []
    tracemalloc.start()
    sys.addaudithook(lambda event, arguments: is_harmless(event, arguments) or events.append(f"{event} {arguments}"))
    results = [watched(path) for path in paths]
    # a copy: printing may import
    events, modules = list(events), set(sys.modules) - modules
    tracemalloc.stop()
    print(json.dumps({"results": results, "events": events, "modules": sorted(modules)}))


def is_harmless(event: str, arguments: tuple) -> bool:
    """Whether this is a file opened for reading alone, or a call of id(): all that reading a checkpoint may do."""
    return event == "builtins.id" or (event == "open" and not arguments[2] & WRITING)


def watched(path: Path) -> dict[str, object]:
    """What became of one file: `error` is None, the refusal's line, or the type of an exception that must not be."""
    tracemalloc.reset_peak()
    before, started, expected, error = tracemalloc.get_traced_memory()[0], time.process_time(), True, None
    try:
        read_weights(path)
    except CheckpointError as refusal:
        error = str(refusal)
    except BaseException as crash:  # noqa: BLE001 - a finding, to be reported with the file's name
        error, expected = f"{type(crash).__name__}: {crash}"[:300], False
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1] - before
    return {"name": path.name, "error": error, "expected": expected, "seconds": seconds, "peak": peak}


def read_weights(path: Path) -> None:
    checkpoint = open_checkpoint(path)
    for key in checkpoint.weights:
        checkpoint.read(key)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
