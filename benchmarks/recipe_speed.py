"""What a recipe takes: time beside reading its files, memory, and a hundred models from stored sums.

    python -m benchmarks.recipe_speed TARGET PARENT …    one recipe of real files, nothing remembered, beside reading
    python -m benchmarks.recipe_speed --shares 100       shares of targets among so many models of SD 1.x's blocks
    python -m benchmarks.recipe_speed --products         exact products beside raw float32 sums, four-term subtraction

The shares are made from sums that are made up as one indexed pass leaves them: nothing is read for them. `--products`
is OrthoMerge's way (one pass, float32 inner products of the weights, ‖a − b‖² = aa + bb − 2ab) beside ours, on six
models that are 0.1 % and 1 % of their size apart.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lib_modelsim.hosts.folders import Folders
from lib_modelsim.hosts.host import Settings
from lib_modelsim.job import Job
from lib_modelsim.library import Library
from lib_modelsim.lineage.evidence import TargetEvidence
from lib_modelsim.lineage.parents.candidates import candidates_of
from lib_modelsim.lineage.parents.linear import blocks_of, fit_linear, shares_of
from lib_modelsim.lineage.products import Distances, typical_rounding
from lib_modelsim.lineage.wording.words import sentence
from lib_modelsim.workspace.workspace import Workspace

from .measuring import told


def one_recipe(target: Path, parents: Sequence[Path]) -> None:
    """Reading the files as one reads them at most once, then their recipe."""
    files = [target, *parents]
    began = time.perf_counter()
    for file in files:
        with open(file, "rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass
    reading = time.perf_counter() - began
    import torch  # noqa: F401 - what it takes itself does not count

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with Workspace(Folders(files, target.parent, Settings()), lambda: Library(None)) as use:
        index = use.read_index(Job())
        name = next(model.name for model in index.models if model.path == target)
        began = time.perf_counter()
        found = use.lineage.recipe(name, None, index, Job())
        taken = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(sentence(found))
    print(f"reading {len(files)} files {reading:.1f} s, recipe {taken:.1f} s ({taken / reading:.2f} times)")
    print(f"peak {after - before:.0f} MB above torch")


BLOCKS = [("BASE", "te", 123e6), *((f"IN{i:02d}", "unet", 25e6) for i in range(12)), ("M00", "unet", 97e6),
          *((f"OUT{i:02d}", "unet", 43e6) for i in range(12)), ("VAE", "vae", 84e6)]  # fmt: skip
"""Of SD 1.x, with about as many numbers as they have."""


def made_up(models: int, rng: np.random.Generator) -> list[TargetEvidence]:
    """Targets among this many fine-tunes of one base that are sums of two of them, as sums of products alone: models
    are vectors in a space of small dimension, and rounding adds its square."""
    names = ("base", *(f"m{i:03d}" for i in range(models - 1)))
    found = []
    for _ in range(20):
        a, b = rng.choice(models - 1, 2, replace=False) + 1
        share, rows = rng.uniform(0.1, 0.9), []
        for block, component, count in BLOCKS:
            steps = rng.standard_normal((models, 200)) * 0.1 * np.sqrt(count / 200)
            steps[0] = 0
            target = (1 - share) * steps[a] + share * steps[b]
            every = np.vstack([target, steps])
            inner = every @ every.T
            squares = np.diag(inner)[:, None] + np.diag(inner)[None, :] - 2 * inner
            size = typical_rounding(count, int(count), "F16")
            squares[0, 1:] += count * size**2
            squares[1:, 0] = squares[0, 1:]
            np.fill_diagonal(squares, 0)
            norms = np.full(models + 1, float(count))
            rows.append(
                Distances(block, component, block, ("target", *names), np.maximum(squares, 0), norms, int(count), size)
            )
        nothing = lambda names: []  # noqa: E731
        found.append(TargetEvidence("target", "SD 1.x", rows, nothing, nothing, "base", 1.0, names))
    return found


def shares(models: int) -> None:
    """Seconds of the processor for the shares of one target."""
    times = []
    for evidence in made_up(models, np.random.default_rng(0)):
        began = time.process_time()
        candidates = candidates_of(evidence)
        linear = fit_linear(candidates)
        shares_of(linear, candidates)
        blocks_of(linear)
        times.append(time.process_time() - began)
        assert linear.proven
        assert len(linear.parents) == 2
    print(f"shares among {models} models: {told('one target', times)}")


def products() -> None:
    """Six models of four weights in float32, 0.1 % and 1 % of their size apart: error, time, memory of both ways."""
    import torch

    from lib_modelsim.similarity.device import choose_device
    from lib_modelsim.similarity.grams import GramSums

    torch.set_num_threads(1)
    torch.randn(1000, 1000) @ torch.randn(1000, 1000)  # the first product of all starts its library
    print(f"{'apart':>8s} {'way':24s} {'worst error of a distance':>28s} {'seconds':>8s} {'MB above the weights':>22s}")
    for apart in (0.001, 0.01):
        generator = torch.Generator().manual_seed(1)
        base = torch.randn(16 << 20, generator=generator)
        models = [base + apart * torch.randn(base.shape, generator=generator) for _ in range(6)]
        truth = np.zeros((6, 6))
        for i in range(6):
            for j in range(i):
                truth[i, j] = truth[j, i] = float((models[i].double() - models[j].double()).square().sum().sqrt())

        def raw(models: list = models) -> np.ndarray:
            stacked = torch.stack(models)
            gram = (stacked @ stacked.T).double().numpy()
            own = np.diag(gram)
            return np.sqrt(np.maximum(own[:, None] + own[None, :] - 2 * gram, 0))

        def ours(models: list = models) -> np.ndarray:
            total = GramSums(6, choose_device("cpu"))
            for start in range(0, len(models[0]), 1 << 20):
                total.add([model[start : start + (1 << 20)] for model in models])
            better = total.better()
            while better is not None:
                total = better
                for start in range(0, len(models[0]), 1 << 20):
                    total.add([model[start : start + (1 << 20)] for model in models])
                better = total.better()
            return np.sqrt(total.finish("key", tuple(range(6))).squares)

        for way, run in (("raw float32, four terms", raw), ("differences (ours)", ours)):
            began = time.process_time()
            found = run()
            taken = time.process_time() - began
            off = np.abs(found - truth)[truth > 0] / truth[truth > 0]
            size = 6 * base.nbytes / 2**20 if run is raw else 6 * (1 << 20) * 4 * 2 / 2**20
            print(f"{apart:8.1%} {way:24s} {off.max():28.2e} {taken:8.2f} {size:22.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--shares", type=int, metavar="N")
    parser.add_argument("--products", action="store_true")
    options = parser.parse_args()
    if options.files:
        one_recipe(options.files[0], options.files[1:])
    if options.shares:
        shares(options.shares)
    if options.products:
        products()


if __name__ == "__main__":
    main()
