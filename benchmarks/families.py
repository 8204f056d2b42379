"""300 models with 16 blocks, from memory to all files: features all against all, tree, support, figures, exports.

python -m benchmarks.families [MODELS]
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from lib_modelsim.families.distances import row_distances
from lib_modelsim.families.features import against
from lib_modelsim.job import Job
from lib_modelsim.similarity.matrix import SimilarityMatrix
from lib_modelsim.workspace.families.building import family_of_matrix
from lib_modelsim.workspace.families.family import TreeOptions, trust_of
from lib_modelsim.workspace.families.result_files import write_families
from lib_modelsim.workspace.families.results import Result

from .measuring import seconds

BLOCKS = (
    *("IN01", "IN02", "IN04", "IN05", "IN07", "IN08", "M00"),
    *(f"OUT{i:02d}" for i in range(3, 12)),
)


def scores(models: int, families: int = 12) -> SimilarityMatrix:
    """Scores as a library of fine-tunes has them: every model near its family's root, each block a little apart."""
    generator = np.random.default_rng(1)
    roots = generator.standard_normal((families, len(BLOCKS), 40))
    weights = roots[generator.integers(0, families, models)] + 0.3 * generator.standard_normal((models, 1, 40))
    weights = weights + 0.2 * generator.standard_normal(weights.shape)
    weights /= np.linalg.norm(weights, axis=-1, keepdims=True)
    values = np.einsum("ibk,jbk->ijb", weights, weights)
    names = tuple(f"model {i:03d} with a name as long as names are" for i in range(models))
    overall = values.mean(-1)
    return SimilarityMatrix("asimilarity", names, BLOCKS, values, overall, {"unet": overall})


def main() -> None:
    matrix = scores(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    features = against(matrix, range(len(matrix.models)))
    for distance in ("pearson", "cosine", "euclidean"):
        print(f"{distance} distances: {seconds(partial(row_distances, features, distance)):.2f} s")
    found = []
    print(f"family: {seconds(lambda: found.append(family_of_matrix(matrix, TreeOptions(), 'SD 1.x'))):.2f} s")
    trust = []
    print(f"support of its classes, 200 resamples: {seconds(lambda: trust.append(trust_of(found[0]))):.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        before = process_time()
        taken = seconds(lambda: write_families([Result(found[0], trust[0])], Path(folder), Job()))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"all files: {taken:.2f} s, {process_time() - before:.2f} s of the processor, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
