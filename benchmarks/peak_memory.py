"""Peak resident memory above Python with torch loaded: few and many models, attention and whole weights.

    python -m benchmarks.peak_memory FOLDER [COUNT]    hard links make COUNT (300) files of those in FOLDER

Many files are probed by attention in its widest block, and read whole in one block: memory grows with neither.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = """
import resource, sys
from pathlib import Path
import torch
from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.library import Library
from lib_modelsim.workspace import compare, passes, scan
from lib_modelsim.job import Job
from lib_modelsim.similarity.attention import attention_keys
from lib_modelsim.similarity.measures.registry import measure_named
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
before, what, block, paths = peak(), sys.argv[1], sys.argv[2], [Path(p) for p in sys.argv[3:]]
if block:
    models = [open_checkpoint(path) for path in paths]
    layout = models[0].layout
    if what == "asimilarity":
        variant = measure_named(what).variant
        done = passes.attention_pass(models, attention_keys(layout, variant), variant, [block], Job(), "cpu")
    else:
        keys = [key for key, place in layout.places.items() if place.block == block]
        done = passes.weight_pass(models, layout, {block: keys}, Job(), "cpu")
    assert [name for name, _ in done] == [block]
else:
    with Library(None) as library:
        if what == "scan":
            scan.scan(paths, library, Job())
        else:
            compare.compare(paths, what, None, library, Job(), "cpu")
print(f"{peak() - before:.0f}")
"""


def peak(what: str, paths: list[Path], block: str = "") -> int:
    """MB above the process with torch and the package loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, what, block, *map(str, paths)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def main() -> None:
    files = sorted(Path(sys.argv[1]).glob("*.safetensors"))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    print(f"scan of one file: {peak('scan', files[:1])} MB", flush=True)
    for n in (2, 4, 6):
        print(
            f"{n} models, asimilarity: {peak('asimilarity', files[:n])} MB; l2: {peak('l2', files[:n])} MB", flush=True
        )
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
        links = []
        for i in range(count):
            links.append(Path(folder, f"model{i:03d}.safetensors"))
            os.link(files[i % len(files)], links[-1])
        print(f"{count} models, asimilarity of M00 (1280 wide): {peak('asimilarity', links, 'M00')} MB", flush=True)
        print(
            f"{count} models, l2 of IN00 and M00: {peak('l2', links, 'IN00')} MB, {peak('l2', links, 'M00')} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
