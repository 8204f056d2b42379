"""All pairs of six models, and one base against three, by modelsim and by sdsim 0.1.0 (PyPI), cold and cached.

python -m benchmarks.against_sdsim FOLDER      FOLDER holds at least six real-size checkpoints
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch  # noqa: F401  both sides start with it loaded

from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare

from .measuring import forget, seconds


def main() -> None:
    files = sorted(Path(sys.argv[1]).glob("*.safetensors"))[:6]
    if len(files) < 6:
        sys.exit("give a folder with six checkpoints")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, "sdsim==0.1.0"], check=True
        )
        sys.path.insert(0, folder)
        from sdsim import similarity

    def ours(paths: list[Path]) -> None:
        with Library(None) as library:
            compare(paths, "asimilarity8", None, library, Job(), "cpu")

    def theirs_all_pairs() -> None:
        for i in range(len(files) - 1):
            similarity(files[i], files[i + 1 :])

    ours(files[:2])  # both sides warm
    for state in ("cold", "cached"):
        for what, mine, other in (
            ("one base against 3", lambda: ours(files[:4]), lambda: similarity(files[0], files[1:4])),
            ("all pairs of 6", lambda: ours(files), theirs_all_pairs),
        ):
            if state == "cold":
                forget(files)
            a = seconds(mine)
            if state == "cold":
                forget(files)
            b = seconds(other)
            print(f"{state}, {what}: modelsim {a:.2f} s, sdsim {b:.2f} s, {b / a:.1f} times faster", flush=True)
    growth = [seconds(lambda n=n: ours(files[:n])) for n in (2, 3, 4, 5, 6)]
    print("cached, 2 … 6 models:", ", ".join(f"{t:.2f}" for t in growth), "s")


if __name__ == "__main__":
    main()
