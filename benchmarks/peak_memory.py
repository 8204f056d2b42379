"""Peak resident memory above Python with torch loaded: few and many models, attention and whole weights.

    python -m benchmarks.peak_memory FOLDER [COUNT]    hard links make COUNT (300) files of those in FOLDER
    python -m benchmarks.peak_memory --export [COUNT]  the export alone, from memory (Linux)

Many files are probed by attention in its widest block, and read whole in one block: memory grows with neither. The
export is that of the page: once, as the first brings fonts and packages along, and again.
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


def export(count: int) -> None:
    """Print the peak of exporting so many models above what the process held before, and what it keeps afterwards."""
    from lib_modelsim.memory import give_back
    from lib_modelsim.workspace.families.building import family_of_matrix
    from lib_modelsim.workspace.families.family import TreeOptions, trust_of
    from lib_modelsim.workspace.families.result_files import write_archive
    from lib_modelsim.workspace.families.results import Result

    from .families import scores

    family = family_of_matrix(scores(count), TreeOptions(), "SD 1.x")
    result = Result(family, trust_of(family))
    for which in ("first", "second"):
        give_back()
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far counts no more
        before = _status("VmRSS")
        with tempfile.TemporaryDirectory() as folder:
            size = write_archive([result], Path(folder, "all.zip"), Job()).stat().st_size
        peak = _status("VmHWM") - before
        give_back()
        columns = len(family.features.columns)
        print(
            f"{which} export of {count} models and {columns:,} features ({size / 1e6:.0f} MB): "
            f"{peak:.0f} MB above idle, {_status('VmRSS') - before:.0f} MB kept",
            flush=True,
        )


def _status(what: str) -> float:
    """A line of Linux' status of this process, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def _resident() -> float:
    """The most memory that this process has held, in MB."""
    import resource  # Unix alone has it

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def main() -> None:
    if sys.argv[1] == "--here":
        print(peak_here(sys.argv[2], sys.argv[3], [Path(path) for path in sys.argv[4:]]))
        return
    if sys.argv[1] == "--export":
        export(int(sys.argv[2]) if len(sys.argv) > 2 else 299)
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
