"""A second `compare` over an unchanged folder of 100 small files, as a whole process; and what it imports.

python -m benchmarks.second_compare
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lib_modelsim.demo import draw, save, sd1_shapes

from .measuring import seconds, told


def main() -> None:
    shapes = sd1_shapes(8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "models")
        folder.mkdir()
        base = draw(shapes, 0)
        for i in range(100):
            noise = draw(shapes, i + 1)
            save(
                folder / f"model{i:03d}.safetensors",
                {key: base[key] + np.float32(0.1) * noise[key] for key in base},
                "float16",
            )
        command = [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "lib_modelsim",
            "compare",
            str(folder),
            "--library",
            str(Path(name, "library.sqlite")),
            "--json",
        ]
        runs = []

        def run() -> None:
            runs.append(subprocess.run(command, capture_output=True, text=True, check=True))

        print(f"first compare: {seconds(run):.2f} s")
        print(told("second compare", [seconds(run) for _ in range(5)]))
        imported = any(line.split("|")[-1].strip() == "torch" for line in runs[-1].stderr.splitlines())
        print(f"torch imported by the second: {'yes' if imported else 'no'}")
        print(f"same output: {'yes' if runs[-1].stdout == runs[0].stdout else 'no'}")


if __name__ == "__main__":
    main()
