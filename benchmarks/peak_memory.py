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

import torch  # noqa: F401 - what it takes itself does not count

from lib_modelsim.checkpoints.reader import open_checkpoint
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.similarity.attention import attention_keys
from lib_modelsim.similarity.measures.registry import measure_named
from lib_modelsim.workspace.catalogue.scan import scan
from lib_modelsim.workspace.comparing.compare import compare
from lib_modelsim.workspace.comparing.streaming import attention_pass, weight_pass


def peak(what: str, paths: list[Path], block: str = "") -> int:
    """MB above the process with torch and the package loaded, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.peak_memory", "--here", what, block, *map(str, paths)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak_here(what: str, block: str, paths: list[Path]) -> int:
    """As `peak`, of this process."""
    before = _resident()
    if block:
        _one_block(what, block, paths)
    else:
        with Library(None) as library:
            if what == "scan":
                scan(paths, library, Job())
            else:
                compare(paths, what, None, library, Job(), "cpu")
    return round(_resident() - before)


def _one_block(what: str, block: str, paths: list[Path]) -> None:
    models = [open_checkpoint(path) for path in paths]
    layout = models[0].layout
    if what == "asimilarity":
        variant = measure_named(what).variant
        done = attention_pass(models, attention_keys(layout, variant), variant, [block], Job(), "cpu")
    else:
        keys = [key for key, place in layout.places.items() if place.block == block]
        done = weight_pass(models, layout, {block: keys}, Job(), "cpu")
    assert [name for name, _ in done] == [block]


def _resident() -> float:
    """The most memory that this process has held, in MB."""
    import resource  # Unix alone has it

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main() -> None:
    if sys.argv[1] == "--here":
        print(peak_here(sys.argv[2], sys.argv[3], [Path(path) for path in sys.argv[4:]]))
        return
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
