"""l2 of two float16 files that differ by 0.1 % (and by 1 %), alone and among others, beside float64.

python -m benchmarks.near_copies [CHANNELS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from lib_modelsim.demo import draw, save, sd1_shapes
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.workspace.comparing.compare import compare


def main() -> None:
    channels = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    shapes = sd1_shapes(channels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, noise, stranger = draw(shapes, 0), draw(shapes, 1), draw(shapes, 2)
        far = {key: base[key] + np.float32(0.3) * stranger[key] for key in base}
        family = {"base": base, "stranger": stranger, "far": far}
        for step in (0.001, 0.01):
            family[f"base{step}"] = {key: base[key] + np.float32(step) * noise[key] for key in base}
            family[f"far{step}"] = {key: far[key] + np.float32(step) * noise[key] for key in base}
        for model, weights in family.items():
            save(folder / f"{model}.safetensors", weights, "float16")
        with Library(None) as library:
            found = compare([folder], "l2", None, library, Job(), "cpu")
        position = {model: i for i, model in enumerate(found.matrix.models)}
        for a, b in (
            ("base", "base0.001"),
            ("base", "base0.01"),
            ("far", "far0.001"),
            ("far", "far0.01"),
            ("base", "stranger"),
        ):
            exact = _l2(folder / f"{a}.safetensors", folder / f"{b}.safetensors")
            value = found.matrix.overall[position[a], position[b]]
            print(f"{a} and {b}: {value:.6f}, float64 {exact:.6f}, off by {abs(value / exact - 1):.1e}")


def _l2(a: Path, b: Path) -> float:
    """‖a − b‖ of the UNets, in float64."""
    one, other = load_file(a), load_file(b)
    unet = [key for key in one if key.startswith("model.diffusion_model.")]
    return float(
        np.sqrt(sum(np.square(one[key].astype(np.float64) - other[key].astype(np.float64)).sum() for key in unet))
    )


if __name__ == "__main__":
    main()
