"""One pass for every hash of a file, beside plain `hashlib.sha256` over the same bytes, from the page cache.

python -m benchmarks.hashing FILE
"""

from __future__ import annotations

import hashlib
import statistics
import sys
from pathlib import Path

from lib_modelsim.checkpoints.hashing import identify
from lib_modelsim.checkpoints.reader import open_checkpoint

from .measuring import in_turn, told


def main() -> None:
    path = Path(sys.argv[1])

    def plain() -> None:
        digest, buffer = hashlib.sha256(), bytearray(1 << 20)
        with open(path, "rb", buffering=0) as file:
            while count := file.readinto(buffer):
                digest.update(memoryview(buffer)[:count])

    a, b = in_turn(plain, lambda: identify(open_checkpoint(path)), 5)
    print(told("sha256", a))
    print(told("every hash", b))
    print(f"ratio of the medians: {statistics.median(b) / statistics.median(a):.2f}")


if __name__ == "__main__":
    main()
