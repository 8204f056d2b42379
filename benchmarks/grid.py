"""A grid of 300 checkpoints by 24 probes: seconds and peak resident memory, for pictures of 512 × 512.

    python -m benchmarks.grid [CHECKPOINTS [CELL]]    the cell as large as is chosen, unless it is given

The pictures are a few distinct ones of noise and gradients, about as hard to compress as drawn ones, under many names.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.measuring import seconds
from lib_modelsim.exports.contact_sheet import write_contact_sheet
from lib_modelsim.exports.grid_pages import plan_pages, write_pages
from lib_modelsim.probes.gallery import Record, Stored
from lib_modelsim.probes.sheet import Column, Sheet, SheetRow
from lib_modelsim.workspace.probing.suites import Suites

_DISTINCT = 48


def main() -> None:
    checkpoints = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    cell = int(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = _sheet(folder, checkpoints)
        before = _peak()
        print(f"page and thumbnails: {seconds(lambda: write_contact_sheet(sheet, folder / 'out')):.1f} s", flush=True)
        print(f"the same again: {seconds(lambda: write_contact_sheet(sheet, folder / 'out')):.1f} s", flush=True)
        for kind in ("png", "jpeg"):
            pages = plan_pages(sheet, cell)
            taken = seconds(lambda: write_pages(pages, folder / "out", kind))  # noqa: B023  called at once
            sizes = [page.size for page in pages.layout.pages]
            print(f"{kind}: {len(sizes)} pages of up to {max(sizes)} pixels, {taken:.1f} s", flush=True)
        print(f"peak {_peak():.0f} MB, {before:.0f} MB of them before")


def _sheet(folder: Path, checkpoints: int) -> Sheet:
    suite = Suites(folder / "suites").named("standard")
    paths = [_picture(folder, i) for i in range(_DISTINCT)]
    columns = [Column(probe.name, seed) for probe in suite.probes for seed in probe.seeds]
    rows = [SheetRow(f"{i:064x}", f"novel-mix_v{i}-pruned-fp16", "SD 1.x") for i in range(checkpoints)]
    pictures = {
        (row.checkpoint, column): _stored(paths[(i * len(columns) + j) % _DISTINCT], row, column)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    }
    return Sheet(suite, "benchmark", rows, columns, pictures)


def _stored(path: Path, row: SheetRow, column: Column) -> Stored:
    about = (f"{column}", row.checkpoint, row.name, row.architecture, "standard", column.probe)
    return Stored(path, path.stat().st_size, Record(*about, {"seed": column.seed}, "benchmark", "1", False, 1.0))


def _picture(folder: Path, number: int) -> Path:
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).resize((512, 512))
    pixels = np.asarray(coarse, np.int16) + random.normal(0, 4, (512, 512, 3)).astype(np.int16)
    path = folder / f"{number}.png"
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, compress_level=3)
    return path


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


if __name__ == "__main__":
    main()
