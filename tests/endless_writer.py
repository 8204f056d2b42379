"""A program that keeps changing one checkpoint between two contents, until it is killed: what a download, a training or
a sync does while we read."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path


def replaced(path: Path, raw: bytes) -> None:
    new = path.with_name("new.part")
    new.write_bytes(raw)
    new.replace(path)


def overwritten(path: Path, raw: bytes) -> None:
    with open(path, "r+b") as file:
        file.write(raw)


def truncated(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


def restored(path: Path, raw: bytes) -> None:
    """In place, and with the time that it had before."""
    before = path.stat()
    overwritten(path, raw)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def main() -> None:
    change, path = globals()[sys.argv[1]], Path(sys.argv[2])
    contents = [Path(name).read_bytes() for name in sys.argv[3:]]
    print("ready", flush=True)
    while True:
        for raw in contents:
            change(path, raw)
            time.sleep(0.02 + 2 * random.random() ** 4)


if __name__ == "__main__":
    main()
