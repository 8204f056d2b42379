"""What the largest pictures take: peak memory above the decoded picture, and seconds.

python -m benchmarks.large_pictures [SIDE]     pictures of SIDE × SIDE pixels (11,000: 121 megapixels)
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from lib_modelsim.pictures.records.reading import look_at
from tests.pictures.mutated import chunk

_PNG = {"RGB": (2, 8, 3), "RGBA": (6, 8, 4), "grey": (0, 8, 1), "palette": (3, 8, 1), "grey, 16 bits": (0, 16, 2)}
"""Colour type, bits, bytes a pixel in the file."""

_DECODED = {"RGB": 4, "RGBA": 4, "grey": 1, "palette": 1, "grey, 16 bits": 2, "JPEG": 4, "JPEG, progressive": 4}
"""Bytes that Pillow takes for a pixel of the whole picture."""


def write_png(path: Path, kind: str, side: int) -> None:
    """A square of slanted stripes, row by row: to write it takes no memory."""
    colour, bits, size = _PNG[kind]
    row = b"\0" + bytes(i // 7 % 256 for i in range(side * size))
    packer, packed = zlib.compressobj(1), io.BytesIO()
    for _ in range(side):
        packed.write(packer.compress(row))
    packed.write(packer.flush())
    header = side.to_bytes(4, "big") * 2 + bytes([bits, colour, 0, 0, 0])
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if kind == "palette" else b""
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + palette
        + chunk(b"IDAT", packed.getvalue())
        + chunk(b"IEND", b"")
    )


def write(path: Path, kind: str, side: int) -> None:
    """A square picture of this kind."""
    if kind in _PNG:
        write_png(path, kind, side)
    else:
        stripes = np.broadcast_to((np.arange(side) // 7 % 256).astype(np.uint8)[None, :, None], (side, side, 3))
        Image.fromarray(np.ascontiguousarray(stripes)).save(path, "jpeg", progressive="progressive" in kind)


def above(path: Path, kind: str, side: int) -> tuple[int, float]:
    """MB above the process and the decoded picture, and seconds, of looking at it in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.large_pictures", "--here", str(path)]
    megabytes, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(megabytes) - side * side * _DECODED[kind] // (1 << 20), float(seconds)


def measured(side: int) -> Iterator[tuple[str, int, float]]:
    """Of each kind: MB above the decoded picture (fewer than none where it is never decoded whole), seconds."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in _DECODED:
            path = Path(folder, "large")
            write(path, kind, side)
            yield kind, *above(path, kind, side)


def _resident() -> float:
    """The most memory that this process has held, in MB."""
    import resource  # Unix alone has it

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main() -> None:
    if sys.argv[1:2] == ["--here"]:
        before, began = _resident(), time.perf_counter()
        assert look_at(Path(sys.argv[2])).picture is not None
        print(round(_resident() - before), f"{time.perf_counter() - began:.2f}")
        return
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 11_000
    for kind, megabytes, seconds in measured(side):
        print(f"{kind}: {megabytes} MB above the decoded picture, {seconds} s", flush=True)


if __name__ == "__main__":
    main()
