"""Writes what the built-in descriptor takes for typical: the mean of each value and the spread of each group.

python -m benchmarks.typical_pictures HUB …      folders that make_artists.py wrote, with hubs below 1000
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from lib_modelsim.pictures import descriptor
from lib_modelsim.pictures.opening import open_picture


def main() -> None:
    paths = [path for hub in sys.argv[1:] for path in sorted(Path(hub).glob("gallery/*/*.png"))[::2]]
    described = [descriptor.describe(open_picture(path)) for path in paths]
    groups = {name: np.stack([one[name] for one in described]) for name in described[0]}
    typical = {
        "version": descriptor.VERSION,
        "pictures": len(paths),
        "mean": {name: np.round(values.mean(0, dtype=np.float64), 3).tolist() for name, values in groups.items()},
        "spread": {name: round(float(np.sqrt(values.var(0).sum())), 3) for name, values in groups.items()},
    }
    descriptor.TYPICAL.write_text(json.dumps(typical) + "\n", "utf-8")


if __name__ == "__main__":
    main()
